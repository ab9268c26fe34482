"""What Telegram's updates mean: one message at a time, no network."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.telegram.parse import Account, parse
from gateway import Audio, Chat, Event, File, Image, Mention, Message, Moved, Quote, Sender, Text
from gateway.http import loads
from tests.servers.telegram.entities import find

ME = Account("channel", 7, "Gateway_Bot")
ANN = {"id": 1, "is_bot": False, "first_name": "Ann", "last_name": "Lee", "language_code": "de"}
US = {"id": 7, "is_bot": True, "first_name": "Gateway", "username": "Gateway_Bot"}
PRIVATE = {"id": 1, "type": "private", "first_name": "Ann"}
GROUP = {"id": -100123, "type": "supergroup", "title": "Friends"}


def raw(chat: dict[str, Any] = GROUP, **fields: Any) -> dict[str, Any]:
    """A message; its text gets the entities that Telegram would put on it."""
    message = {"message_id": 5, "date": 1_700_000_000, "chat": chat, "from": ANN, **fields}
    if "text" in fields and "entities" not in fields:
        message["entities"] = find(fields["text"])
    return message


def heard(chat: dict[str, Any] = GROUP, **fields: Any) -> Message:
    event = parse({"update_id": 1, "message": raw(chat, **fields)}, ME)
    assert isinstance(event, Message)
    return event


def ignored(**fields: Any) -> bool:
    return parse({"update_id": 1, **fields}, ME) is None


# --- who and where


def test_a_private_message() -> None:
    assert heard(PRIVATE, text="hello") == Message(
        id="5",
        chat=Chat("channel", "1", "private", "Ann", account="7"),
        sender=Sender("1", "Ann Lee"),
        parts=(Text("hello"),),
        time=1_700_000_000.0,
        language="de",
    )


@pytest.mark.parametrize("kind", ["group", "supergroup"])
def test_a_group_message(kind: str) -> None:
    chat = heard({**GROUP, "type": kind}, text="hello").chat
    assert (chat.kind, chat.id, chat.title, chat.thread) == ("group", "-100123", "Friends", "")


def test_a_topic_is_a_thread() -> None:
    assert heard(text="hi", message_thread_id=42, is_topic_message=True).chat.thread == "42"
    assert heard(PRIVATE, text="hi", message_thread_id=42, is_topic_message=True).chat.thread == "42"


def test_a_reply_thread_is_no_topic() -> None:
    assert heard(text="hi", message_thread_id=42).chat.thread == ""


def test_the_general_topic_has_no_number() -> None:
    assert heard(text="hi", message_thread_id=1, is_topic_message=True).chat.thread == ""


def test_who_speaks_as_a_chat_is_that_chat() -> None:
    stand_in = {"id": 1087968824, "is_bot": True, "first_name": "Group"}
    assert heard(text="hi", sender_chat=GROUP, **{"from": stand_in}).sender == Sender("-100123", "Friends")


def test_another_bot_is_a_bot() -> None:
    assert heard(text="hi", **{"from": {**US, "id": 8}}).sender.bot


def test_what_is_not_for_us() -> None:
    assert ignored(message=raw(text="hi", **{"from": US}))
    assert ignored(channel_post=raw({**GROUP, "type": "channel"}, text="news"))
    assert ignored(message=raw({**GROUP, "type": "channel"}, text="news"))
    assert ignored(message=raw(new_chat_members=[ANN]))
    assert ignored(message=raw(forum_topic_created={"name": "x", "icon_color": 1}))
    assert ignored(message=raw(migrate_from_chat_id=-9))
    assert ignored(my_chat_member={})


def test_a_group_that_moves() -> None:
    event = parse({"update_id": 1, "message": raw(migrate_to_chat_id=-1_004_503_599_627_370_495)}, ME)
    assert isinstance(event, Moved)
    assert (event.chat.id, event.to) == ("-100123", "-1004503599627370495")


def test_an_edit_corrects_a_message() -> None:
    event = parse({"update_id": 1, "edited_message": raw(text="better", edit_date=1_700_000_060)}, ME)
    assert isinstance(event, Message)
    assert (event.id, event.edit_of, event.time) == ("5~1", "5", 1_700_000_060.0)


def test_a_live_location_does_not_speak_at_every_step() -> None:
    assert ignored(edited_message=raw(location={"latitude": 1.0, "longitude": 2.0}))


# --- what is said, and to whom


@pytest.mark.parametrize(
    ("text", "mentioned", "understood"),
    [
        ("@gateway_bot hello", True, "hello"),
        ("@GATEWAY_BOT hello", True, "hello"),
        ("hello @gateway_bot", True, "hello"),
        ("hello @gateway_bot!", True, "hello !"),
        ("well @gateway_bot what now", True, "well what now"),
        ("@gateway_bot", True, ""),
        ("@gateway_bot @gateway_bot hi", True, "hi"),
        ("🙂👩‍👩‍👧 @gateway_bot 世界", True, "🙂👩‍👩‍👧 世界"),
        ("@gateway_bot\nfirst\n\nsecond", True, "first\n\nsecond"),
        ("hello all", False, "hello all"),
        ("@gateway_bot2 hello", False, "@gateway_bot2 hello"),
        ("write to a@gateway_bot.com", False, "write to a@gateway_bot.com"),
        ("@bob and @gateway_bot: meet", True, "@bob and : meet"),
        ("/ask@gateway_bot why", True, "/ask why"),
        ("/ask@Gateway_Bot", True, "/ask"),
        ("@gateway_bot /ask why", True, "/ask why"),
        ("/ask why", False, "/ask why"),
        ("/ask@other_bot why", False, "/ask@other_bot why"),
    ],
)
def test_mentions_in_a_group(text: str, mentioned: bool, understood: str) -> None:
    message = heard(text=text)
    assert (message.mentioned, message.text) == (mentioned, understood)


def test_a_mention_counts_in_a_caption_too() -> None:
    text = "🙂 @gateway_bot what is this?"
    message = heard(caption=text, caption_entities=find(text), photo=[{"file_id": "f"}])
    assert (message.mentioned, message.text) == (True, "🙂 what is this?")


def test_a_mention_by_link_counts() -> None:
    at = {"type": "text_mention", "offset": 0, "length": 7, "user": US}
    message = heard(text="Gateway hello", entities=[at])
    assert (message.mentioned, message.text) == (True, "hello")


def test_other_people_stay_in_the_text() -> None:
    people = [
        {"type": "mention", "offset": 3, "length": 4},
        {"type": "text_mention", "offset": 12, "length": 3, "user": ANN},
    ]
    message = heard(text="🙂 @bob and Ann!", entities=people)
    assert message.parts == (
        Text("🙂 "),
        Mention("@bob", "@bob"),
        Text(" and "),
        Mention("1", "Ann"),
        Text("!"),
    )
    assert not message.mentioned


def test_a_private_message_needs_no_mention() -> None:
    assert heard(PRIVATE, text="@gateway_bot hello").text == "hello"


def test_a_reply_to_us_is_for_us() -> None:
    message = heard(text="why?", reply_to_message=raw(message_id=4, text="because", **{"from": US}))
    assert message.mentioned
    assert message.quote == Quote("4", "Gateway", "because")


def test_a_reply_to_somebody_else_is_not() -> None:
    message = heard(text="why?", reply_to_message=raw(caption="a cat", photo=[{"file_id": "f"}]))
    assert not message.mentioned
    assert message.quote == Quote("5", "Ann Lee", "[image]\na cat")


def test_a_command_for_another_bot_is_not_for_us_even_in_a_reply() -> None:
    assert not heard(text="/ask@other_bot", reply_to_message=raw(text="because", **{"from": US})).mentioned


def test_the_selected_part_is_what_is_quoted() -> None:
    message = heard(
        text="this?", reply_to_message=raw(text="long story"), quote={"text": "story", "position": 5}
    )
    assert message.quote == Quote("5", "Ann Lee", "story")


def test_a_quoted_picture_is_named_with_its_caption() -> None:
    photo = [{"file_id": "p", "width": 90, "height": 60}]
    captioned = raw(message_id=7, photo=photo, caption="my cat")
    message = heard(text="how old is it?", reply_to_message=captioned)
    assert message.quote is not None
    assert message.quote.text == "[image]\nmy cat"
    message = heard(text="and this?", reply_to_message=raw(message_id=8, photo=photo))
    assert message.quote is not None
    assert message.quote.text == "[image]"


def test_a_quote_from_elsewhere_has_no_id() -> None:
    assert heard(text="this?", quote={"text": "story"}, external_reply={}).quote == Quote("", "", "story")


def test_the_message_that_opens_a_topic_is_no_quote() -> None:
    opening = raw(message_id=42, forum_topic_created={"name": "x"}, **{"from": US})
    message = heard(text="hi", reply_to_message=opening, message_thread_id=42, is_topic_message=True)
    assert message.quote is None
    assert not message.mentioned


# --- what is sent along


def test_the_largest_photo() -> None:
    sizes = [
        {"file_id": "s", "width": 90, "height": 60, "file_size": 10},
        {"file_id": "l", "width": 1280, "height": 853, "file_size": 99},
        {"file_id": "m", "width": 320, "height": 200, "file_size": 50},
    ]
    assert heard(photo=sizes).parts == (Image("l", "image/jpeg", 99),)


@pytest.mark.parametrize("kind", ["voice", "audio"])
def test_sounds(kind: str) -> None:
    fields = {kind: {"file_id": "a", "mime_type": "audio/ogg", "file_size": 3}}
    assert heard(**fields).parts == (Audio("a", "audio/ogg", 3),)


def test_files() -> None:
    document = {"file_id": "d", "file_name": "notes.pdf", "mime_type": "application/pdf", "file_size": 8}
    assert heard(document=document).parts == (File("d", "notes.pdf", "application/pdf", 8),)
    assert heard(animation=document, document=document).parts == (
        File("d", "notes.pdf", "application/pdf", 8),
    )
    assert heard(sticker={"file_id": "s", "emoji": "👍"}).parts == (File("s", "sticker 👍"),)
    assert heard(video={"file_id": "v", "file_size": 4 * 2**30}).parts == (File("v", "video", "", 4 * 2**30),)
    assert heard(video_note={"file_id": "v"}).parts == (File("v", "video note"),)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"location": {"latitude": 52.5, "longitude": 13.4}}, "📍 52.500000, 13.400000"),
        ({"contact": {"phone_number": "+49", "first_name": "Bo"}}, "👤 Bo +49"),
        (
            {"poll": {"question": "Tea?", "options": [{"text": "yes"}, {"text": "no"}]}},
            "📊 Tea?\n- yes\n- no",
        ),
        ({"dice": {"emoji": "🎲", "value": 4}}, "🎲 4"),
        (
            {"venue": {"location": {"latitude": 1, "longitude": 2}, "title": "Pub", "address": "High St"}},
            "📍 Pub, High St (1.000000, 2.000000)",
        ),
    ],
)
def test_the_rest_in_words(fields: dict[str, Any], words: str) -> None:
    assert heard(**fields).text == words


# --- nonsense


def test_nonsense_is_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    assert parse({"update_id": 99, "message": {"text": 5}}, ME) is None
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith("update 99 is not understood")
    assert "\n" not in record.getMessage()


FULL = {
    "update_id": 1,
    "message": raw(
        text="🙂 @bob /ask@gateway_bot",
        entities=[
            {"type": "mention", "offset": 3, "length": 4},
            {"type": "text_mention", "offset": 3, "length": 4, "user": ANN},
            {"type": "bot_command", "offset": 8, "length": 16},
        ],
        reply_to_message=raw(text="before", sender_chat=GROUP),
        quote={"text": "be"},
        message_thread_id=3,
        is_topic_message=True,
        photo=[{"file_id": "f", "width": 1, "height": 2}],
        document={"file_id": "f"},
        poll={"question": "?", "options": [{"text": "!"}]},
        media_group_id="1",
        edit_date=2,
    ),
}
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([2**63, -(2**64), 10**400, "\ud83d", "text", "group"])
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


@settings(max_examples=400)
@given(st.sampled_from(places(FULL)), JSON, st.sampled_from(["message", "edited_message"]))
def test_any_json_anywhere_never_raises(path: tuple[Any, ...], value: Any, kind: str) -> None:
    update = replaced(FULL, path, value)
    if isinstance(update, dict) and "message" in update:
        update[kind] = update.pop("message")
    well_formed(parse(loads(json.dumps(update).encode()), ME))


def well_formed(event: Event | None) -> None:
    if isinstance(event, Message):
        assert Message.from_json(event.to_json()) == event


@settings(max_examples=200)
@given(
    st.text(alphabet=st.sampled_from("aé世🙂@ /"), max_size=20),
    st.lists(
        st.fixed_dictionaries(
            {
                "type": st.sampled_from(["mention", "text_mention", "bot_command", "bold"]),
                "offset": st.integers(0, 45),
                "length": st.integers(0, 45),
            }
        ),
        max_size=4,
    ),
)
def test_entities_that_overlap_or_end_outside_lose_no_text(text: str, entities: list[dict[str, Any]]) -> None:
    event = parse({"update_id": 1, "message": raw(PRIVATE, text=text, entities=entities)}, ME)
    well_formed(event)
    said = event.text if isinstance(event, Message) else ""
    if "�" not in said:  # an entity that ends inside a character splits it
        assert said.split() == text.split()
