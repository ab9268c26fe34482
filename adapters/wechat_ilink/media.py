"""Files as they lie on WeChat's CDN: enciphered with AES-128-ECB and PKCS#7, each with a key of its own.

Pure. https://github.com/Tencent/openclaw-weixin/blob/main/docs/protocol.md#cdn-media-flow
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from dataclasses import asdict, dataclass, field

import orjson
from Crypto.Cipher import AES
from Crypto.Util.Padding import pad, unpad
from pydantic import TypeAdapter

from gateway.errors import Rejected

_BLOCK = 16  # bytes, of a key as well


@dataclass(frozen=True, slots=True)
class Ref:
    """Where a file is and what opens it; as JSON it is the `ref` of a part, and as secret as the file.

    `param` is WeChat's name of it, `url` a whole address where there is one, `key` in hex, "" where it lies
    open. `md5` (hex) and `size` (bytes) of what is inside, where they are known.
    """

    param: str = ""
    url: str = ""
    key: str = field(default="", repr=False)
    md5: str = ""
    size: int = 0

    def to_json(self) -> str:
        """JSON that `read` understands."""
        return orjson.dumps({name: value for name, value in asdict(self).items() if value}).decode()

    @staticmethod
    def read(text: str) -> Ref:
        """What `to_json` wrote. Raises `Rejected`."""
        try:
            return _REF.validate_json(text)
        except ValueError:
            raise Rejected("there is no file") from None


_REF = TypeAdapter(Ref)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A file that is ready for the CDN: its ciphertext, and what WeChat is told of it."""

    data: bytes
    key: bytes = field(repr=False)
    size: int
    md5: str

    @property
    def aes_key(self) -> str:
        """The key as official clients write it in a message: its hex digits, in base64."""
        return base64.b64encode(self.key.hex().encode()).decode()


def key_of(hex_key: str | None, aes_key: str | None) -> str:
    """The key in hex, from either of the two ways in which a message has it; "" where it has none.

    *aes_key* is base64 of sixteen bytes, or of their hex digits. Raises `ValueError`: it is no key.
    """
    try:
        found = bytes.fromhex(hex_key) if hex_key else base64.b64decode(aes_key or "", validate=True)
        if len(found) == 2 * _BLOCK:
            found = bytes.fromhex(found.decode())
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise ValueError("a key that is none") from None
    if len(found) not in (0, _BLOCK):
        raise ValueError("a key of another length")
    return found.hex()


def seal(data: bytes) -> Sealed:
    """Encipher *data* with a new key."""
    key = secrets.token_bytes(_BLOCK)
    enciphered = AES.new(key, AES.MODE_ECB).encrypt(pad(data, _BLOCK))
    return Sealed(enciphered, key, len(data), _md5(data))


def unseal(ref: Ref, data: bytes) -> bytes:
    """What is in *data*. Raises `Rejected`: it is not what *ref* says."""
    if ref.key:
        try:
            data = unpad(AES.new(bytes.fromhex(ref.key), AES.MODE_ECB).decrypt(data), _BLOCK)
        except ValueError:
            raise Rejected("the file cannot be deciphered") from None
    if (ref.size and len(data) != ref.size) or (ref.md5 and _md5(data) != ref.md5.lower()):
        raise Rejected("the file is damaged")
    return data


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
