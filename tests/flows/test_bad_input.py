"""What bad input gets: a sentence or nothing, a line in the log, and no consequence."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from tests.flows.conftest import House, in_house
from tests.servers.model import Body, Fault, Refusal, error_event, garbage
from tests.servers.telegram import TelegramServer

pytestmark = in_house
CONFIG = {"timeouts": {"connect": 2, "first_token": 0.5, "idle": 0.5, "total": 5}}
EXCUSE = re.compile(r"The model cannot answer right now\. Please try again in a moment\. \(error (\w{8})\)")


def question(body: Body) -> str:
    """What a person asked."""
    return str(body["messages"][-1]["content"])


def push_raw(telegram: TelegramServer, make: Callable[[int], str]) -> None:
    """Have the bot get an update whose JSON is exactly what *make* makes of its number."""
    number = telegram.push({})
    update = telegram.queue.pending[number]
    telegram.queue.pending[number] = replace(update, body=make(number).encode())


FAULTS: dict[str, Fault | Refusal] = {
    "garbage": garbage(after=0),
    "half a stream, cut": Fault(2, "cut"),
    "half a stream, ended": Fault(2, "stop"),
    "half a stream, then silence": Fault(2, "hang"),
    "never a word": Fault(-1, "hang"),
    "an error in the middle": error_event("CUDA out of memory at 0x7f", code=500),
    "an error that is a text": Fault(1, event=b'data: {"error": "worker died"}\n\n'),
    "a list": Fault(0, event=b"data: []\n\n"),
    "a stack": Refusal(500, raw="Traceback (most recent call last):\n  File 'x.py', line 1"),
    "a refusal": Refusal(400, "Invalid 'messages[0]'.", "invalid_type", "messages"),
    "a wrong key": Refusal(401, "Incorrect API key provided: sk-wrong.", "invalid_api_key"),
}
SAYINGS = {
    "nothing": "",
    "nothing that can be seen": "\u200b\u2060\u200e",
    "nothing but thoughts": "<think>hm</think>",
}


async def test_a_model_that_fails_in_any_way_is_excused_in_one_sentence(house: House) -> None:
    telegram, model, process = house.telegram, house.model, house.process
    model.fault = lambda body: FAULTS.get(question(body))
    model.answer = lambda body: SAYINGS.get(question(body), f"fine ({len(body['messages'])} turns)")
    kinds = [*FAULTS, *SAYINGS]
    people = [telegram.user(kind) for kind in kinds]
    chats = [telegram.private(person) for person in people]
    asked = [
        telegram.say(chat, person, kind) for chat, person, kind in zip(chats, people, kinds, strict=True)
    ]
    for chat in chats:
        await telegram.answers(chat, 1, timeout=30)
    for chat, person in zip(chats, people, strict=True):
        telegram.say(chat, person, "and now?")
    for chat in chats:
        await telegram.answers(chat, 2)
    await process.idle()
    for kind, chat, number in zip(kinds, chats, asked, strict=True):
        excuse, answer = [message.text for message in telegram.sent(chat)]
        said = EXCUSE.fullmatch(excuse)
        assert said, (kind, excuse)
        assert answer == "fine (1 turns)", f"{kind}: the failed turn is in the history"
        (line,) = process.lines(f"error {said.group(1)}")
        assert (line["chat"], line["message"]) == (f"telegram:101:{chat['id']}:", str(number))
        assert line["level"] == "error"
    assert not process.lines('"traceback"')


LONG_WORD = "w" * 20_000
HUGE = "All work and no play. " * 480_000  # ten megabytes
DEEP = "\n".join(f"{'> ' * depth}{'  ' * depth}- " + "**" * depth + f"level {depth}" for depth in range(100))
ODD = {
    "one word": LONG_WORD,
    "ten megabytes": HUGE,
    "a deep nest": DEEP,
    "half an emoji": "escaped",
}
HALF = Fault(
    0, event=b'data: {"choices":[{"delta":{"content":"A \\ud83d half \\udc4d."},"finish_reason":"stop"}]}\n\n'
)


async def test_strange_answers_arrive_as_far_as_they_can_be_shown(house: House) -> None:
    telegram, model, process = house.telegram, house.model, house.process
    model.answer = lambda body: ODD.get(question(body), "fine")
    model.fault = lambda body: HALF if question(body) == "half an emoji" else None
    model.keep_requests, model.chunks = False, 50
    people = {kind: telegram.user(kind) for kind in ODD}
    chats = {kind: telegram.private(person) for kind, person in people.items()}

    def shown(kind: str) -> str:
        return "".join(message.text for message in telegram.sent(chats[kind]))

    for kind, person in people.items():
        telegram.say(chats[kind], person, kind)
        telegram.say(chats[kind], person, "and now?")
    for chat in chats.values():
        await telegram.until(lambda chat=chat: "fine" in [m.text for m in telegram.sent(chat)], timeout=30)
    await process.idle()
    assert shown("one word") == LONG_WORD + "fine"
    assert shown("half an emoji") == "A \ufffd half \ufffd.fine"
    assert 199_000 < len(shown("ten megabytes")) < 201_000
    assert all(f"level {depth}" in shown("a deep nest") for depth in range(100))
    assert process.lines("cut at 200000 characters")
    assert not process.lines('"traceback"')


WRONG: tuple[Any, ...] = (None, True, -1, 2**53, 10**30, 1.5, "", "x", [], [None], {}, {"id": None})
PATHS = (
    *(("message",), ("message", "message_id"), ("message", "date"), ("message", "chat")),
    *(("message", "chat", "id"), ("message", "chat", "type"), ("message", "from"), ("message", "from", "id")),
    *(("message", "from", "first_name"), ("message", "from", "language_code"), ("message", "text")),
    *(("message", "entities"), ("message", "entities", 0), ("message", "entities", 0, "offset")),
    *(("message", "entities", 0, "length"), ("message", "reply_to_message"), ("message", "photo")),
    *(
        ("message", "voice"),
        ("message", "sticker"),
        ("message", "media_group_id"),
        ("message", "sender_chat"),
    ),
    *(("message", "message_thread_id"), ("message", "migrate_to_chat_id"), ("message", "location")),
    *(("message", "poll"), ("message", "contact"), ("message", "quote"), ("edited_message",)),
)
GONE = object()


def wrong_updates(chat: dict[str, Any], person: dict[str, Any]) -> Iterator[Callable[[int], str]]:
    """An update for every wrong value in every place, and with every place missing."""
    for path in PATHS:
        for value in (*WRONG, GONE):

            def make(number: int, path: tuple[Any, ...] = path, value: Any = value) -> str:
                entity = {"type": "bot_command", "offset": 0, "length": 5}
                message = {"message_id": number, "date": 1, "chat": chat, "from": person, "text": "/help me"}
                update = json.loads(json.dumps({"message": {**message, "entities": [entity]}}))
                place = update
                for step in path[:-1]:
                    place = place[step]
                if value is not GONE:
                    place[path[-1]] = value
                elif path[-1] in place:
                    del place[path[-1]]
                return json.dumps({"update_id": number, **update})

            yield make


STRANGE = (
    "null",
    "[]",
    '"update"',
    "{}",
    '{"update_id": null}',
    '{"update_id": 1' + "0" * 40 + "}",
    '{"update_id": 1' + "0" * 40 + ', "message": {"message_id": 1}}',
    '{"message": {"message_id": NaN}}',
    "[" * 500 + "]" * 500,
    # Deeper than a parser goes.
    '{"update_id": 1, "message": ' + "[" * 5000 + "]" * 5000 + "}",
)


async def test_updates_that_are_no_updates_harm_nothing(house: House) -> None:
    telegram, process = house.telegram, house.process
    ann = telegram.user("Ann")
    chat = telegram.private(ann)
    for text in STRANGE:
        push_raw(telegram, lambda number, text=text: text)
    for make in wrong_updates(chat, ann):
        push_raw(telegram, make)
    bob = telegram.user("Bob")
    other = telegram.private(bob)
    telegram.say(other, bob, "still there?")
    sent = await telegram.answers(other, 1, timeout=30)
    assert sent[0].text == "still there? (1 turns)"
    await telegram.until(lambda: not telegram.queue.pending)
    status = await process.idle()
    assert " up " in status
    assert process.lines("is not understood and left out")
    assert not process.lines('"traceback"')


SAID = {
    "zero width": "\u200b\u200d\ufeff",
    "right to left": "\u202eسلام\u202c שלום",
    "zalgo": "Z" + "\u0335\u0321" * 500,
    "nul": "a\x00b\x1b[31mc",
    "a megabyte": "x" * 1_000_000,
    "nested quotes": "> " * 100 + "deep",
    "brackets": "[" * 4000,
    "braces": "{message} {0} %s %n ${x}",
    "a path": "../../etc/passwd; DROP TABLE inbox; --",
}


async def test_strange_texts_are_questions_like_others(house: House) -> None:
    telegram, model, process = house.telegram, house.model, house.process
    model.rules.context_tokens = 8000
    model.answer = lambda body: f"{len(question(body))} ({len(body['messages'])} turns)"
    people = {kind: telegram.user(text[:50].replace("\x00", "")) for kind, text in SAID.items()}
    chats = {kind: telegram.private(person) for kind, person in people.items()}
    ann = telegram.user("Ann")
    half = telegram.private(ann)
    for kind, text in SAID.items():
        content = {"text": text, "chat": chats[kind], "from": people[kind]}
        telegram.push({"message": {"message_id": 900, "date": 1, **content}})
    message = {"message_id": 900, "date": 1, "chat": half, "from": {**ann, "first_name": "\ud83d"}}
    push_raw(
        telegram,
        lambda number: json.dumps({"update_id": number, "message": {**message, "text": "half \udc4d"}}),
    )
    for kind, chat in chats.items():
        (answer,) = await telegram.answers(chat, 1, timeout=20)
        if kind == "a megabyte":
            assert answer.text.startswith("This is more than the model can read at once.")
        else:
            assert answer.text == f"{len(SAID[kind].strip())} (1 turns)"
    assert (await telegram.answers(half, 1))[0].text == "6 (1 turns)"
    megabyte = chats["a megabyte"]
    telegram.say(megabyte, people["a megabyte"], "hello")
    assert (await telegram.answers(megabyte, 2))[1].text == "5 (1 turns)"
    await process.idle()
    assert not process.lines('"traceback"')


async def test_messages_without_words_get_a_sentence_and_service_messages_nothing(house: House) -> None:
    telegram, model, process = house.telegram, house.model, house.process
    ann = telegram.user("Ann")
    chat, group = telegram.private(ann), telegram.group("Friends", ann)
    kinds: dict[str, Any] = {
        "story": {"chat": chat, "id": 1},
        "game": {"title": "Snake", "description": "", "photo": []},
        "paid_media": {"star_count": 1, "paid_media": []},
        "checklist": {"title": "To do", "tasks": []},
    }
    service: dict[str, Any] = {
        "new_chat_title": "New",
        "video_chat_started": {},
        "something_of_tomorrow": {"x": [1, 2]},
        "pinned_message": {"message_id": 1, "date": 0, "chat": chat},
    }
    for place in (chat, group):
        for number, (kind, value) in enumerate((kinds | service).items(), 900):
            message = {"message_id": number, "date": 1, "chat": place, "from": ann, kind: value}
            telegram.push({"message": message})
        telegram.voice(place, ann)
        telegram.sticker(place, ann)
    telegram.say(group, ann, "@gateway_bot hello")
    telegram.say(chat, ann, "hello")
    assert (await telegram.answers(group, 1, timeout=20))[0].text == "Ann: hello (1 turns)"
    sent = await telegram.answers(chat, 7)
    await process.idle()
    sentence = "I can only read text for now. Please write your question."
    assert [message.text for message in sent] == [sentence] * 6 + ["hello (1 turns)"]
    assert len(telegram.sent(group)) == 1
    assert len(model.requests) == 2
