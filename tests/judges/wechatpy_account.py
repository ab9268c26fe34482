"""The server of an official account made with wechatpy, run by the tests as a program of its own.

python wechatpy_account.py TOKEN KEY APP_ID; without a key in plain mode. It says the port it listens on, and
answers a text with the same text, anything else with what kind it is, "silence" with nothing to show.
"""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl, urlsplit

from wechatpy import create_reply, parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import InvalidSignatureException
from wechatpy.utils import check_signature

token, key, app_id = sys.argv[1:4]
crypto = WeChatCrypto(token, key, app_id) if key else None


def say(**what: object) -> None:
    sys.stdout.write(f"@{json.dumps(what)}\n")
    sys.stdout.flush()


def answer(query: dict[str, str], body: str) -> str:
    """What is to be answered to *body*."""
    if crypto is not None:
        signed = (query["msg_signature"], query["timestamp"], query["nonce"])
        body = crypto.decrypt_message(body, *signed)
    message = parse_message(body)
    text = getattr(message, "content", None)
    say(
        heard=message.type,
        text=text,
        id=str(message.id),
        person=message.source,
        event=getattr(message, "event", ""),
    )
    if text == "silence":
        return "success"
    reply = create_reply(text or message.type, message).render()
    return reply if crypto is None else crypto.encrypt_message(reply, query["nonce"], query["timestamp"])


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer(lambda query: query["echostr"])

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self._answer(lambda query: answer(query, body))

    def _answer(self, act) -> None:  # type: ignore[no-untyped-def]
        query = dict(parse_qsl(urlsplit(self.path).query))
        try:
            check_signature(token, query["signature"], query["timestamp"], query["nonce"])
            said, status = act(query).encode(), 200
        except InvalidSignatureException:
            said, status = b"", 403
        self.send_response(status)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, format: str, *args: object) -> None:
        pass


server = HTTPServer(("127.0.0.1", 0), Handler)
say(port=server.server_port)
server.serve_forever()
