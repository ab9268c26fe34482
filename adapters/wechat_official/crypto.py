"""Messages that only WeChat and we can read.

AES-256-CBC over 16 random bytes, the length in 4, the message, the app id, padded to 32 as in PKCS #7; the
first half of the key is the initial vector.
https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/Technical_Plan.html
"""

from __future__ import annotations

import base64
import hmac
import secrets

from Crypto.Cipher import AES

_BLOCK = 32  # bytes that padding fills up to
_RANDOM = 16  # bytes before the length
_HEAD = _RANDOM + 4


class Unreadable(ValueError):
    """It was not encrypted for us."""


class Cipher:
    """Encrypts and decrypts with the EncodingAESKey of the account *app_id*."""

    def __init__(self, encoding_aes_key: str, app_id: str) -> None:
        self._key = base64.b64decode(encoding_aes_key + "=")
        self._app_id = app_id.encode()

    def encrypt(self, message: str) -> str:
        """*message* as base64 that only who has the key can read."""
        text = message.encode()
        plain = secrets.token_bytes(_RANDOM) + len(text).to_bytes(4, "big") + text + self._app_id
        count = _BLOCK - len(plain) % _BLOCK
        sealed = AES.new(self._key, AES.MODE_CBC, self._key[:_RANDOM]).encrypt(plain + bytes([count]) * count)
        return base64.b64encode(sealed).decode()

    def decrypt(self, encrypted: str) -> bytes:
        """The message in *encrypted*. Raises `Unreadable`: it is not ours, or for another account."""
        try:
            sealed = base64.b64decode(encrypted, validate=True)
        except ValueError as exc:
            raise Unreadable("it is no base64") from exc
        if not sealed or len(sealed) % AES.block_size:
            raise Unreadable("it is not made of blocks")
        return self._unpacked(AES.new(self._key, AES.MODE_CBC, self._key[:_RANDOM]).decrypt(sealed))

    def _unpacked(self, padded: bytes) -> bytes:
        count = padded[-1]
        if not 1 <= count <= _BLOCK or padded[-count:] != bytes([count]) * count:
            raise Unreadable("another key encrypted it")
        plain = padded[:-count]
        end = _HEAD + int.from_bytes(plain[_RANDOM:_HEAD], "big")
        if len(plain) < _HEAD or end > len(plain):
            raise Unreadable("its length is wrong")
        if not hmac.compare_digest(plain[end:], self._app_id):
            raise Unreadable("it is for another account than app_id")
        return plain[_HEAD:end]
