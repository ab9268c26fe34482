"""A language model's server, OpenAI-compatible, on a real socket: strict about requests, faulty when told to.

Runs alone as well: ``python -m tests.servers.model --port 9500 [--latency 2] [--chunks 22] [--delay 0.05]``.
The wordings of its errors are those of api.openai.com.
"""

from __future__ import annotations

import argparse
import asyncio
import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Self

import orjson
from aiohttp import web
from multidict import CIMultiDict
from openai.types.chat.completion_create_params import CompletionCreateParamsBase
from openai.types.moderation import Categories

from tests.servers.listening import Port

Body = dict[str, Any]
Answer = Callable[[Body], str]

# What a request may hold, by OpenAI's own list.
_KEYS = frozenset(CompletionCreateParamsBase.__annotations__) | {"stream"}
# The moderation endpoint's categories, by OpenAI's own list.
CATEGORIES = [field.alias or name for name, field in Categories.model_fields.items()]
_ROLES = frozenset({"system", "developer", "user", "assistant", "tool"})
_MODEL_CHUNK = '{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":'


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came: `body` is its JSON, `query` its parameters."""

    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: Body


@dataclass(slots=True)
class Refusal(Exception):
    """An answer that is no answer: an HTTP status and OpenAI's error object (or *raw* text)."""

    status: int
    message: str = ""
    code: str | None = None
    param: str | None = None
    type: str = "invalid_request_error"
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: str | None = None

    def response(self) -> web.Response:
        """The HTTP response that says so."""
        if self.raw is not None:
            return web.Response(status=self.status, text=self.raw, headers=self.headers)
        return web.Response(
            status=self.status,
            body=orjson.dumps({"error": self.error()}),
            content_type="application/json",
            headers=self.headers,
        )

    def error(self) -> dict[str, Any]:
        """OpenAI's error object."""
        return {"message": self.message, "type": self.type, "param": self.param, "code": self.code}


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with one answer, after so many of its pieces; -1 = before any event.

    An answer in one piece fails after its headers.

    `end`: "cut" drops the connection, "hang" keeps silent, "stop" ends the body as if all were well.
    `event`: bytes sent before that (an error object, garbage).
    """

    after: int = 1
    end: Literal["cut", "hang", "stop"] = "stop"
    event: bytes = b""


def garbage(after: int = 1) -> Fault:
    """A line that is no JSON in the middle of the stream."""
    return Fault(after, event=b"data: {broken\n\n")


def error_event(message: str, after: int = 1, **error: Any) -> Fault:
    """An error object in the middle of a stream that began well."""
    return Fault(after, event=b"data: " + orjson.dumps({"error": {"message": message, **error}}) + b"\n\n")


@dataclass(slots=True)
class Rules:
    """What the server does not take."""

    strict: bool = True
    api_key: str | None = None
    context_tokens: int | None = None
    refuse_stream_options: bool = False
    completion_tokens_only: tuple[str, ...] = ("gpt-5", "o1", "o3", "o4")
    default_temperature_only: tuple[str, ...] = ("gpt-5", "o1", "o3", "o4")


def echo(body: Body) -> str:
    """The default answer: the last question, and how many turns came with it."""
    messages = body["messages"]
    said = next((turn["content"] for turn in reversed(messages) if turn["role"] == "user"), "")
    return f"{said} ({len(messages)} turns)"


def harmless(text: str) -> Sequence[str]:
    """What the moderation endpoint finds by default: nothing."""
    return ()


def count_tokens(body: Body) -> int:
    """A token for each four characters, four for each turn."""
    return sum(4 + math.ceil(len(str(turn.get("content") or "")) / 4) for turn in body["messages"])


class ModelServer:
    """An OpenAI-compatible server at `base_url`; an async context manager.

    `answer`: the text, or what makes it from the request's body. `latency`: seconds before the first byte,
    or what gives them. `chunks`: in how many pieces an answer is streamed, `delay` seconds apart. `rules`:
    what is refused. `faults`: what happens to the next requests, in order; where nothing is left, `fault`
    says what happens to a body. `requests`: what was asked; `keep_requests = False` for a load. `prelude`:
    deltas sent before the text (reasoning). `cut` cuts an answer in another way. `usage`: whether it is
    told. `whole_only` answers a streaming request with one JSON body. `flag`: the categories that the
    moderation endpoint puts a text in; `moderations` and `moderation_faults`: its requests, and what goes
    wrong with the next of them. `open`, `most_open`, `served`, `aborted` count requests.
    """

    def __init__(
        self,
        answer: Answer | str = echo,
        *,
        latency: float | Callable[[Body], float] = 0.0,
        chunks: int = 5,
        delay: float = 0.0,
        rules: Rules | None = None,
        port: int = 0,
    ) -> None:
        self._at = Port(self._handle, port, backlog=4096)
        self.reset(answer, latency=latency, chunks=chunks, delay=delay, rules=rules)
        self.open = 0
        self._changed = asyncio.Condition()
        self._stopping = asyncio.Event()

    def reset(
        self,
        answer: Answer | str = echo,
        *,
        latency: float | Callable[[Body], float] = 0.0,
        chunks: int = 5,
        delay: float = 0.0,
        rules: Rules | None = None,
    ) -> None:
        """Be as new, but for the requests that are open."""
        self.answer = answer
        self.latency = latency
        self.chunks = chunks
        self.delay = delay
        self.rules = rules or Rules()
        self.prelude: Sequence[Mapping[str, Any]] = ()
        self.cut: Callable[[str], Sequence[str]] | None = None
        self.usage = True
        self.whole_only = False
        self.keep_requests = True
        self.requests: list[Received] = []
        self.served = 0
        self.most_open = 0
        self.aborted = 0
        self.faults: deque[Fault | Refusal | None] = deque()
        self.fault: Callable[[Body], Fault | Refusal | None] = lambda body: None
        self.flag: Callable[[str], Sequence[str]] = harmless
        self.moderations: list[Received] = []
        self.moderation_faults: deque[Refusal | None] = deque()

    @property
    def base_url(self) -> str:
        """What goes into `base_url` of a model's options."""
        return f"{self._at.root}/v1"

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._at.number

    async def __aenter__(self) -> Self:
        self._stopping.clear()
        await self._at.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        await self._at.close()

    async def until(self, condition: Callable[[], bool], seconds: float = 5.0) -> None:
        """Wait until *condition* holds; it is looked at whenever a request begins or ends."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(condition)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            return await self._route(request)
        except Refusal as refusal:
            return refusal.response()
        except (ConnectionError, asyncio.CancelledError):
            self.aborted += 1
            raise
        finally:
            self.open -= 1
            self.served += 1
            await asyncio.shield(self._notify())

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _route(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path.endswith("/models"):
            return web.json_response({"object": "list", "data": [{"id": "gpt-5.4-mini", "object": "model"}]})
        if request.path.endswith("/moderations") and request.method == "POST":
            return await self._moderate(request)
        if not request.path.endswith("/chat/completions") or request.method != "POST":
            raise Refusal(404, f"Invalid URL ({request.method} {request.path})")
        body: Body = orjson.loads(await request.read())
        if self.keep_requests:
            headers = CIMultiDict(request.headers)
            self.requests.append(Received(request.path, headers, dict(request.query), body))
            await self._notify()
        fault = self.faults.popleft() if self.faults else self.fault(body)
        if isinstance(fault, Refusal):
            raise fault
        check(body, request.headers, self.rules)
        latency = self.latency if isinstance(self.latency, int | float) else self.latency(body)
        if latency:
            await asyncio.sleep(latency)
        text = self.answer if isinstance(self.answer, str) else self.answer(body)
        if body.get("stream") and not self.whole_only:
            return await self._stream(request, body, text, fault)
        if fault is not None:
            response = web.StreamResponse(headers={"Content-Type": "application/json"})
            await response.prepare(request)
            return await self._fail(request, response, fault)
        return web.Response(body=whole(body, text), content_type="application/json")

    async def _moderate(self, request: web.BaseRequest) -> web.Response:
        body: Body = orjson.loads(await request.read())
        headers = CIMultiDict(request.headers)
        self.moderations.append(Received(request.path, headers, dict(request.query), body))
        await self._notify()
        fault = self.moderation_faults.popleft() if self.moderation_faults else None
        if fault is not None:
            raise fault
        check_key(headers, self.rules)
        inputs = [body["input"]] if isinstance(body["input"], str) else body["input"]
        return web.json_response(
            {"id": "modr-1", "model": body["model"], "results": [judged(self.flag(text)) for text in inputs]}
        )

    async def _stream(
        self, request: web.BaseRequest, body: Body, text: str, fault: Fault | None
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        pieces = self.cut(text) if self.cut else cut(text, self.chunks)
        for number, event in enumerate(events(body, pieces, self.prelude)):
            if fault is not None and number > fault.after:
                return await self._fail(request, response, fault)
            if number and self.delay:
                await asyncio.sleep(self.delay)
            await response.write(event)
        options = body.get("stream_options") or {}
        if self.usage and options.get("include_usage"):
            await response.write(usage_event(body, text))
        await response.write(b"data: [DONE]\n\n")
        return response

    async def _fail(
        self, request: web.BaseRequest, response: web.StreamResponse, fault: Fault
    ) -> web.StreamResponse:
        if fault.event:
            await response.write(fault.event)
        if fault.end == "hang":
            await self._stopping.wait()
        elif fault.end == "cut" and request.transport is not None:
            request.transport.abort()
        return response


def check_key(headers: Mapping[str, str], rules: Rules) -> None:
    """Raise the `Refusal` of a wrong key."""
    if rules.api_key is not None and headers.get("Authorization") != f"Bearer {rules.api_key}":
        raise Refusal(401, "Incorrect API key provided: sk-*.", "invalid_api_key")


def judged(categories: Sequence[str]) -> dict[str, Any]:
    """The moderation endpoint's result for one input, which is in *categories*."""
    return {
        "flagged": bool(categories),
        "categories": {name: name in categories for name in {*CATEGORIES, *categories}},
        "category_scores": {name: float(name in categories) for name in {*CATEGORIES, *categories}},
    }


