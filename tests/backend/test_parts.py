"""The parts that put an answer together, each alone."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.backend.base import Usage
from gateway.backend.completion import Completion
from gateway.backend.echo import EchoBackend
from gateway.backend.quirks import Quirks
from gateway.backend.retired import retired
from gateway.backend.sse import Decoder
from gateway.errors import BackendBusy, BackendError, ContextTooLong
from gateway.session import Turn


def delta(**fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": None}]}


# --- events


STREAM = (
    b": ping\r\n\r\nevent: x\n"
    b'data: {"a":1}\n\n'
    b'data:{"b":"\xc3\xa9"}\n\n'
    b"id: 3\ndata: [DONE]\n\n"
    b'data: {"c":1}\n\n'
)


@given(st.lists(st.integers(0, len(STREAM)), max_size=6))
def test_events_are_read_however_the_bytes_are_cut(cuts: list[int]) -> None:
    decoder, events, start = Decoder(), [], 0
    for end in [*sorted(cuts), len(STREAM)]:
        events += decoder.feed(STREAM[start:end])
        start = end
    assert events == [{"a": 1}, {"b": "é"}]
    assert decoder.done


@pytest.mark.parametrize("line", [b"data: {broken", b"data: 1", b"<html>", b"data: \xff"])
def test_what_is_no_event_is_refused(line: bytes) -> None:
    with pytest.raises(BackendBusy):
        Decoder().feed(line + b"\n")


def test_a_line_without_end_is_not_collected_for_ever() -> None:
    decoder = Decoder()
    decoder.feed(b"x" * (1 << 20))
    with pytest.raises(BackendBusy, match="without end"):
        decoder.feed(b"x")


def test_the_last_line_needs_no_end() -> None:
    decoder = Decoder()
    assert decoder.feed(b'data: {"a":1}') == []
    assert decoder.finish() == [{"a": 1}]


def test_half_an_emoji_is_read() -> None:
    assert Decoder().feed(b'data: {"a":"\\ud83d"}\n') == [{"a": "\ud83d"}]


# --- completions


def test_reasoning_fields_are_left_out() -> None:
    completion = Completion(100)
    assert completion.take(delta(reasoning_content="secret", content=None)) == ""
    assert completion.take(delta(reasoning="secret", content="answer")) == "answer"


def test_an_emoji_cut_in_half_is_put_together() -> None:
    completion = Completion(100)
    assert completion.take(delta(content="a\ud83d")) == "a"
    assert completion.take(delta(content="\ude00b")) == "😀b"


def test_half_an_emoji_alone_is_replaced() -> None:
    assert Completion(100).take(delta(content="a\ude00b")) == "a�b"


def test_a_whole_answer_is_read_like_a_piece() -> None:
    completion = Completion(100)
    message = {"message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}
    answer = {"choices": [message], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}
    assert completion.take(answer) == "hello"
    assert (completion.finish, completion.usage) == ("stop", Usage(3, 2))


def test_parts_of_text_are_joined_and_parts_of_thought_left_out() -> None:
    parts = [
        {"type": "thinking", "thinking": []},
        {"type": "text", "text": "a"},
        {"type": "text", "text": "b"},
    ]
    assert Completion(100).take(delta(content=parts)) == "ab"


def test_a_refusal_is_an_answer() -> None:
    assert Completion(100).take(delta(refusal="I cannot.")) == "I cannot."


def test_more_than_the_most_is_cut() -> None:
    completion = Completion(5)
    assert completion.take(delta(content="abcdefgh")) == "abcde"
    assert completion.full


@pytest.mark.parametrize(
    ("chunk", "kind"),
    [
        ({"error": {"message": "overloaded"}}, BackendBusy),
        ({"error": "overloaded"}, BackendBusy),
        ({"error": {"message": "x", "code": "context_length_exceeded"}}, ContextTooLong),
        ({"object": "error", "message": "maximum context length is 3"}, ContextTooLong),
        ({"choices": [{"delta": {}, "finish_reason": "error"}]}, BackendBusy),
    ],
)
def test_an_error_in_the_stream_is_raised(chunk: dict[str, Any], kind: type[BackendError]) -> None:
    with pytest.raises(kind):
        Completion(100).take(chunk)


@pytest.mark.parametrize(
    "chunk", [{}, {"choices": []}, {"choices": None}, {"choices": [None]}, {"choices": [{}]}]
)
def test_a_chunk_without_text_adds_nothing(chunk: dict[str, Any]) -> None:
    assert Completion(100).take(chunk) == ""


json = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "é", "stop"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["choices", "delta", "content", "usage", "message", "type"]), inner)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["choices", "usage", "id"]), json))
def test_no_chunk_is_too_strange(chunk: dict[str, Any]) -> None:
    event = b"data: " + orjson.dumps(chunk) + b"\n"
    for read in Decoder().feed(event):
        assert isinstance(Completion(100).take(read), str)


# --- quirks


def test_max_tokens_is_renamed_after_the_complaint() -> None:
    quirks = Quirks()
    body = {"model": "m", "max_tokens": 5, "temperature": 0.9}
    assert quirks.apply(body) == body
    lesson = quirks.learn(
        body, "'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    )
    assert lesson is not None
    assert lesson.new
    assert quirks.apply(body) == {"model": "m", "max_completion_tokens": 5, "temperature": 0.9}


@pytest.mark.parametrize(
    "complaint",
    [
        "'temperature' does not support 0.9 with this model. Only the default (1) value is supported.",
        "Unsupported parameter: 'temperature' is not supported with this model.",
        "temperature: Extra inputs are not permitted",
    ],
)
def test_a_temperature_that_is_not_taken_is_left_out(complaint: str) -> None:
    quirks, body = Quirks(), {"model": "m", "temperature": 0.9}
    assert quirks.learn(body, complaint)
    assert quirks.apply(body) == {"model": "m"}


def test_what_is_known_is_no_news_but_asking_again_helps_the_others_under_way() -> None:
    quirks = Quirks()
    body: dict[str, Any] = {"stream_options": {}}
    first = quirks.learn(body, "Unrecognized request argument supplied: stream_options")
    second = quirks.learn(body, "Unrecognized request argument supplied: stream_options")
    assert first is not None
    assert second is not None
    assert (first.new, second.new) == (True, False)


def test_nothing_is_learnt_twice_of_one_request() -> None:
    quirks, complaint = Quirks(), "temperature is not supported"
    assert quirks.learn({"temperature": 1}, complaint)
    assert quirks.learn(quirks.apply({"temperature": 1}), complaint) is None


@pytest.mark.parametrize("complaint", ["Invalid value: 'robot'.", "", "the temperature of the room"])
def test_other_complaints_teach_nothing(complaint: str) -> None:
    assert Quirks().learn({"temperature": 1, "max_tokens": 1, "stream_options": {}}, complaint) is None


# --- retired models, and the echo


@pytest.mark.parametrize(
    ("name", "replacement"),
    [
        ("text-davinci-003", "gpt-5.4-mini"),
        ("Text-Davinci-003 ", "gpt-5.4-mini"),
        ("code-davinci-002", "gpt-5.4-mini"),
        ("gpt-3.5-turbo-0301", "gpt-5.4-mini"),
        ("gpt-4-32k", "gpt-5.4"),
        ("gpt-5.4-mini", None),
        ("qwen3", None),
    ],
)
def test_retired_models_have_a_replacement_that_is_not_retired(name: str, replacement: str | None) -> None:
    assert retired(name) == replacement
    assert retired(replacement or "") is None


async def test_the_echo_says_again_what_was_said() -> None:
    turns = [Turn("system", "be kind"), Turn("user", "hello  there\nyou"), Turn("assistant", "x")]
    pieces = [piece async for piece in EchoBackend().stream(turns)]
    words = [piece for piece in pieces if isinstance(piece, str)]
    assert "".join(words) == "hello  there\nyou"
    assert len(words) == 3
    assert isinstance(pieces[-1], Usage)
    whole = [piece async for piece in EchoBackend().stream(turns, whole=True)]
    assert whole[:-1] == ["hello  there\nyou"]
