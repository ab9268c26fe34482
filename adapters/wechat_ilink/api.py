"""iLink's interfaces, called in the name of the session that there is.

https://github.com/Tencent/openclaw-weixin/blob/main/docs/protocol.md
"""

from __future__ import annotations

import base64
import secrets
from typing import Any

from adapters.wechat_ilink.errors import SessionExpired, checked
from adapters.wechat_ilink.session import Session, Sessions
from adapters.wechat_ilink.transport import CALL_SECONDS, Transport

# Who does not say which client it is, in both ways and with every call, is told that the session is over. The
# version is that of the official client whose protocol this is, once in dots and once as 0x00MMNNPP.
_VERSION = "2.4.9"
_VERSION_NUMBER = "132105"
_BASE_INFO = {"channel_version": _VERSION, "bot_agent": "bot-gateway/0.1"}


class Api:
    """Every method raises `AdapterError`; `SessionExpired` ends the session before it is raised."""

    def __init__(self, transport: Transport, sessions: Sessions) -> None:
        self._transport = transport
        self._sessions = sessions

    async def get_updates(self, buf: str, within: float) -> dict[str, Any]:
        """What people said after *buf*. Raises `NoAnswer` after *within* seconds, which is usual."""
        return await self._call("getupdates", {"get_updates_buf": buf}, within)

    async def send(self, message: dict[str, Any]) -> str:
        """Send *message*; WeChat's id of it, "" where it gives none: then it may never be shown."""
        answer = await self._call("sendmessage", {"msg": message})
        return str(answer.get("message_id") or "")

    async def typing_ticket(self, user: str, context_token: str) -> str:
        """What it takes to show *user* that we are writing; "" where that cannot be."""
        body = {"ilink_user_id": user, **({"context_token": context_token} if context_token else {})}
        ticket = (await self._call("getconfig", body)).get("typing_ticket")
        return ticket if isinstance(ticket, str) else ""

    async def show_typing(self, user: str, ticket: str, *, writing: bool) -> None:
        """Show *user* that we are writing, or are not any more."""
        body = {"ilink_user_id": user, "typing_ticket": ticket, "status": 1 if writing else 2}
        await self._call("sendtyping", body)

    async def upload_place(self, file: dict[str, Any]) -> dict[str, Any]:
        """Where to upload what *file* describes."""
        return await self._call("getuploadurl", file)

    async def notify(self, event: str) -> None:
        """Tell WeChat that we listen ("start") or stop listening ("stop")."""
        await self._call(f"msg/notify{event}", {})

    async def new_code(self, root: str, known: Session | None) -> dict[str, Any]:
        """A code to scan. Who scans it and has *known* already gets no other session."""
        body = {"local_token_list": [known.token] if known else [], "base_info": _BASE_INFO}
        url = f"{root}/ilink/bot/get_bot_qrcode"
        answer = await self._transport.call(
            "POST", url, body, query={"bot_type": "3"}, headers=_headers(), within=CALL_SECONDS
        )
        return checked(answer)

    async def code_status(self, root: str, code: str, digits: str, within: float) -> dict[str, Any]:
        """What became of *code*; answered when something did. *digits*: those that the phone shows."""
        query = {"qrcode": code, **({"verify_code": digits} if digits else {})}
        url = f"{root}/ilink/bot/get_qrcode_status"
        answer = await self._transport.call("GET", url, query=query, headers=_headers(), within=within)
        return checked(answer)

    async def _call(self, path: str, body: dict[str, Any], within: float = CALL_SECONDS) -> dict[str, Any]:
        session = await self._sessions.require()
        answer = await self._transport.call(
            "POST",
            f"{session.root}/ilink/bot/{path}",
            body={**body, "base_info": _BASE_INFO},
            headers=_headers(session.token),
            within=within,
        )
        try:
            return checked(answer)
        except SessionExpired:
            await self._sessions.end(session)
            raise


def _headers(token: str = "") -> dict[str, str]:
    number = str(secrets.randbits(32)).encode()
    headers = {
        "Content-Type": "application/json",
        "AuthorizationType": "ilink_bot_token",
        "X-WECHAT-UIN": base64.b64encode(number).decode(),
        "iLink-App-Id": "bot",
        "iLink-App-ClientVersion": _VERSION_NUMBER,
    }
    return {**headers, "Authorization": f"Bearer {token}"} if token else headers
