"""What a page shows when it is opened: the transcript, and over it what goes on."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from adapters.webchat.history import control, merge
from adapters.webchat.live import Exchange, Talk, Talks
from gateway import Said
from gateway.text import length

Q1, Q2 = "a" * 22, "b" * 22
RETRY = f"retry.{Q1}.{'c' * 22}"


def shown(exchanges: list[Exchange]) -> list[tuple[str | None, list[str], bool]]:
    return [(exchange.question, exchange.answers, exchange.open) for exchange in exchanges]


def test_an_answer_stands_below_its_question_whatever_was_said_between() -> None:
    transcript = [
        Said(Q1, "person", "one", 1.0),
        Said(Q2, "person", "two", 2.0),
        Said(Q1, "bot", "1", 3.0),
    ]
    assert shown(merge(transcript, [])) == [("one", ["1"], False), ("two", [], True)]


def test_what_goes_on_is_put_where_it_was_said() -> None:
    transcript = [Said(Q1, "person", "one", 1.0), Said(Q1, "bot", "1", 5.0)]
    command = Exchange("/help", 3.0, "/help", ["help"], open=False)
    growing = Exchange(Q2, 2.0, "two", growing="2…")
    assert [exchange.question for exchange in merge(transcript, [command, growing])] == [
        "one",
        "two",
        "/help",
    ]


def test_the_transcript_knows_an_answer_better() -> None:
    transcript = [Said(Q1, "person", "one", 1.0), Said(Q1, "bot", "the whole answer", 2.0)]
    assert shown(merge(transcript, [Exchange(Q1, 1.0, "one", [], open=False)])) == [
        ("one", ["the whole answer"], False)
    ]


def test_steering_is_not_shown_and_a_new_answer_replaces_the_old() -> None:
    asked = [Said(Q1, "person", "one", 1.0), Said(Q1, "bot", "bad", 2.0)]
    waiting = [*asked, Said(RETRY, "person", "/retry", 3.0)]
    assert shown(merge(waiting, [])) == [("one", ["bad"], True)]
    answered = [Said(RETRY, "person", "one", 3.0), Said(RETRY, "bot", "better", 4.0)]
    assert shown(merge([*asked, *answered], [])) == [("one", ["better"], False)]
    assert shown(merge(answered, [])) == [("one", ["better"], False)]
    stopped = Said(f"stop.{Q1}.{'d' * 22}", "person", "/stop", 3.0)
    assert shown(merge([stopped], [])) == []


def test_a_stopped_question_is_not_waited_for_though_the_inbox_has_it_still() -> None:
    talk = Talk()
    talk.ask(Q1, "one", 1.0)
    talk.close(Q1)
    (exchange,) = merge([Said(Q1, "person", "one", 1.0)], talk.exchanges.values())
    assert not exchange.open


def test_only_ids_of_the_page_steer() -> None:
    assert control(RETRY) == ("retry", Q1)
    for id in (Q1, "retry", "retry.short.short", f"reset.{Q1}.{Q2}", RETRY + "\n", f"x{RETRY}"):
        assert control(id) is None


def test_pieces_of_an_answer_add_up_and_a_new_round_begins_anew() -> None:
    talk = Talk()
    talk.ask(Q1, "one", 1.0)
    talk.answer(Q1, Q1, "first piece", 2.0)
    assert talk.answer(Q1, Q1, "second piece", 2.0)["answers"] == ["first piece", "second piece"]
    assert talk.answer(Q1, RETRY, "anew", 3.0)["answers"] == ["anew"]
    talk.again(Q1, 4.0)
    assert talk.answer(Q1, RETRY, "and anew", 5.0)["answers"] == ["and anew"]


def test_what_is_remembered_has_an_end() -> None:
    talks = Talks()
    for number in range(1500):
        talks["visitor", str(number)].ask(Q1, "one", 1.0)
    assert not talks["visitor", "0"].exchanges
    assert talks["visitor", "1499"].exchanges
    talk = Talk()
    for number in range(100):
        talk.ask(str(number), "x", 1.0)
    assert len(talk.exchanges) == 30
    assert talk.answer("99", "99", "x" * 5000, 2.0)["answers"] == ["x" * 5000]
    talk.shorten("99", [])
    assert "99" not in talk.exchanges


@given(st.lists(st.text(max_size=20), max_size=8))
def test_a_page_that_puts_the_changes_together_has_the_whole(views: list[str]) -> None:
    talk, page = Talk(), b""
    for view in views:
        growth = talk.grow(Q1, view, 1.0)
        # as JavaScript cuts: in UTF-16 code units
        page = page[: 2 * growth["at"]] + growth["tail"].encode("utf-16-le", "surrogatepass")
        assert page == view.encode("utf-16-le", "surrogatepass")
        assert growth["at"] + length(growth["tail"], "utf16") == length(view, "utf16")
