"""The channel of an official account: what WeChat asks, and what it is answered or told."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Collection, Iterable

from aiohttp import web

from adapters.wechat_official.api import Api
from adapters.wechat_official.bells import Bells
from adapters.wechat_official.desk import Desk
from adapters.wechat_official.door import Door, Refused
from adapters.wechat_official.exchanges import Exchanges
from adapters.wechat_official.followers import Followers
from adapters.wechat_official.options import LONGEST_TEXT, WechatOfficialOptions
from adapters.wechat_official.outgoing import Outgoing
from adapters.wechat_official.parse import Account, Incoming, parse
from adapters.wechat_official.service import Service
from adapters.wechat_official.shelf import Shelf
from adapters.wechat_official.visit import Seal, Visit
from adapters.wechat_official.wording import LONGEST_MORE
from gateway import (
    Adapter,
    Audio,
    Capabilities,
    Chat,
    File,
    Host,
    Image,
    Keeper,
    Receipt,
    Receive,
    Reply,
    hook_path,
)
from gateway.errors import ChatGone, InboxError, NetworkError, Rejected, StoreError
from gateway.health import Health
from gateway.http import Places, Transport

log = logging.getLogger(__name__)

# Where WeChat keeps what people send, which it may name by http.
_FILES = ("qq.com", "qpic.cn")
# Requests that are being answered have so long (seconds) at the end; they are told that it is over.
_LAST_WORDS = 1.0


class WechatOfficial(Adapter[WechatOfficialOptions], Keeper):
    """One official account."""

    options_type = WechatOfficialOptions

    def __init__(self, host: Host, options: WechatOfficialOptions) -> None:
        super().__init__(host, options)
        self.capabilities = Capabilities(
            max_length=LONGEST_TEXT - LONGEST_MORE,
            length_unit="bytes",
            markup="anchors",
            typing=options.customer_service is not False,
        )
        self._transport = Transport(options.proxy_address, Places([options.api_root], _FILES))
        self._api = Api(self._transport, options)
        self._service = Service(self._api, options.customer_service)
        self._health = Health(host)
        self._bells = Bells()
        self._shelf = Shelf(host, self._bells, self._awaited)
        self._followers = Followers()
        exchanges = Exchanges(self._bells)
        self._outgoing = Outgoing(exchanges, self._shelf, self._service)
        self._desk = Desk(exchanges, self._shelf, self._service, self._followers, self._health)
        self._door = Door(host.name, options)
        self._seal = Seal(self._door.cipher, options.token.get_secret_value())

    @property
    def account(self) -> str:
        """See `Adapter.account`: the app id."""
        return self.options.app_id

    async def run(self, receive: Receive) -> None:
        """See `Adapter.run`. Messages are taken while WeChat's interfaces cannot be reached, too."""
        self._transport.open()
        self._desk.receive = receive
        try:
            if self.options.customer_service is not False:
                await self._health.trying(self._api.token)
            self._health.up()
            await asyncio.Event().wait()
        finally:
            self._desk.receive = None

    async def close(self) -> None:
        """See `Adapter.close`."""
        await self._bells.close(_LAST_WORDS)
        await self._transport.close()

    async def send(self, chat: Chat, reply: Reply) -> Receipt:
        """See `Adapter.send`."""
        if self._bells.closed:
            raise NetworkError("the channel is closed")
        if self._followers.has_left(chat.id):
            raise ChatGone("this person does not follow the account any more")
        await self._outgoing.send(chat.id, reply)
        return Receipt(uuid.uuid4().hex)

    async def typing(self, chat: Chat) -> None:
        """See `Adapter.typing`."""
        await self._service.typing(chat.id)

    async def drop(self, chat: Chat) -> bool:
        """See `Keeper.drop`: the pieces that wait to be fetched."""
        return await self._shelf.drop(chat.id)

    async def fetch(self, part: Image | Audio | File) -> bytes:
        """See `Adapter.fetch`."""
        if not part.ref:
            raise Rejected("there is no file")
        return await self._api.media(part.ref)

    def routes(self) -> Iterable[web.RouteDef]:
        """See `Adapter.routes`."""
        path = hook_path(self.host.name)
        return (web.get(path, self._asked), web.post(path, self._posted))

    async def verify(self) -> str:
        """See `Adapter.verify`: an account cannot ask for its name, so that is its id."""
        self._transport.open()
        if self.options.customer_service is not False:
            await self._api.token()
        return self.options.app_id

    async def _asked(self, request: web.Request) -> web.Response:
        return self._door.prove(request)

    async def _posted(self, request: web.Request) -> web.Response:
        """WeChat hears an answer in time, "success", or nothing; 403 who is not WeChat. Nothing else."""
        try:
            letter = await self._door.receive(request)
        except Refused as exc:
            return self._door.turn_away(exc)
        except ValueError as exc:
            log.warning("%s: what was posted is not understood: %s", self.host.name, exc)
            return web.Response(text="success")
        incoming = parse(letter.fields, Account(self.host.name, self.account))
        if incoming is None:
            return web.Response(text="success")
        with self._bells.listen(incoming.person) as bell:
            visit = Visit(request, incoming, self._seal, bell, letter.signed, self.options.patience)
            await self._serve(visit)
        return visit.response

    async def _serve(self, visit: Visit) -> None:
        try:
            await self._answer(visit, visit.incoming)
        except (InboxError, StoreError) as exc:
            # In silence, so that WeChat asks again; if that is in vain, too, it tells the person.
            if self._desk.receive is not None:
                self._health.down(exc)
            await visit.silence()

    async def _answer(self, visit: Visit, incoming: Incoming) -> None:
        visit.accept()
        if incoming.message is not None:
            await self._desk.serve(visit, incoming.message)
        elif incoming.kind == "follow":
            self._followers.came(incoming.person)
            if self.options.greeting:
                await visit.say(self.options.greeting)
        elif incoming.kind == "unfollow":
            self._followers.left(incoming.person)
            await self._shelf.drop(incoming.person)

    async def _awaited(self, person: str, questions: Collection[str]) -> Collection[str]:
        return await self.host.awaited(Chat(self.host.name, person, account=self.account), questions)
