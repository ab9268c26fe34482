"""The window a model sees."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.session import Session, Summary, Turn

texts = st.text(max_size=60)
exchanges = st.lists(st.tuples(texts, texts), max_size=8)


def turns_of(pairs: list[tuple[str, str]]) -> list[Turn]:
    return [
        turn
        for number, (question, answer) in enumerate(pairs)
        for turn in (Turn("user", question, number), Turn("assistant", answer, number + 0.5))
    ]


def cost(turns: list[Turn]) -> int:
    return sum(turn.tokens for turn in turns)


@given(exchanges, texts, texts, st.integers(0, 400))
def test_a_window_keeps_the_newest_that_fit(
    pairs: list[tuple[str, str]], prompt: str, asked: str, budget: int
) -> None:
    turns, question = turns_of(pairs), Turn("user", asked, 100.0)
    window = Session(turns).window(prompt, question, budget)
    head = [Turn("system", prompt)] if prompt else []
    kept = window[len(head) : -1]
    # prompt first, question last, whatever they cost
    assert window[: len(head)] == head
    assert window[-1] == question
    # the newest, in order, beginning with a person
    assert kept == turns[len(turns) - len(kept) :]
    assert not kept or kept[0].role == "user"
    # within the budget, and nothing left out that fits
    fixed = cost([*head, question])
    assert not kept or fixed + cost(kept) <= budget
    if len(kept) < len(turns):
        more = turns[len(turns) - len(kept) - 2 :]
        assert fixed + cost(more) > budget


@given(exchanges)
def test_everything_fits_a_large_budget(pairs: list[tuple[str, str]]) -> None:
    question = Turn("user", "?", 100.0)
    assert Session(turns_of(pairs)).window("", question, 10**6) == [*turns_of(pairs), question]


def test_an_answer_without_its_question_is_not_sent() -> None:
    turns = [Turn("user", "long " * 100), Turn("assistant", "short")]
    question = Turn("user", "next")
    assert Session(turns).window("", question, 50) == [question]


@pytest.mark.parametrize(
    ("timeout", "now", "over"),
    [(60, 159.9, False), (60, 160.1, True), (0, 1e12, False), (60, 0.0, False)],
)
def test_a_session_is_over_after_its_timeout(timeout: float, now: float, over: bool) -> None:
    session = Session([Turn("user", "q", 90.0), Turn("assistant", "a", 100.0)], timeout)
    assert session.over(now) == over
    window = session.window("", Turn("user", "?", now), 10**6)
    assert len(window) == (1 if over else 3)


def test_a_session_in_which_nothing_was_said_is_not_over() -> None:
    assert not Session([], 1.0).over(1e12)


# --- a summary of what was said before


@given(exchanges, texts, texts, st.text(max_size=300), st.integers(0, 400))
def test_a_window_with_a_summary_keeps_within_the_budget(
    pairs: list[tuple[str, str]], prompt: str, asked: str, summary: str, budget: int
) -> None:
    turns, question = turns_of(pairs), Turn("user", asked, 100.0)
    window = Session(turns, summary=Summary(summary, 1, 0.0)).window(prompt, question, budget)
    assert window[-1] == question
    systems = [turn for turn in window if turn.role == "system"]
    assert systems == window[: len(systems)]
    assert len(systems) <= 1
    assert all(turn.text.startswith(prompt) for turn in systems)
    assert bool(systems) >= bool(prompt)
    # the prompt and the question whole, a quarter for the summary, the rest within the budget
    fixed = cost([Turn("system", prompt)] if prompt else []) + question.tokens
    kept = window[len(systems) : -1]
    assert kept == turns[len(turns) - len(kept) :]
    assert cost(window) <= (budget if kept else max(budget, fixed + budget // 4))
    assert cost(systems) - fixed + question.tokens <= budget // 4


def test_a_summary_stands_after_the_prompt_and_before_the_turns() -> None:
    turns, question = turns_of([("q", "a")]), Turn("user", "?", 100.0)
    session = Session(turns, summary=Summary("They like tea.", 7, 0.0))
    head, *rest = session.window("Be kind.", question, 1000)
    assert head.role == "system"
    assert head.text.startswith("Be kind.\n\nSummary of the conversation so far")
    assert head.text.endswith("\nThey like tea.")
    assert rest == [*turns, question]
    assert session.window("", question, 1000)[0].text.startswith("Summary")


def test_a_summary_without_room_is_left_out() -> None:
    session = Session(summary=Summary("They like tea.", 7, 0.0))
    assert session.window("Be kind.", Turn("user", "?"), 40) == [
        Turn("system", "Be kind."),
        Turn("user", "?"),
    ]


def test_a_conversation_that_was_over_does_not_come_back_with_the_next_question() -> None:
    old = [Turn("user", "old", 0.0), Turn("assistant", "old", 1.0)]
    new = [Turn("user", "new", 100.0), Turn("assistant", "new", 101.0)]
    question = Turn("user", "?", 110.0)
    assert Session([*old, *new], 60).window("", question, 1000) == [*new, question]
    assert Session([*old, *new], 0).window("", question, 1000) == [*old, *new, question]


@pytest.mark.parametrize(
    ("summarised", "asked", "now", "known"),
    [
        (0.0, 50.0, 100.0, True),
        (0.0, 61.0, 100.0, False),  # the silence was between the summary and the turns
        (0.0, 50.0, 200.0, False),  # or is now
        (0.0, None, 50.0, True),
        (0.0, None, 61.0, False),
    ],
)
def test_a_summary_ends_with_its_conversation(
    summarised: float, asked: float | None, now: float, known: bool
) -> None:
    turns = [] if asked is None else [Turn("user", "q", asked), Turn("assistant", "a", asked)]
    session = Session(turns, 60, Summary("They like tea.", 7, summarised))
    assert (session.current(now).summary is not None) == known
    window = session.window("", Turn("user", "?", now), 1000)
    assert (window[0].role == "system") == known


def test_a_summary_of_a_conversation_before_the_last_silence_is_not_sent() -> None:
    turns = [
        *(Turn("user", "q", 10.0), Turn("assistant", "a", 10.0)),
        *(Turn("user", "q", 100.0), Turn("assistant", "a", 100.0)),
    ]
    session = Session(turns, 60, Summary("They like tea.", 7, 0.0))
    assert session.current(110.0) == Session(turns[2:], 60)
