"""How WeChat signs, and encrypts for an account.

https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/Technical_Plan.html
"""

from __future__ import annotations

import base64
import hashlib
import os
import struct

from Crypto.Cipher import AES


def sign(*parts: str) -> str:
    """The signature over *parts*."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def encrypt(key: str, app_id: str, text: str) -> str:
    """*text* for the account *app_id* with its EncodingAESKey."""
    raw = base64.b64decode(f"{key}=")
    body = text.encode()
    plain = b"".join([os.urandom(16), struct.pack(">I", len(body)), body, app_id.encode()])
    missing = 32 - len(plain) % 32
    return base64.b64encode(
        AES.new(raw, AES.MODE_CBC, iv=raw[:16]).encrypt(plain + missing * struct.pack("B", missing))
    ).decode()


def decrypt(key: str, app_id: str, sealed: str) -> str:
    """What was encrypted. Raises `ValueError`."""
    raw = base64.b64decode(f"{key}=")
    plain = AES.new(raw, AES.MODE_CBC, iv=raw[:16]).decrypt(base64.b64decode(sealed, validate=True))
    plain = plain[: -plain[-1]]
    (length,) = struct.unpack(">I", plain[16:20])
    body, owner = plain[20 : 20 + length], plain[20 + length :]
    if owner.decode() != app_id:
        raise ValueError(f"encrypted for {owner!r}")
    return body.decode()
