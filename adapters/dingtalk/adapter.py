"""The DingTalk channel: what comes in by stream or callback, and what goes out by whichever way is open."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from aiohttp import web

from adapters.dingtalk.api import Api
from adapters.dingtalk.begun import Begun
from adapters.dingtalk.callback import Callback
from adapters.dingtalk.cards import Cards, card_of
from adapters.dingtalk.errors import SessionGone, checked
from adapters.dingtalk.intake import Intake
from adapters.dingtalk.limits import Limits
from adapters.dingtalk.options import DingTalkOptions
from adapters.dingtalk.outgoing import (
    MAX_LENGTH,
    file_message,
    media_kind,
    openapi_message,
    packed,
    target,
    webhook_message,
)
from adapters.dingtalk.parse import Account
from adapters.dingtalk.stream import Stream
from adapters.dingtalk.transport import Transport
from adapters.dingtalk.ways import Way, Ways
from gateway import (
    Adapter,
    Attachment,
    Audio,
    Capabilities,
    Chat,
    File,
    Host,
    Image,
    Receipt,
    Receive,
    Reply,
    Sender,
    hook_path,
)
from gateway.errors import ChatGone, RateLimited, Rejected
from gateway.health import Health

_FILES = "/v1.0/robot/messageFiles/download"


class DingTalk(Adapter[DingTalkOptions]):
    """One robot."""

    options_type = DingTalkOptions

    def __init__(self, host: Host, options: DingTalkOptions) -> None:
        super().__init__(host, options)
        self.capabilities = Capabilities(
            max_length=MAX_LENGTH,
            markup="dingtalk",
            edit=options.card_template_id is not None,
            group_preview_seconds=1.5,
            files=True,
        )
        self._transport = Transport(options.proxy_address, options.api_root, options.upload_root)
        self._api = Api(self._transport, options)
        self._limits = Limits(options.pacing)
        self._cards = Cards(self._api, self._limits, Begun(host), options)
        self._ways = Ways(host)
        self._health = Health(host)
        self._callback: Callback | None = None

    @property
    def account(self) -> str:
        """See `Adapter.account`: the client id."""
        return self.options.client_id

    async def run(self, receive: Receive) -> None:
        """See `Adapter.run`."""
        self._transport.open()
        intake = Intake(Account(self.host.name, self.account), self._ways, receive)
        if self.options.mode == "stream":
            await Stream(self._api, self._transport, intake, self._health, self.options.silence).run()
        else:
            await self._serve(intake)

    async def close(self) -> None:
        """See `Adapter.close`."""
        await self._transport.close()

    async def send(self, chat: Chat, reply: Reply) -> Receipt:
        """See `Adapter.send`. What is to grow is a card; all else is a message, which stays as it is."""
        way = await self._ways.find(chat)
        if way.staff_id:  # one that was named by its id alone, which does not say that it is private
            chat = replace(chat, kind="private")
        await self._cards.end_left()
        if reply.growing:
            return await self._cards.begin(chat, way.staff_id, self._asker(chat, reply), reply.text)
        if reply.file is not None:
            return await self._send_file(chat, way, reply, reply.file)
        asker = self._asker(chat, reply)
        if way.open and self._transport.places.permit(way.webhook):
            try:
                return await self._send_by_webhook(chat, way, webhook_message(reply.text, asker))
            except SessionGone:
                self._ways.shut(chat, way.webhook)
        return await self._send_by_openapi(chat, way, openapi_message(reply.text, asker))

    async def edit(self, chat: Chat, receipt: Receipt, reply: Reply, *, final: bool = True) -> None:
        """See `Adapter.edit`: only cards can be changed."""
        card = card_of(receipt)
        if final:
            await self._cards.finish(card, reply.text)
        else:
            await self._cards.grow(card, reply.text)

    async def fetch(self, part: Image | Audio | File) -> bytes:
        """See `Adapter.fetch`. https://open.dingtalk.com/document/orgapp/download-the-file-content-of-the-robot-receiving-message"""
        if not part.ref:
            raise Rejected("there is no file")
        body = {"robotCode": self.options.robot, "downloadCode": part.ref}
        url = (await self._api.call("POST", _FILES, body)).get("downloadUrl")
        if not isinstance(url, str):
            raise Rejected("the file cannot be downloaded")
        return await self._transport.download(url, media=not isinstance(part, File))

    def routes(self) -> Iterable[web.RouteDef]:
        """See `Adapter.routes`."""
        if self.options.mode == "http":
            yield web.post(hook_path(self.host.name), self._posted)

    async def verify(self) -> str:
        """See `Adapter.verify`: a robot cannot ask for its name, so that is its id."""
        self._transport.open()
        await self._api.token()
        return self.options.robot

    async def _serve(self, intake: Intake) -> None:
        secret = self.options.client_secret.get_secret_value()
        self._callback = Callback(self.host.name, secret, intake, self._health)
        try:
            await self._health.trying(self._api.token)
            self._health.up()
            await asyncio.Event().wait()
        finally:
            self._callback = None

    async def _posted(self, request: web.Request) -> web.Response:
        if self._callback is None:
            return web.Response(status=503)
        return await self._callback.answer(request)

    def _asker(self, chat: Chat, reply: Reply) -> Sender | None:
        """Whom a reply in a group calls: robots cannot quote, so who would be quoted is called instead."""
        if chat.kind == "private":
            return None
        return reply.mention or self._ways.asker(reply.reply_to)

    async def _send_by_webhook(self, chat: Chat, way: Way, message: dict[str, Any]) -> Receipt:
        """Answer where somebody wrote, for which no permission is needed."""
        group = chat.id if chat.kind == "group" else None
        await self._limits.admit(group)
        try:
            checked(await self._transport.call("POST", way.webhook, message))
        except RateLimited as exc:
            self._limits.flood(exc.retry_after or 0, group)
            raise
        return Receipt(f"webhook:{uuid.uuid4().hex}")

    async def _send_by_openapi(self, chat: Chat, way: Way, message: dict[str, Any]) -> Receipt:
        """Write to a chat in which nobody wrote lately."""
        if chat.kind == "private" and not way.staff_id:
            raise ChatGone("people outside the organisation can be answered for 90 minutes only")
        group = chat.id if chat.kind == "group" else None
        await self._limits.admit(group)
        path, whom = target(chat, self.options.robot, way.staff_id)
        try:
            answer = await self._api.call("POST", path, {**whom, **message})
        except RateLimited as exc:
            self._limits.flood(exc.retry_after or 0)
            raise
        if way.staff_id in (answer.get("invalidStaffIdList") or ()):
            raise ChatGone("there is no such person in the organisation")
        if way.staff_id in (answer.get("flowControlledStaffIdList") or ()):
            raise RateLimited("this person was sent too much", 60)
        return Receipt(f"query:{answer.get('processQueryKey') or uuid.uuid4().hex}")

    async def _send_file(self, chat: Chat, way: Way, reply: Reply, file: Attachment) -> Receipt:
        """Webhooks take no files, so they go the other way; only a picture takes the text along."""
        file = await asyncio.to_thread(packed, file)
        media_id = await self._api.upload(media_kind(file), file.name, file.data)
        if reply.text and media_kind(file) == "file":
            await self._send_by_openapi(chat, way, openapi_message(reply.text, self._asker(chat, reply)))
        return await self._send_by_openapi(chat, way, file_message(file, media_id, reply.text))
