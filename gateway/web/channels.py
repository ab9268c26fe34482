"""Pages that show how the channels are, and the code to scan where one wants a login."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import time
from collections.abc import Iterable, Mapping
from html import escape
from string import Template
from typing import Final

from aiohttp import web

from gateway import qr
from gateway.adapter import ChannelState
from gateway.channels import Channel
from gateway.login import Scan, Step
from gateway.scans import digits_of
from gateway.web.pages import field, language, page, template

PAGES = "/channels"

# Without JavaScript, how often a page asks again (seconds): not while somebody types.
_EVERY, _WHILE_TYPING = 4, 60

_ENTRY = Template('<li><a href="$path">$name</a><span class="state" data-state="$kind">$state</span></li>')
_CODE = Template(
    '<p>$scan</p><img class="code" alt="$alt" src="data:image/png;base64,$png">'
    '<p class="small" id="left">$left</p><p class="small address">$address</p>'
)
_FORM = Template(
    '<form method="post"><label for="digits">$digits</label>'
    '<input id="digits" name="digits" inputmode="numeric" autocomplete="one-time-code" required autofocus'
    ' aria-describedby="error"><p id="error" role="alert">$error</p>'
    '<button type="submit">$button</button></form>'
)

_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "lang": "en",
        "title": "Channels",
        "scan": "Scan this code with the phone that is logged in to the account.",
        "alt": "QR code",
        "left": "Good for {seconds} seconds.",
        "over": "It has expired; a new one is on its way.",
        "huge": "No code can hold what is to be scanned; open the address below on the phone.",
        "confirm": "Scanned. Now confirm it on the phone.",
        "digits": "The digits that the phone shows",
        "wrong": "Those were not the digits.",
        "odd": "Digits alone, please.",
        "button": "Send",
        "waiting": "A code is on its way.",
        "done": "Logged in: messages reach the gateway.",
        "nothing": "There is nothing to scan.",
    },
    "zh": {
        "lang": "zh-CN",
        "title": "通道",
        "scan": "请用登录了该账号的手机扫描此二维码。",
        "alt": "二维码",
        "left": "{seconds} 秒内有效。",
        "over": "二维码已过期，正在获取新的。",
        "huge": "内容太长，无法生成二维码；请在手机上打开下面的地址。",
        "confirm": "已扫描，请在手机上确认。",
        "digits": "手机上显示的数字",
        "wrong": "数字不正确。",
        "odd": "请只输入数字。",
        "button": "提交",
        "waiting": "正在获取二维码。",
        "done": "已登录，可以收到消息。",
        "nothing": "没有需要扫描的二维码。",
    },
}
_STATES_ZH: Final[Mapping[ChannelState, str]] = {
    ChannelState.STARTING: "启动中",
    ChannelState.UP: "正常",
    ChannelState.DOWN: "连接中断",
    ChannelState.AUTH_FAILED: "认证失败",
    ChannelState.STOPPED: "已停止",
    ChannelState.NEEDS_LOGIN: "需要登录",
    ChannelState.LOGGED_OUT: "已退出登录",
    ChannelState.KICKED: "已在其他设备登录",
    ChannelState.COOKIE_INVALID: "登录状态已失效",
    ChannelState.AUTH_EXPIRED: "授权已过期",
}


class ChannelPages:
    """The routes of these pages."""

    def __init__(self, channels: Mapping[str, Channel]) -> None:
        self._channels = channels
        self._list = template("channels.html")
        self._page = template("channel.html")

    def routes(self, *, front: bool = False) -> Iterable[web.RouteDef]:
        """What the web server is to serve; *front*: who names no page is led here."""
        one = PAGES + "/{name}"
        pages = [web.get(PAGES, self._show_all), web.get(one, self._show), web.post(one, self._answer)]
        return [web.get("/", _lead), *pages] if front else pages

    async def _show_all(self, request: web.Request) -> web.Response:
        spoken = language(request)
        entries = "".join(
            _ENTRY.substitute(
                path=f"{PAGES}/{escape(name)}",
                name=escape(name),
                kind=_kind(channel.status.state),
                state=_state(channel.status.state, spoken),
            )
            for name, channel in self._channels.items()
        )
        words = _WORDS[spoken]
        return page(self._list.substitute(words, entries=entries, every=_EVERY, version=_version(entries)))

    async def _show(self, request: web.Request) -> web.Response:
        return await self._drawn(request, self._channel(request))

    async def _answer(self, request: web.Request) -> web.Response:
        channel = self._channel(request)
        digits = digits_of(await field(request, "digits"))
        if not digits:
            return await self._drawn(request, channel, "odd")
        channel.login.answer(digits)
        return web.Response(status=303, headers={"Location": request.path})

    def _channel(self, request: web.Request) -> Channel:
        try:
            return self._channels[request.match_info["name"]]
        except KeyError:
            raise web.HTTPNotFound from None

    async def _drawn(self, request: web.Request, channel: Channel, error: str = "") -> web.Response:
        spoken = language(request)
        state, scan, words = channel.status.state, channel.login.scan, _WORDS[spoken]
        text = self._page.substitute(
            words,
            name=escape(channel.name),
            kind=_kind(state),
            state=_state(state, spoken),
            trouble="" if scan or state is ChannelState.UP else escape(channel.status.last_error),
            login=await _asked(scan, words, error) if scan else words[_without_a_code(state)],
            every=_WHILE_TYPING if scan and scan.step is Step.DIGITS else _EVERY,
            version=_version(repr((state, scan))),
        )
        return page(text, 400 if error else 200)


async def _lead(request: web.Request) -> web.Response:
    return web.Response(status=303, headers={"Location": PAGES})


async def _asked(scan: Scan, words: Mapping[str, str], error: str) -> str:
    """What a person has to do now."""
    if scan.step is Step.CONFIRM:
        return f"<p>{words['confirm']}</p>"
    if scan.step is Step.DIGITS:
        wrong = error or ("wrong" if scan.wrong else "")
        return _FORM.substitute(words, error=words[wrong] if wrong else "")
    seconds = round(scan.expires - time.time())
    left = words["left"].format(seconds=seconds) if seconds > 0 else words["over"]
    address = _link(scan.text)
    picture = await asyncio.to_thread(qr.png, scan.text)
    if picture is None:
        return f'<p>{words["huge"]}</p><p class="small" id="left">{left}</p><p class="address">{address}</p>'
    png = base64.b64encode(picture).decode()
    return _CODE.substitute(words, png=png, left=left, address=address)


def _link(text: str) -> str:
    """*text*, to be followed where it is an address."""
    safe = escape(text)
    return f'<a href="{safe}" rel="noreferrer">{safe}</a>' if text.startswith("https://") else safe


def _without_a_code(state: ChannelState) -> str:
    if state is ChannelState.UP:
        return "done"
    return "waiting" if state.wants_login or state is ChannelState.STARTING else "nothing"


def _state(state: ChannelState, spoken: str) -> str:
    return _STATES_ZH[state] if spoken == "zh" else str(state)


def _kind(state: ChannelState) -> str:
    """How much it is to worry about."""
    if state is ChannelState.UP:
        return "good"
    return "bad" if state.wants_login or state in (ChannelState.DOWN, ChannelState.AUTH_FAILED) else "neutral"


def _version(seen: str) -> str:
    """Another one where the page looks another way, the seconds apart."""
    return hashlib.sha256(seen.encode()).hexdigest()[:16]
