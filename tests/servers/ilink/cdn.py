"""The CDN: ciphertexts in and out. Files are enciphered by whom sends them, AES-128-ECB with PKCS#7.

https://github.com/Tencent/openclaw-weixin/blob/main/docs/protocol.md#cdn-media-flow
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from urllib.parse import quote

from Crypto.Cipher import AES
from Crypto.Util.Padding import pad, unpad

from .world import Json, Upload, World

BLOCK = 16


class CdnRefusal(Exception):
    """What the CDN does not take: a *status* and words, in a header of its answer."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(status, words)
        self.status = status
        self.words = words


def padded(size: int) -> int:
    """How long the ciphertext of *size* bytes is."""
    return (size // BLOCK + 1) * BLOCK


def encipher(plain: bytes, key: bytes) -> bytes:
    """*plain*, padded and enciphered."""
    return AES.new(key, AES.MODE_ECB).encrypt(pad(plain, BLOCK))


def decipher(stored: bytes, key: bytes) -> bytes | None:
    """What *stored* says; None where it says nothing with that key."""
    try:
        return unpad(AES.new(key, AES.MODE_ECB).decrypt(stored), BLOCK)
    except ValueError:
        return None


def hex_key(given: object) -> bytes | None:
    """The key in an aes_key as clients send it: base64 of 32 hex digits."""
    try:
        digits = base64.b64decode(given, validate=True) if isinstance(given, str) else b""
    except (binascii.Error, ValueError):
        return None
    return bytes.fromhex(digits.decode()) if re.fullmatch(rb"[0-9a-fA-F]{32}", digits) else None


def upload_url(world: World, param: str, upload: Upload) -> str:
    """The whole address to post a ciphertext to."""
    return f"{world.cdn}/upload?encrypted_query_param={quote(param, safe='')}&filekey={upload.filekey}"


def download_url(world: World, param: str) -> str:
    """The whole address to get a ciphertext from."""
    return f"{world.cdn}/download?encrypted_query_param={quote(param, safe='')}"


def receive(world: World, params: Json, body: bytes, content_type: str) -> str:
    """Take the upload that getuploadurl announced; the x-encrypted-param. Raises `CdnRefusal`."""
    upload = world.uploads.get(str(params.get("encrypted_query_param")))
    if upload is None or params.get("filekey") != upload.filekey:
        raise CdnRefusal(403, "invalid encrypted_query_param or filekey")
    if content_type != "application/octet-stream":
        raise CdnRefusal(400, "invalid content type")
    if len(body) != upload.filesize:
        raise CdnRefusal(400, "filesize mismatch")
    plain = decipher(body, upload.key)
    if plain is None or len(plain) != upload.rawsize:
        raise CdnRefusal(400, "rawsize mismatch")
    if hashlib.md5(plain, usedforsecurity=False).hexdigest() != upload.md5:
        raise CdnRefusal(400, "md5 mismatch")
    return world.store(plain, upload.key, body)


def fetch(world: World, params: Json) -> bytes:
    """The ciphertext that an encrypt_query_param stands for. Raises `CdnRefusal`."""
    medium = world.media.get(str(params.get("encrypted_query_param")))
    if medium is None:
        raise CdnRefusal(404, "invalid encrypted_query_param")
    return medium.stored
