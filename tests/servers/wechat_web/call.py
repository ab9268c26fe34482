"""What comes in and goes out over HTTP."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

from .refusals import PARAMETER, Refusal
from .world import Json

_ESCAPE = re.compile(rb"(\\\\)|\\u")


@dataclass(slots=True)
class Call:
    """One request, and what became of it; `status` is 0 until it is answered.

    `params`: the query and what the body says, together. `literal`: the body's JSON as the server reads a
    message in it. `uin`: of the account that it came from, as far as it says.
    """

    method: str
    path: str
    params: Json
    headers: dict[str, str]
    cookies: dict[str, str]
    literal: Json = field(default_factory=dict)
    time: float = field(default_factory=time.monotonic)
    status: int = 0
    answer: str = ""

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def uin(self) -> str:
        """Whose login it belongs to."""
        return self.cookies.get("wxuin", "")


@dataclass(slots=True)
class Answer:
    """What a call gets back."""

    body: bytes
    kind: str = "text/plain"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)

    def response(self) -> web.Response:
        """It as aiohttp sends it."""
        response = web.Response(
            status=self.status, body=self.body, content_type=self.kind, headers=self.headers
        )
        for name, value in self.cookies.items():  # without the quotes that Python would put around some
            response.headers.add("Set-Cookie", f"{name}={value}; Path=/")
        return response


def script(text: str) -> Answer:
    """An answer that a browser would run."""
    return Answer(text.encode(), "text/javascript")


def xml(text: str, **rest: Any) -> Answer:
    """An answer in XML."""
    return Answer(text.encode(), **rest)


def done(ret: int = 0, **rest: Any) -> Answer:
    """An answer in JSON."""
    return Answer(orjson.dumps({"BaseResponse": {"Ret": ret, "ErrMsg": ""}, **rest}))


def read(raw: bytes) -> tuple[Json, Json]:
    r"""What the JSON *raw* says, and what the server makes of it: it does not know \u escapes in messages.

    Raises `Refusal`: it is no JSON of an object.
    """
    try:
        body = orjson.loads(raw)
        literal = orjson.loads(_ESCAPE.sub(lambda found: found[1] or rb"\\u", raw))
    except orjson.JSONDecodeError as exc:
        raise Refusal(PARAMETER) from exc
    if not isinstance(body, dict):
        raise Refusal(PARAMETER)
    return body, literal
