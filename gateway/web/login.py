"""The page that asks for the password; it works without JavaScript."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Final

from aiohttp import web

from gateway.web.guard import LOGOUT
from gateway.web.lock import LOGIN, Lock
from gateway.web.pages import field, language, page, template

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

    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self._page = template("login.html")

    def routes(self) -> Iterable[web.RouteDef]:
        """What the web server is to serve."""
        return (
            web.get(LOGIN, self._ask),
            web.post(LOGIN, self._check),
            web.post(LOGOUT, self._leave),
        )

    async def _ask(self, request: web.Request) -> web.Response:
        target = _target(request)
        if self._lock.is_open_to(request):
            return web.Response(status=303, headers={"Location": target})
        return self._form(request, target)

    async def _check(self, request: web.Request) -> web.Response:
        target = _target(request)
        given = await field(request, "password")
        if wait := self._lock.wait(request):
            return self._form(request, target, "slow", int(wait) + 1)
        if not await self._lock.check(request, given):
            return self._form(request, target, "wrong")
        response = web.Response(status=303, headers={"Location": target})
        self._lock.admit(request, response)
        return response

    async def _leave(self, request: web.Request) -> web.Response:
        response = web.Response(status=303, headers={"Location": LOGIN})
        await self._lock.leave(request, response)
        return response

    def _form(self, request: web.Request, target: str, error: str = "", seconds: int = 0) -> web.Response:
        words = _WORDS[language(request)]
        text = words[error].format(seconds=seconds) if error else ""
        values = {name: escape(value) for name, value in {**words, "error": text, "target": target}.items()}
        values["invalid"] = 'aria-invalid="true"' if error == "wrong" else ""
        status = {"": 200, "wrong": 403, "slow": 429}[error]
        response = page(self._page.substitute(values), status)
        if error == "slow":
            response.headers["Retry-After"] = str(seconds)
        return response


def _target(request: web.Request) -> str:
    """Where to go afterwards: a page of ours, whatever the link says."""
    target = request.query.get("next", "/")
    local = target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if local and target.isprintable() else "/"