def check(body: Body, headers: Mapping[str, str], rules: Rules) -> None:
    """Raise the `Refusal` that OpenAI's server has for a request like this."""
    check_key(headers, rules)
    if rules.strict:
        _check_shape(body)
    model = str(body.get("model"))
    if model.startswith(rules.completion_tokens_only) and "max_tokens" in body:
        raise Refusal(
            400,
            "Unsupported parameter: 'max_tokens' is not supported with this model. "
            "Use 'max_completion_tokens' instead.",
            "unsupported_parameter",
            "max_tokens",
        )
    temperature = body.get("temperature", 1)
    if model.startswith(rules.default_temperature_only) and temperature != 1:
        raise Refusal(
            400,
            f"Unsupported value: 'temperature' does not support {temperature} with this model. "
            "Only the default (1) value is supported.",
            "unsupported_value",
            "temperature",
        )
    if rules.refuse_stream_options and "stream_options" in body:
        raise Refusal(400, "Unrecognized request argument supplied: stream_options")
    if rules.context_tokens is not None and (tokens := count_tokens(body)) > rules.context_tokens:
        raise Refusal(
            400,
            f"This model's maximum context length is {rules.context_tokens} tokens. However, your messages "
            f"resulted in {tokens} tokens. Please reduce the length of the messages.",
            "context_length_exceeded",
            "messages",
        )


