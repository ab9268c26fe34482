"""What our own pages have in common: how they are read from files and sent, languages, forms, looks."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from importlib import resources
from string import Template
from urllib.parse import parse_qs

from aiohttp import web

from gateway.web.guard import SCRIPT, STYLE

LANGUAGES = ("en", "zh")

# What a form may weigh (bytes).
_LARGEST_FORM = 4096
_FORM = "application/x-www-form-urlencoded"
# Nothing but our own files; a picture is part of its page.
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_STATIC = resources.files("gateway.web").joinpath("static")


def template(name: str) -> Template:
    """A page of ours with places to fill in. The values must be escaped."""
    return Template(_STATIC.joinpath(name).read_text("utf-8"))


def page(text: str, status: int = 200) -> web.Response:
    """*text* as a page that no browser keeps."""
    headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"}
    return web.Response(text=text, content_type="text/html", status=status, headers=headers)


def looks() -> Iterable[web.RouteDef]:
    """The files that the pages load."""
    return (
        web.get(STYLE, partial(_file, _STATIC.joinpath("style.css").read_bytes(), "text/css")),
        web.get(SCRIPT, partial(_file, _STATIC.joinpath("refresh.js").read_bytes(), "text/javascript")),
    )


async def _file(body: bytes, kind: str, request: web.Request) -> web.Response:
    return web.Response(body=body, content_type=kind, charset="utf-8", headers={"Cache-Control": "no-cache"})


def language(request: web.Request) -> str:
    """English or Chinese, whichever the browser names first."""
    wanted = [part.strip().lower()[:2] for part in request.headers.get("Accept-Language", "").split(",")]
    return next((name for name in wanted if name in LANGUAGES), LANGUAGES[0])


async def field(request: web.Request, name: str) -> str:
    """What stands in a field of a form; "" where it is none, or not as our pages send it.

    Raises 413 where the form is too large.
    """
    if (request.content_length or _LARGEST_FORM + 1) > _LARGEST_FORM:
        raise web.HTTPRequestEntityTooLarge(_LARGEST_FORM, request.content_length or 0)
    if request.content_type != _FORM:
        return ""
    try:
        fields = parse_qs((await request.read()).decode(), max_num_fields=10)
    except (web.RequestPayloadError, ValueError):
        return ""
    return fields.get(name, [""])[0]
