"""The Telegram channel: what comes in by poll or webhook, and what goes out."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from aiohttp import web
from telegram import InputFile

from adapters.telegram import webhook
from adapters.telegram.bot import Bot
from adapters.telegram.limits import Limits
from adapters.telegram.options import TelegramOptions
from adapters.telegram.outgoing import MAX_LENGTH, caption, content, remedy, target
from adapters.telegram.parse import Account
from adapters.telegram.payloads import ME, RawMe
from adapters.telegram.polling import ALLOWED_UPDATES, Polling
from adapters.telegram.request import Request
from adapters.telegram.webhook import Webhook
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
    hook_path,
)
from gateway.errors import AdapterError, NetworkError, OutcomeUnknown, RateLimited, Rejected
from gateway.health import Health

log = logging.getLogger(__name__)


class Telegram(Adapter[TelegramOptions]):
    """One bot."""

    options_type = TelegramOptions
    capabilities = Capabilities(
        max_length=MAX_LENGTH,
        length_unit="utf16",
        markup="telegram",
        edit=True,
        draft=frozenset({"private"}),
        typing=True,
        delete=True,
        files=True,
        quote=True,
    )

    def __init__(self, host: Host, options: TelegramOptions) -> None:
        super().__init__(host, options)
        self._calls = Request(options.proxy_address)
        self._polls = Request(options.proxy_address)
        self._bot = Bot(options.token.get_secret_value(), options.api_root, self._calls, self._polls)
        self._limits = Limits(options.pacing)
        self._health = Health(host)
        self._webhook: Webhook | None = None

    @property
    def account(self) -> str:
        """See `Adapter.account`; a token begins with it."""
        id = self.options.token.get_secret_value().partition(":")[0]
        return id if id.isdecimal() else ""

    async def run(self, receive: Receive) -> None:
        """See `Adapter.run`."""
        await self._open()
        async with self._polls:
            me = await self._health.trying(self._introduce)
            account = Account(self.host.name, me["id"], me.get("username", ""))
            await self._health.trying(lambda: webhook.hand_over_kept(self.host, account, receive))
            await self._show_menu()
            if self.options.mode == "webhook":
                await self._serve(account, receive)
            else:
                await self._health.trying(lambda: self._bot.delete_webhook(drop_pending_updates=False))
                polling = Polling(self._bot, self._polls, self.host, account, self.options.poll_timeout)
                await polling.run(receive, self._health)

    async def close(self) -> None:
        """See `Adapter.close`."""
        await self._calls.shutdown()

    async def send(self, chat: Chat, reply: Reply) -> Receipt:
        """See `Adapter.send`."""
        await self._limits.admit(chat)
        if reply.file is not None:
            sent = await self._send_file(chat, reply, reply.file)
        else:
            sent = await self._post(chat, "sendMessage", content(chat, reply) | target(chat, reply))
        try:
            return Receipt(str(sent["message_id"]))
        except (KeyError, TypeError) as exc:
            raise OutcomeUnknown("sendMessage answers no message") from exc

    async def edit(self, chat: Chat, receipt: Receipt, reply: Reply, *, final: bool = True) -> None:
        """See `Adapter.edit`."""
        if final:
            await self._limits.admit(chat)
        else:
            self._limits.squeeze(chat)
        parameters = {"chat_id": int(chat.id), "message_id": int(receipt.id), **content(chat, reply)}
        try:
            await self._post(chat, "editMessageText", parameters)
        except Rejected as exc:
            if "message is not modified" not in str(exc).lower():
                raise

    async def delete(self, chat: Chat, receipt: Receipt) -> None:
        """See `Adapter.delete`. https://core.telegram.org/bots/api#deletemessage: within 48 hours."""
        await self._post(chat, "deleteMessage", {"chat_id": int(chat.id), "message_id": int(receipt.id)})

    async def draft(self, chat: Chat, number: int, reply: Reply) -> None:
        """See `Adapter.draft`."""
        self._limits.squeeze(chat)
        parameters = {**target(chat), **content(chat, reply), "draft_id": number}
        del parameters["link_preview_options"]
        await self._post(chat, "sendMessageDraft", parameters)

    async def typing(self, chat: Chat) -> None:
        """See `Adapter.typing`."""
        await self._post(chat, "sendChatAction", {**target(chat), "action": "typing"})

    async def fetch(self, part: Image | Audio | File) -> bytes:
        """See `Adapter.fetch`."""
        return await self._bot.download(part.ref)

    def routes(self) -> Iterable[web.RouteDef]:
        """See `Adapter.routes`."""
        if self.options.mode == "webhook":
            yield web.post(hook_path(self.host.name), self._posted)

    async def verify(self) -> str:
        """See `Adapter.verify`."""
        await self._open()
        me = await self._introduce()
        return f"@{me.get('username', '')}"

    async def _show_menu(self) -> None:
        """Register the commands: https://core.telegram.org/bots/api#setmycommands. They work without it."""
        for language, commands in self.host.menu.items():
            listed = [{"command": name, "description": text} for name, text in commands]
            # What is registered for no language is for everybody who speaks none of the others.
            spoken = {} if language == "en" else {"language_code": language}
            try:
                await self._bot.call("setMyCommands", {"commands": listed, **spoken})
            except AdapterError as exc:
                log.info("%s: the menu of commands is not registered: %s", self.host.name, exc)

    async def _open(self) -> None:
        """Open the pool for calls; it stays open, for what is still sent after `run`, until `close`."""
        if not self._calls.opened:
            await self._calls.initialize()

    async def _introduce(self) -> RawMe:
        try:
            me = ME.validate_python(await self._bot.call("getMe", {}))
        except ValueError as exc:
            raise NetworkError("getMe answers something else than a bot") from exc
        if not me.get("can_read_all_group_messages", True):
            log.warning(
                "%s: privacy mode is on, so groups show @%s only commands and replies to it, no mentions. To "
                "change that: @BotFather, /setprivacy, choose the bot, Disable; then remove it from the "
                "group and add it again.",
                self.host.name,
                me.get("username", ""),
            )
        return me

    async def _serve(self, me: Account, receive: Receive) -> None:
        secret = await self._health.trying(lambda: webhook.secret(self.host, self.options.webhook_secret))
        self._webhook = Webhook(secret, self.host, me, receive, self._health)
        url = webhook.address(self.options.webhook_url or "", self.host.name)
        try:
            await self._health.trying(
                lambda: self._bot.set_webhook(url, secret_token=secret, allowed_updates=ALLOWED_UPDATES)
            )
            self._health.up()
            await self._webhook.run()
        finally:
            self._webhook = None

    async def _posted(self, request: web.Request) -> web.Response:
        if self._webhook is None:
            return web.Response(status=503)
        return await self._webhook.answer(request)

    async def _send_file(self, chat: Chat, reply: Reply, file: Attachment) -> Any:
        """Send a picture as one, anything else as a document. https://core.telegram.org/bots/api#sendphoto"""
        said = caption(chat, reply)
        if said is None:
            await self._post(chat, "sendMessage", content(chat, reply) | target(chat, reply))
        parameters, data = target(chat, reply) | (said or {}), InputFile(file.data, file.name)
        if file.mime.startswith("image/"):
            try:
                return await self._post(chat, "sendPhoto", parameters | {"photo": data})
            except Rejected as exc:
                log.info("%s: the picture is sent as a file: %s", self.host.name, exc)
        return await self._post(chat, "sendDocument", parameters | {"document": data})

    async def _post(self, chat: Chat, method: str, parameters: dict[str, Any]) -> Any:
        """Call *method*; without what is at fault where Telegram definitely refuses just that."""
        while True:
            try:
                return await self._bot.call(method, parameters)
            except RateLimited as exc:
                self._limits.flood(chat, exc.retry_after or 0)
                raise
            except Rejected as exc:
                fault = remedy(str(exc), parameters)
                if fault is None:
                    raise
                log.warning("%s refused (%s): once more without %s", method, exc, fault)
                parameters = {name: value for name, value in parameters.items() if name != fault}
