"""Where WeChat calls: is it WeChat, and what does it bring? Nothing is read before the signature is right.

https://developers.weixin.qq.com/doc/subscription/guide/dev/push/ and …/push/encryption.html
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from adapters.wechat_official import xml
from adapters.wechat_official.crypto import Cipher, Unreadable
from adapters.wechat_official.options import WechatOfficialOptions
from adapters.wechat_official.signing import OLDEST, Signatures, is_genuine, is_signed, time_of
from gateway.errors import GatewayError
from gateway.http import read_bounded
from gateway.pacing import denied_for, seldom

log = logging.getLogger(__name__)

LARGEST_BODY = 2**18
"""Bytes; a message is a few thousand, three times that where it comes plain and encrypted."""
_LONGEST_ECHO = 256


@dataclass(frozen=True, slots=True)
class Letter:
    """What WeChat posted: texts by their names, and when it signed them, in seconds since 1970."""

    fields: dict[str, str]
    signed: float


class Refused(GatewayError):
    """Whoever calls is not WeChat, or WeChat is set up in another way than we are."""


class Door:
    """Lets in what WeChat brings to one account."""

    def __init__(self, channel: str, options: WechatOfficialOptions) -> None:
        self._channel = channel
        self._token = options.token.get_secret_value()
        key = options.encoding_aes_key
        self.cipher = Cipher(key.get_secret_value(), options.app_id) if key else None
        self._signatures = Signatures()
        self._complaints = seldom()

    def prove(self, request: web.Request) -> web.Response:
        """Answer WeChat's question whether we are the account's server: its own words, in any mode."""
        try:
            self._check(request.query)
        except Refused as exc:
            return self.turn_away(exc)
        return web.Response(text=request.query.get("echostr", "")[:_LONGEST_ECHO])

    def turn_away(self, why: Refused) -> web.Response:
        """Answer who is refused, and say *why* in the log, which nobody can fill."""
        if not denied_for(self._complaints):
            log.warning("%s: %s", self._channel, why)
        return web.Response(status=403)

    async def receive(self, request: web.Request) -> Letter:
        """What WeChat posts, decrypted. Raises `Refused`; `ValueError`: WeChat says what nobody can read."""
        signed = self._check(request.query)
        fields = xml.read(await _body(request))
        if self.cipher is not None:
            fields = self._decrypted(self.cipher, request.query, fields)
        elif not self._signatures.fit(request.query, fields):
            raise Refused("somebody uses a signature of WeChat's again, for something else")
        return Letter(fields, signed)

    def _check(self, query: Mapping[str, str]) -> float:
        """When *query* was signed. Raises `Refused`: not by WeChat, or not lately."""
        if not is_genuine(query, self._token):
            raise Refused("what was asked is not signed with the token")
        signed = time_of(query)
        since = time.time() - signed
        if abs(since) > OLDEST:
            raise Refused(f"it was signed {since:.0f} s ago: is this machine's clock right?")
        return signed

    def _decrypted(self, cipher: Cipher, query: Mapping[str, str], fields: dict[str, str]) -> dict[str, str]:
        """What *fields* hold encrypted; what stands plain beside it anybody could have put there."""
        sealed = fields.get("Encrypt", "")
        if not sealed:
            raise Refused(
                "a message is not encrypted: choose 安全模式 at WeChat, or take encoding_aes_key out"
            )
        signed = (self._token, query.get("timestamp", ""), query.get("nonce", ""), sealed)
        if not is_signed(query.get("msg_signature", ""), *signed):
            raise Refused("what is encrypted is not signed with the token")
        try:
            return xml.read(cipher.decrypt(sealed))
        except Unreadable as exc:
            raise Refused(f"a message cannot be decrypted, check encoding_aes_key and app_id: {exc}") from exc


async def _body(request: web.Request) -> bytes:
    """What was posted. Raises `Refused` before more than `LARGEST_BODY` is in memory."""
    try:
        body = await read_bounded(request.content, LARGEST_BODY)
    except (ConnectionError, web.RequestPayloadError) as exc:
        raise Refused("what was posted breaks off") from exc
    if body is None:
        raise Refused(f"more than {LARGEST_BODY} bytes were posted")
    return body
