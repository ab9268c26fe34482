"""The page that asks for the password; it works without JavaScript."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from importlib import resources
from string import Template
from typing import Final
from urllib.parse import parse_qs, urlsplit

from aiohttp import web

from gateway.web.guard import COOKIE, LOGIN, LOGOUT, STYLE, Guard

# What a form with a password in it may weigh (bytes).
_LARGEST_FORM = 4096
_FORM = "application/x-www-form-urlencoded"
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_STATIC = resources.files("gateway.web").joinpath("static")

_WORDS: Final = {
    "en": {
        "lang": "en",
        "title": "Log in",
        "password": "Password",
        "button": "Log in",
        "wrong": "That is not the password.",
        "slow": "Too many attempts. Please wait {seconds} seconds.",
    },
    "zh": {
        "lang": "zh-CN",
        "title": "登录",
        "password": "密码",
        "button": "登录",
        "wrong": "密码不正确。",
        "slow": "尝试次数过多，请等待 {seconds} 秒。",
    },
}


class Login:
    """The routes of the login."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._page = Template(_STATIC.joinpath("login.html").read_text())
        self._style = _STATIC.joinpath("login.css").read_bytes()

    def routes(self) -> Iterable[web.RouteDef]:
        """What the web server is to serve."""
        return (
            web.get(LOGIN, self._ask),
            web.post(LOGIN, self._check),
            web.post(LOGOUT, self._leave),
            web.get(STYLE, self._styled),
        )

    async def _ask(self, request: web.Request) -> web.Response:
        target = _target(request)
        if self._guard.is_logged_in(request):
            return web.Response(status=303, headers={"Location": target})
        return self._form(request, target)

    async def _check(self, request: web.Request) -> web.Response:
        target = _target(request)
        if (request.content_length or _LARGEST_FORM + 1) > _LARGEST_FORM:
            raise web.HTTPRequestEntityTooLarge(_LARGEST_FORM, request.content_length or 0)
        given = await _given(request)
        if wait := self._guard.wait(request):
            return self._form(request, target, "slow", int(wait) + 1)
        if not self._guard.check(request, given):
            return self._form(request, target, "wrong")
        response = web.Response(status=303, headers={"Location": target})
        self._guard.admit(request, response)
        return response

    async def _leave(self, request: web.Request) -> web.Response:
        response = web.Response(status=303, headers={"Location": LOGIN})
        response.del_cookie(COOKIE, path="/", httponly=True, samesite="Strict")
        return response

    async def _styled(self, request: web.Request) -> web.Response:
        return web.Response(body=self._style, content_type="text/css", headers={"Cache-Control": "no-cache"})

    def _form(self, request: web.Request, target: str, error: str = "", seconds: int = 0) -> web.Response:
        words = _WORDS[_language(request)]
        text = words[error].format(seconds=seconds) if error else ""
        values = {name: escape(value) for name, value in {**words, "error": text, "target": target}.items()}
        values["invalid"] = 'aria-invalid="true"' if error == "wrong" else ""
        status = {"": 200, "wrong": 403, "slow": 429}[error]
        headers = {
            "Content-Security-Policy": _POLICY,
            "Cache-Control": "no-store",
        }
        if error == "slow":
            headers["Retry-After"] = str(seconds)
        return web.Response(
            text=self._page.substitute(values), content_type="text/html", status=status, headers=headers
        )


async def _given(request: web.Request) -> str:
    """What stands in the form; "" where it is none, or not as our page sends it."""
    if request.content_type != _FORM:
        return ""
    try:
        fields = parse_qs((await request.read()).decode(), max_num_fields=10)
    except (web.RequestPayloadError, ValueError):
        return ""
    return fields.get("password", [""])[0]


def _target(request: web.Request) -> str:
    """Where to go afterwards: a page of ours, whatever the link says."""
    target = request.query.get("next", "/")
    parts = urlsplit(target)
    local = target.startswith("/") and not parts.netloc and not target.startswith(("//", "/\\"))
    return target if local and target.isprintable() else "/"


def _language(request: web.Request) -> str:
    """English or Chinese, whichever the browser names first."""
    wanted = [part.strip().lower() for part in request.headers.get("Accept-Language", "").split(",")]
    known = [language[:2] for language in wanted if language[:2] in _WORDS]
    return known[0] if known else "en"
