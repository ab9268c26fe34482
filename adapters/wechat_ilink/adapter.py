"""The WeChat iLink channel: who is logged in, what comes in by poll, and what goes out."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from adapters.wechat_ilink.api import Api
from adapters.wechat_ilink.cdn import Cdn
from adapters.wechat_ilink.errors import SessionExpired
from adapters.wechat_ilink.intake import Intake
from adapters.wechat_ilink.limits import Limits
from adapters.wechat_ilink.login import QrLogin
from adapters.wechat_ilink.media import Ref
from adapters.wechat_ilink.options import WechatIlinkOptions
from adapters.wechat_ilink.outbox import Outbox
from adapters.wechat_ilink.outgoing import MAX_LENGTH
from adapters.wechat_ilink.parse import Account
from adapters.wechat_ilink.people import People
from adapters.wechat_ilink.polling import Polling
from adapters.wechat_ilink.recent import Recent
from adapters.wechat_ilink.session import Session, Sessions
from adapters.wechat_ilink.transport import Transport
from adapters.wechat_ilink.typing_status import Typing
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
from gateway.errors import AdapterError, AuthError, OutcomeUnknown, Rejected, StoreError
from gateway.health import Health

log = logging.getLogger(__name__)

# Seconds that telling WeChat "stop" may take: a process that ends does not wait longer for that.
_FAREWELL_SECONDS = 0.5


class WechatIlink(Adapter[WechatIlinkOptions]):
    """One personal account, or the bot that it was given."""

    options_type = WechatIlinkOptions
    capabilities = Capabilities(max_length=MAX_LENGTH, typing=True, files=True)

    def __init__(self, host: Host, options: WechatIlinkOptions) -> None:
        super().__init__(host, options)
        self._transport = Transport(options.proxy_address, options.api_root, options.cdn_root)
        self._sessions = Sessions(host)
        self._api = Api(self._transport, self._sessions)
        self._login = QrLogin(host, self._api, options.api_root, options.code_seconds)
        self._people = People(host, self._sessions, options.per_turn)
        self._cdn = Cdn(self._transport, self._api, options.cdn_root)
        self._outbox = Outbox(self._api, self._cdn, self._people, Limits(options.pacing))
        self._typing = Typing(self._api, self._people)
        self._recent = Recent()
        self._health = Health(host)
        self._listened = False

    @property
    def account(self) -> str:
        """See `Adapter.account`: the same for all logins of a person, though each makes another bot."""
        return self._sessions.account

    async def run(self, receive: Receive) -> None:
        """See `Adapter.run`."""
        self._transport.open()
        await self._health.trying(self._sessions.load)
        while True:
            session = self._sessions.current
            if session is None:
                session = await self._health.trying(lambda: self._scan(None))
            me = Account(self.host.name, session.account, session.bot)
            intake = Intake(me, self._people, self._recent, receive)
            self._listened = True
            await Polling(self._api, self._sessions, session, self.host, intake, self._health).run()
            self.host.report(ChannelState.AUTH_EXPIRED, "WeChat has ended the login")
            await self._health.trying(self._forget)

    async def close(self) -> None:
        """See `Adapter.close`."""
        if self._listened and self._sessions.current is not None:
            with contextlib.suppress(AdapterError, StoreError, TimeoutError):
                async with asyncio.timeout(_FAREWELL_SECONDS):
                    await self._api.notify("stop")
        await self._transport.close()

    async def send(self, chat: Chat, reply: Reply) -> Receipt:
        """See `Adapter.send`."""
        await self._typing.stop(chat.id)
        id = await self._outbox.send(chat.id, reply)
        self._recent.remember(id, reply.text or (f"[{reply.file.name}]" if reply.file else ""))
        return Receipt(id)

    async def typing(self, chat: Chat) -> None:
        """See `Adapter.typing`."""
        await self._typing.show(chat.id)

    async def fetch(self, part: Image | Audio | File) -> bytes:
        """See `Adapter.fetch`."""
        return await self._cdn.fetch(Ref.read(part.ref))

    async def verify(self) -> str:
        """See `Adapter.verify`: the id of our bot. Raises `AuthError`: somebody must log in."""
        self._transport.open()
        await self._sessions.load()
        session = await self._sessions.require()
        await self._prove(session)
        return session.bot

    async def log_in(self) -> str:
        """See `Adapter.log_in`: the id of our bot. Where there is a login that is good, no code is shown."""
        self._transport.open()
        session = await self._sessions.load()
        if session is not None:
            try:
                await self._prove(session)
            except SessionExpired:
                session = None
            except (AuthError, OutcomeUnknown) as exc:
                log.warning("whether the login is good cannot be told, so scan again: %s", exc)
            else:
                return session.bot
        return (await self._scan(session)).bot

    async def _forget(self) -> None:
        """The session is over, and all that was good in it alone."""
        self._typing.forget()
        await self._people.forget()
        await self.host.save("cursor", "")

    async def _prove(self, session: Session) -> None:
        """Prove that *session* is good by a small question; where just that is refused, we are known."""
        with contextlib.suppress(Rejected):
            await self._api.typing_ticket(session.user or session.bot, "")

    async def _scan(self, known: Session | None) -> Session:
        """Have a code scanned; what came of it is durable. *known*: a session that may still be good."""
        expired = known is None and self._sessions.account
        state = ChannelState.AUTH_EXPIRED if expired else ChannelState.NEEDS_LOGIN
        self.host.report(state)
        session = await self._login.run(state, known)
        if session is not known:
            await self._sessions.keep(session)
        return session