def _check_shape(body: Body) -> None:
    if unknown := sorted(body.keys() - _KEYS):
        raise Refusal(400, f"Unrecognized request argument supplied: {unknown[0]}", param=unknown[0])
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise Refusal(400, "Invalid 'messages': empty array.", "empty_array", "messages")
    for number, turn in enumerate(messages):
        if turn.get("role") not in _ROLES:
            raise Refusal(
                400, f"Invalid value: '{turn.get('role')}'.", "invalid_value", f"messages[{number}].role"
            )
        if not isinstance(turn.get("content"), str) or turn.keys() - {"role", "content", "name"}:
            raise Refusal(400, f"Invalid 'messages[{number}]'.", "invalid_type", f"messages[{number}]")
    if "stream_options" in body and not body.get("stream"):
        raise Refusal(400, "The 'stream_options' parameter is only allowed when 'stream' is enabled.")


def cut(text: str, chunks: int) -> list[str]:
    """*text* in *chunks* pieces of about the same length."""
    size = max(1, math.ceil(len(text) / chunks))
    return [text[start : start + size] for start in range(0, len(text), size)]


def _event(head: bytes, delta: Mapping[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return b"".join((b"data: ", head, orjson.dumps([choice]), b"}\n\n"))


def events(body: Body, pieces: Sequence[str], prelude: Sequence[Mapping[str, Any]]) -> Iterator[bytes]:
    """The SSE events of an answer: role, *prelude* deltas, *pieces*, the finish."""
    head = _MODEL_CHUNK.encode() + orjson.dumps(body.get("model")) + b',"choices":'
    yield _event(head, {"role": "assistant", "content": ""})
    for delta in prelude:
        yield _event(head, delta)
    for piece in pieces:
        yield _event(head, {"content": piece})
    yield _event(head, {}, "stop")


def usage(body: Body, text: str) -> dict[str, int]:
    """OpenAI's usage object."""
    asked, answered = count_tokens(body), math.ceil(len(text) / 4)
    return {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered}


def usage_event(body: Body, text: str) -> bytes:
    """The last event of a stream whose usage was asked for."""
    chunk: Body = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "model": body.get("model"),
        "choices": [],
    }
    return b"data: " + orjson.dumps({**chunk, "usage": usage(body, text)}) + b"\n\n"


def whole(body: Body, text: str) -> bytes:
    """An answer in one piece."""
    message = {"role": "assistant", "content": text, "refusal": None}
    return orjson.dumps({
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": body.get("model"),
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": usage(body, text),
    })  # fmt: skip


async def _serve(arguments: argparse.Namespace) -> None:
    server = ModelServer(
        latency=arguments.latency, chunks=arguments.chunks, delay=arguments.delay, port=arguments.port
    )
    server.keep_requests = False
    async with server:
        print(server.base_url, flush=True)  # noqa: T201 - whoever starts it reads where it listens
        await asyncio.Event().wait()


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=9500)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before the first byte")
    parser.add_argument("--chunks", type=int, default=22, help="pieces of a streamed answer")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds between them")
    asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
