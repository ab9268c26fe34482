"""A bot made with openilink-sdk-python: run by the tests as a program of its own.

It echoes texts, showing first that it is typing. The library is older than two of the headers that every
request must have by now; they are put in where it lets us.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from openilink import (
    Client,
    DefaultHTTPDoer,
    LoginCallbacks,
    MonitorOptions,
    Response,
    TypingStatus,
    WeixinMessage,
    extract_text,
)

APP = {"iLink-App-Id": "bot", "iLink-App-ClientVersion": "65536"}


class Doer(DefaultHTTPDoer):
    def do(self, method: str, url: str, *, headers: Any = None, **rest: Any) -> Response:
        return super().do(method, url, headers={**(headers or {}), **APP}, **rest)


def say(**what: object) -> None:
    sys.stdout.write(f"@{json.dumps(what)}\n")
    sys.stdout.flush()


def echo(message: WeixinMessage) -> None:
    ticket = client.get_config(message.from_user_id, message.context_token).typing_ticket
    client.send_typing(message.from_user_id, ticket)
    client.push(message.from_user_id, f"{extract_text(message)} {message.message_id}")
    client.send_typing(message.from_user_id, ticket, TypingStatus.CANCEL)


def expired() -> None:
    say(expired=True)
    client.stop()


client = Client(base_url=sys.argv[1], cdn_base_url=sys.argv[2], http_doer=Doer())
result = client.login_with_qr(LoginCallbacks(on_qrcode=lambda text: say(code=text)))
say(login={"connected": result.connected, "bot": result.bot_id, "user": result.user_id})
client.monitor(echo, MonitorOptions(on_buf_update=lambda buf: say(buf=buf), on_session_expired=expired))
