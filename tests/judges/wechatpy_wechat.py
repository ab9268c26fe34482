"""wechatpy in the place of WeChat, run by the tests as a program of its own.

python wechatpy_wechat.py TOKEN KEY APP_ID. It reads lines of JSON and answers each with one.
"""

from __future__ import annotations

import json
import sys

import xmltodict
from wechatpy import parse_message
from wechatpy.crypto import PrpCrypto, WeChatCrypto
from wechatpy.exceptions import InvalidSignatureException
from wechatpy.utils import WeChatSigner, check_signature

token, key, app_id = sys.argv[1:4]
crypto = WeChatCrypto(token, key, app_id)


def sign(parts: list[str]) -> str:
    signer = WeChatSigner()
    signer.add_data(*parts)
    return signer.signature


def check(signature: str, timestamp: str, nonce: str) -> bool:
    try:
        check_signature(token, signature, timestamp, nonce)
    except InvalidSignatureException:
        return False
    return True


def open_answer(body: str) -> dict[str, str]:
    """An encrypted answer of ours, as WeChat reads it."""
    fields = xmltodict.parse(body)["xml"]
    signed = (fields["MsgSignature"], fields["TimeStamp"], fields["Nonce"])
    return dict(xmltodict.parse(crypto.decrypt_message(body, *signed))["xml"])


def parse(xml: str) -> dict[str, str]:
    message = parse_message(xml)
    return {"type": message.type, "id": str(message.id), "content": getattr(message, "content", "")}


ACTS = {
    "sign": sign,
    "check": check,
    "seal": crypto.encrypt_message,
    "encrypt": lambda text: PrpCrypto(crypto.key).encrypt(text, app_id).decode(),
    "decrypt": lambda sealed: PrpCrypto(crypto.key).decrypt(sealed, app_id),
    "open": open_answer,
    "fields": lambda body: dict(xmltodict.parse(body)["xml"]),
    "parse": parse,
}

for line in sys.stdin:
    act, arguments = json.loads(line)
    answer = ACTS[act](*arguments)
    sys.stdout.write(f"@{json.dumps({'answer': answer.decode() if isinstance(answer, bytes) else answer})}\n")
    sys.stdout.flush()
