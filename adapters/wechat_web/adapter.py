"""The wechat_web channel: a personal account by the web protocol."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from adapters.wechat_web.client import Endpoint
from adapters.wechat_web.entrance import Entrance
from adapters.wechat_web.errors import SAFE_DOOR, Restricted, SessionLost
from adapters.wechat_web.friends import Friends
from adapters.wechat_web.line import Line
from adapters.wechat_web.login import QrLogin
from adapters.wechat_web.media import Media
from adapters.wechat_web.online import Online
from adapters.wechat_web.options import WechatWebOptions
from adapters.wechat_web.outgoing import MAX_LENGTH, as_wechatbot, called
from adapters.wechat_web.pen import Pen
from adapters.wechat_web.questions import Questions
from adapters.wechat_web.session import Session
from adapters.wechat_web.sync import Sync
from gateway import (
    Adapter,
    Audio,
    Capabilities,
    ChannelState,
    Chat,
    File,
    Host,
    Image,
    Receipt,
    Receive,
    Reply,
)
from gateway.errors import GatewayError, NetworkError, Rejected
from gateway.health import Health, growing_pauses
from gateway.text import clean

log = logging.getLogger(__name__)

T = TypeVar("T")

_CURSOR, _WARNED = "cursor", "warned"


class WechatWeb(Adapter[WechatWebOptions]):
    """One personal account."""

    options_type = WechatWebOptions
    capabilities = Capabilities(max_length=MAX_LENGTH, delete=True, files=True)

    def __init__(self, host: Host, options: WechatWebOptions) -> None:
        super().__init__(host, options)
        self._endpoint = Endpoint(options.api_root, options.proxy_address, options.silence)
        name = f"wechat-web {host.name}"
        self._listening, self._speaking, self._fetching = (
            Line(f"{name} {what}") for what in ("listens", "speaks", "fetches")
        )
        self._pen = Pen(self._speaking, options.pacing)
        self._questions = Questions()
        self._health = Health(host)
        self._online: Online | None = None

    @property
    def account(self) -> str:
        """See `Adapter.account`: the uin."""
        return self._online.session.keys.uin if self._online else ""

    async def run(self, receive: Receive) -> None:
        """See `Adapter.run`. A login that ends is followed by the next, as soon as somebody scans."""
        await self._warn()
        state, why = ChannelState.NEEDS_LOGIN, ""
        while True:
            try:
                await self._listen(await self._enter(state, why), receive)
            except SessionLost as exc:
                state, why = exc.state, str(exc)
                await self._leave(exc)

    async def close(self) -> None:
        """See `Adapter.close`."""
        for line in (self._listening, self._speaking, self._fetching):
            line.close()
        if self._online is not None:
            self._online.close()

    async def verify(self) -> str:
        """See `Adapter.verify`: nobody is logged in by that, so nobody can say who we are."""
        entrance = Entrance(self._endpoint)
        try:
            await self._listening.call(entrance.code, entrance.cut)
        finally:
            entrance.close()
        return ""

    async def log_in(self) -> str:
        """See `Adapter.log_in`."""
        state, why = ChannelState.NEEDS_LOGIN, ""
        while True:
            try:
                return (await self._enter(state, why)).session.name
            except SessionLost as exc:
                state, why = exc.state, str(exc)
                await self._leave(exc)

    async def send(self, chat: Chat, reply: Reply) -> Receipt:
        """See `Adapter.send`."""
        speaker, user = self._logged_in.speaker, self._logged_in.contacts.address(chat.id)
        file, text = reply.file, self._worded(chat, reply)
        if file is None:
            return Receipt(await self._pen.write(lambda: speaker.write(user, text)))
        if reply.text:
            await self._pen.write(lambda: speaker.write(user, text))
        return Receipt(await self._pen.write(lambda: speaker.post(user, file)))

    async def delete(self, chat: Chat, receipt: Receipt) -> None:
        """See `Adapter.delete`: WeChat takes messages back for two minutes."""
        speaker, user = self._logged_in.speaker, self._logged_in.contacts.address(chat.id)
        await self._speaking.call(lambda: speaker.take_back(user, receipt.id))

    async def fetch(self, part: Image | Audio | File) -> bytes:
        """See `Adapter.fetch`."""
        if not part.ref:
            raise Rejected("there is no file")
        media, fetcher = Media.from_ref(part.ref), self._logged_in.fetcher
        return await self._fetching.call(lambda: fetcher.fetch(media), fetcher.cut)

    async def _listen(self, online: Online, receive: Receive) -> None:
        """Hand over messages until cancelled. Raises `SessionLost`, and what trying again cannot mend."""
        sync = Sync(self.host, self.options, online, self._listening, self._questions)
        friends = Friends(self.host, self._pen, self.options.greeting)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(friends.run(online), name=f"friends of {self.host.name}")
                await sync.run(receive, self._health)
        except ExceptionGroup as group:
            raise group.exceptions[0] from None

    @property
    def _logged_in(self) -> Online:
        """The login, where there is one. Raises `NetworkError`."""
        if self._online is None or not self._online.ready:
            raise NetworkError("nobody is logged in")
        return self._online

    def _worded(self, chat: Chat, reply: Reply) -> str:
        """The text as it is sent. WeChat's web cannot quote, so who would be quoted is called."""
        text = clean(reply.text)
        if chat.kind == "private" or not (reply.mention or reply.reply_to):
            return text
        asked = self._questions.find(reply.question or reply.reply_to)
        name = reply.mention.name if reply.mention else asked.name
        if self.options.group_reply == "wechatbot":
            return as_wechatbot(text, name, asked.text)
        return called(text, name)

    async def _enter(self, state: ChannelState, why: str) -> Online:
        """The login that there is, or was before a restart, or a new one, with its contacts.

        Raises `SessionLost`: it is over; `AuthError`: WeChat does not let the account in.
        """
        if self._online is None:
            session = await self._kept()
            if session is not None:
                self._online = Online(self._endpoint, self._listening, session.resumed())
            else:
                self._online = await self._new_login(state, why)
        online = self._online
        if not online.ready:
            await self._trying(online.meet)
        return online

    async def _new_login(self, state: ChannelState, why: str) -> Online:
        login = QrLogin(self.host, self._health, self._listening, self._endpoint, state, why)
        entered = await login.run()
        await self._trying(lambda: self.host.save(_CURSOR, entered.session.to_json()))
        return Online(self._endpoint, self._listening, entered.session, entered.contacts)

    async def _kept(self) -> Session | None:
        """The login that was kept."""
        saved = await self._trying(lambda: self.host.load(_CURSOR))
        try:
            return Session.from_json(saved) if saved else None
        except ValueError as exc:
            log.warning("%s: the saved login is unreadable, a new one is needed: %s", self.host.name, exc)
        return None

    async def _leave(self, lost: SessionLost) -> None:
        """Forget the login that is over. Raises `AuthError`: it has hardly begun."""
        online, self._online = self._online, None
        self.host.report(lost.state, str(lost))
        await self._trying(lambda: self.host.save(_CURSOR, ""))
        if online is None:
            return
        online.close()
        if online.young and lost.state is ChannelState.COOKIE_INVALID:
            raise Restricted(str(lost)) from lost

    async def _trying(self, call: Callable[[], Awaitable[T]]) -> T:
        """What *call* returns, tried until it works. Raises `SessionLost`, and what cannot be mended so."""
        pauses = growing_pauses()
        while True:
            try:
                return await call()
            except SessionLost:
                raise
            except GatewayError as exc:
                await self._health.recover(exc, pauses)

    async def _warn(self) -> None:
        """Say once in the life of a channel what is risked."""
        if await self._trying(lambda: self.host.load(_WARNED)) is None:
            log.warning(
                "%s: WeChat may restrict accounts that are used by the web protocol; %s",
                self.host.name,
                SAFE_DOOR,
            )
            await self._trying(lambda: self.host.save(_WARNED, "yes"))
