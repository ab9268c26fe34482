"""No secret is ever shown, however much goes wrong and however much is logged."""

from __future__ import annotations

import base64
from typing import Any

import aiohttp

from tests.flows.conftest import Configure
from tests.flows.process import get
from tests.ports import free_port
from tests.servers.model import ModelServer, Refusal
from tests.servers.telegram import TelegramServer

SECRETS = {
    "token": "12345:AAtheTokenOfTheFirstBot",
    "hook token": "777:AAtheTokenOfTheSecondBot",
    "lost token": "888:AAtheTokenBehindTheProxy",
    "wrong token": "999:AAtheTokenThatIsWrong",
    "api key": "key-of-the-model-that-is-refused",
    "other key": "key-of-the-model-behind-a-proxy",
    "header": "word-in-a-header-of-ours",
    "webhook secret": "the-word-of-the-webhook",
    "web password": "p4ssword-of-the-pages",
    "proxy password": "p@ss-of-the-proxy",
    "model proxy password": "pass-of-the-other-proxy",
}


def shapes(secret: str) -> list[str]:
    """What a secret can look like in a text."""
    quoted = secret.replace("@", "%40").replace(":", "%3A")
    logins = [base64.b64encode(f"{user}:{secret}".encode()).decode() for user in ("me", "")]
    return [secret, secret.partition(":")[2] or secret, quoted, *logins]


def options(telegram: TelegramServer, second: TelegramServer, port: int, closed: int) -> dict[str, Any]:
    """Channels and models, of which half cannot work."""
    bot = {"type": "telegram", "api_root": telegram.root, "pacing": None, "poll_timeout": 1}
    hook = {"mode": "webhook", "webhook_url": f"http://127.0.0.1:{port}", "api_root": second.root}
    socks, http = (f"{scheme}://me:{{}}@127.0.0.1:{closed}" for scheme in ("socks5", "http"))
    proxy = socks.format(SECRETS["proxy password"].replace("@", "%40"))
    return {
        "api_key": SECRETS["api key"],
        "extra_headers": {"X-Api-Token": SECRETS["header"]},
        "models": {
            "other": {
                "base_url": "http://model.invalid/v1",
                "api_key": SECRETS["other key"],
                "proxy": http.format(SECRETS["model proxy password"]),
                "timeouts": {"connect": 1},
            }
        },
        "fallback": ["other"],
        "channels": {
            "telegram": {**bot, "token": SECRETS["token"]},
            "hook": {
                **bot,
                **hook,
                "token": SECRETS["hook token"],
                "webhook_secret": SECRETS["webhook secret"],
            },
            "lost": {**bot, "token": SECRETS["lost token"], "proxy": proxy},
            "wrong": {**bot, "token": SECRETS["wrong token"]},
        },
        "web": {"port": port, "password": SECRETS["web password"]},
        "log": {"level": "debug", "format": "json"},
    }


def _dead(status: str) -> bool:
    """Whether a message was given up."""
    head, *rows = status.splitlines()[1:]
    return any(row[head.index("DEAD") :].split()[0] != "0" for row in rows)


async def test_no_secret_is_shown_whatever_fails(model: ModelServer, gateway: Configure) -> None:
    async with (
        TelegramServer(token=SECRETS["token"]) as telegram,
        TelegramServer(token=SECRETS["hook token"], username="hook_bot") as second,
    ):
        ann = telegram.user("Ann")
        chat, other = telegram.private(ann), second.private(ann)
        port, closed = free_port(), free_port()
        key = SECRETS["api key"]
        model.fault = lambda body: Refusal(
            401, f"Incorrect API key provided: {key}, of Authorization: Bearer {key}.", "invalid_api_key"
        )
        async with gateway(**options(telegram, second, port, closed)) as process:
            telegram.say(chat, ann, "one")
            await telegram.answers(chat, 1, timeout=30)
            await second.until(lambda: second.webhook is not None)
            second.say(other, ann, "one")
            await second.answers(other, 1, timeout=20)
            url = f"http://127.0.0.1:{port}"
            for password, status in (("guess", 401), (SECRETS["web password"], 503)):
                login = {"Authorization": f"Bearer {password}"}
                assert (await get(f"{url}/readyz", headers=login))[0] == status
            forged = {"X-Telegram-Bot-Api-Secret-Token": "forged"}
            async with (
                aiohttp.ClientSession() as session,
                session.post(f"{url}/hook/hook", headers=forged) as no,
            ):
                assert no.status == 403
            telegram.fail("getUpdates", status=502, body=f"<html>/bot{SECRETS['token']}/</html>".encode())
            telegram.hang("getUpdates")
            refusal = f"Bad Request: /bot{SECRETS['token']}/ is odd"
            telegram.fail("sendMessage", status=400, description=refusal, times=2)
            telegram.say(chat, ann, "/help")
            await process.shows(lambda status: "auth failed" in status and _dead(status))
            said = [process.tells("dead", "list"), process.tells("dead", "show", "all")]
            number = said[0].splitlines()[1].split()[0]
            said += [process.tells(*words) for words in (("dead", "show", number), ("status",), ("check",))]
            said.append((await get(f"{url}/metrics", headers=login))[1])
            assert "is odd" in said[0]
            await telegram.until(lambda: not telegram.faults)
            telegram.fail("getUpdates", status=401, times=None)
            telegram.say(chat, ann, "still there?")
            await process.shows(lambda status: status.count("auth failed") == 2)
            assert await process.terminate() == 0
    shown = "\n".join(
        [process.log, *said, *(message.text for message in telegram.sent(chat) + second.sent(other))]
    )
    assert process.lines('"level":"debug"')
    assert process.lines("Incorrect API key provided: ***")
    assert [
        (name, shape) for name, secret in SECRETS.items() for shape in shapes(secret) if shape in shown
    ] == []
