"""Who may speak, what is meant for us, and whose context is whose."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.access import Rules, Verdict, session_key
from gateway.message import Audio, Chat, Image, Mention, Message, Part, Quote, Sender, Text
from tests.words import ANN, BOB, GROUP, PRIVATE, said

ANSWER, IGNORE, REFUSE = Verdict.ANSWER, Verdict.IGNORE, Verdict.REFUSE


EVERYBODY: Set[str] = {"*"}
NOBODY: Set[str] = set()


def rules(
    allow: Set[str] = EVERYBODY,
    deny: Set[str] = NOBODY,
    admins: Set[str] = NOBODY,
    groups: Set[str] = EVERYBODY,
) -> Rules:
    return Rules(frozenset(allow), frozenset(deny), frozenset(admins), frozenset(groups))


@pytest.mark.parametrize(
    ("given_rules", "expected"),
    [
        (rules(), ANSWER),
        (rules(allow=set()), REFUSE),
        (rules(allow={"shop:ann"}), ANSWER),
        (rules(allow={"ann"}), REFUSE),
        (rules(allow={"Ann"}), REFUSE),
        (rules(allow={"shop:an"}), REFUSE),
        (rules(allow={"shop:annabel"}), REFUSE),
        (rules(allow={"cellar:ann"}), REFUSE),
        (rules(deny={"shop:ann"}), REFUSE),
        (rules(deny={"*"}), REFUSE),
        (rules(allow={"shop:ann"}, deny={"shop:ann"}), REFUSE),
        (rules(deny={"shop:bob"}), ANSWER),
        (rules(allow=set(), admins={"shop:ann"}), ANSWER),
        (rules(deny={"*"}, admins={"shop:ann"}), ANSWER),
        (rules(allow=set(), admins={"*"}), REFUSE),
    ],
)
def test_who_may_speak_in_private(given_rules: Rules, expected: Verdict) -> None:
    assert given_rules.judge(said("hello")) is expected


@pytest.mark.parametrize(
    ("given_rules", "message", "command", "expected"),
    [
        (rules(), said("hello", where=GROUP), False, IGNORE),
        (rules(), said("hello", where=GROUP, mentioned=True), False, ANSWER),
        (rules(), said("/help", where=GROUP), True, ANSWER),
        (rules(groups=set()), said("hello", where=GROUP, mentioned=True), False, IGNORE),
        (rules(groups=set()), said("/help", where=GROUP), True, IGNORE),
        (rules(groups={"shop:-9"}), said("hello", where=GROUP, mentioned=True), False, ANSWER),
        (rules(groups={"shop:-99"}), said("hello", where=GROUP, mentioned=True), False, IGNORE),
        (rules(allow=set()), said("hello", where=GROUP), False, IGNORE),
        (rules(allow=set()), said("hello", where=GROUP, mentioned=True), False, REFUSE),
        (rules(allow=set(), groups=set()), said("hello"), False, REFUSE),
        (Rules(triggers=("bot",)), said("bot hello", where=GROUP), False, ANSWER),
        (Rules(triggers=("a", "bot")), said("bot hello", where=GROUP), False, ANSWER),
        (Rules(triggers=("bot",)), said("hello bot", where=GROUP), False, IGNORE),
        (Rules(keywords=("bot",)), said("hello bot", where=GROUP), False, ANSWER),
        (Rules(keywords=("bot",)), said("hello", where=GROUP), False, IGNORE),
        (Rules(keywords=("bot",)), said("hello bot", where=GROUP, who=Sender("r2", bot=True)), False, IGNORE),
        (Rules(triggers=()), said("", where=GROUP), False, IGNORE),
    ],
)
def test_what_in_a_group_is_meant_for_us(
    given_rules: Rules, message: Message, command: bool, expected: Verdict
) -> None:
    assert given_rules.judge(given_rules.addressed(message), command=command) is expected


@pytest.mark.parametrize(
    ("trigger", "parts", "expected"),
    [
        ("bot", (Text("bot hello"),), "hello"),
        ("bot", (Text("bot"),), ""),
        ("bot", (Text("bottle"),), None),
        ("小助手", (Text("小助手你好"),), "你好"),
        ("bot:", (Text("bot:hello"),), "hello"),
        ("bot", (Text("bot ask "), Mention("bob", "@Bob")), "ask @Bob"),
        ("bot", (Audio("ref", transcript="bot hello"),), "hello"),
        ("", (Text("hello"),), None),
    ],
)
def test_a_trigger_is_taken_off(trigger: str, parts: tuple[Part, ...], expected: str | None) -> None:
    found = Rules(triggers=(trigger,)).addressed(said("", where=GROUP, parts=parts))
    assert (found.text if found.mentioned else None) == expected


def test_a_trigger_takes_nothing_but_itself_off() -> None:
    quote, image = Quote("4", "Bob", "what?"), Image("ref")
    message = said("", where=GROUP, parts=(quote, Text("bot look"), image))
    assert Rules(triggers=("bot",)).addressed(message).parts == (Text("look"), quote, image)
    assert Rules(triggers=("bot",)).addressed(replace(message, mentioned=True)).text == "bot look"
    assert Rules(triggers=("bot",)).addressed(replace(message, chat=PRIVATE)).text == "bot look"


def test_a_group_is_listened_to_where_it_is_served() -> None:
    here = rules(groups={"shop:-9"})
    assert here.listens(said("hello", where=GROUP))
    assert not here.listens(said("hello", where=replace(GROUP, id="-8")))
    assert not here.listens(said("hello", where=GROUP, who=Sender("r2", bot=True)))
    assert not here.listens(said("hello", where=GROUP, who=Sender("me")))


@pytest.mark.parametrize("where", [PRIVATE, GROUP])
@pytest.mark.parametrize("who", [Sender("r2", bot=True), Sender("me")], ids=["a bot", "ourselves"])
def test_bots_and_ourselves_are_never_answered(where: Chat, who: Sender) -> None:
    admin = rules(admins={f"shop:{who.id}"})
    assert admin.judge(said("hello", where=where, who=who, mentioned=True), command=True) is IGNORE


def test_somebody_without_an_id_is_not_ourselves() -> None:
    nobody = said("hello", where=replace(PRIVATE, account=""), who=Sender(""))
    assert rules().judge(nobody) is ANSWER


def test_an_admin_is_one_by_id_on_his_channel_alone() -> None:
    admins = rules(admins={"shop:ann"})
    assert admins.is_admin(said("hello"))
    assert not admins.is_admin(said("hello", who=Sender("eve", name="ann")))
    assert not admins.is_admin(said("hello", where=replace(PRIVATE, channel="cellar")))


@given(called=st.text(max_size=10).filter(lambda name: name not in ("eve", GROUP.id, "*")))
def test_what_people_and_groups_call_themselves_never_counts(called: str) -> None:
    """A name can be chosen, an id cannot."""
    listed = {f"shop:{called}"}
    for where in (PRIVATE, GROUP):
        chat = replace(where, title=called)
        message = said("hello", where=chat, who=Sender("eve", called), mentioned=True)
        assert rules(allow=listed, admins=listed).judge(message) is REFUSE
        assert rules(deny={"shop:eve"}, admins=listed).judge(message) is REFUSE
        assert not rules(admins=listed).is_admin(message)
    assert rules(groups=listed).judge(message) is IGNORE


def test_an_empty_list_is_nobody() -> None:
    for empty in (rules(allow=set()), rules(groups=set())):
        assert empty.judge(said("hello", where=GROUP, mentioned=True)) is not ANSWER
    assert not rules().is_admin(said("hello"))


# --- contexts

names = st.text(st.sampled_from("ab:%@!5"), max_size=4)
chats = st.builds(Chat, names, names, kind=st.sampled_from(["private", "group"]), thread=names, account=names)


@given(chats, chats)
def test_no_two_chats_share_a_key(one: Chat, other: Chat) -> None:
    same = (one.channel, one.account, one.id, one.thread) == (
        other.channel,
        other.account,
        other.id,
        other.thread,
    )
    assert (one.key == other.key) == same


@given(chats, names, chats, names)
def test_no_two_members_share_a_context(one: Chat, ann: str, other: Chat, bob: str) -> None:
    def whose(chat: Chat, sender: str) -> tuple[str, ...]:
        """What must tell two contexts apart: the chat, and in a group the member."""
        member = (sender,) if chat.kind == "group" else ()
        return (chat.channel, chat.account, chat.id, chat.thread, *member)

    same = whose(one, ann) == whose(other, bob)
    assert (session_key(one, ann, "member") == session_key(other, bob, "member")) == same


@given(chats, names, names)
def test_a_shared_context_is_the_chat_s(chat: Chat, ann: str, bob: str) -> None:
    assert session_key(chat, ann, "chat") == session_key(chat, bob, "chat") == chat.key


def test_people_have_contexts_of_their_own_where_that_is_wished() -> None:
    assert session_key(GROUP, ANN.id, "member") != session_key(GROUP, BOB.id, "member")
    assert session_key(PRIVATE, ANN.id, "member") == PRIVATE.key
