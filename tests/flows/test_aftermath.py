"""What looks for secrets after every flow finds them, in whatever shape."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.flows.aftermath import leaks, open_to_others
from tests.flows.process import GatewayProcess
from tests.servers.dingtalk import DingTalkServer
from tests.servers.ilink import IlinkServer
from tests.servers.known import platforms
from tests.servers.telegram import TelegramServer
from tests.servers.wechat_official import WeChatServer as OfficialServer
from tests.servers.wechat_web import WeChatServer

PASSWORD = "p@ss:of the proxy"


def configured(folder: Path, *roots: str) -> Path:
    """A configuration that names *roots*."""
    proxy = f"socks5://me:{quote(PASSWORD, safe='')}@127.0.0.1:1"
    channels = {
        f"bot{number}": {"type": "telegram", "token": f"{number + 1}:AA{'x' * 30}", "api_root": root}
        for number, root in enumerate(roots)
    }
    config = {"api_key": "key-of-the-model", "proxy": proxy, "channels": channels}
    process = GatewayProcess(folder, config)
    return process.file


@pytest.mark.parametrize(
    "shown",
    [
        "key-of-the-model",
        PASSWORD,
        quote(PASSWORD, safe=""),
        base64.b64encode(f"me:{PASSWORD}".encode()).decode(),
        f"https://api.telegram.org/bot1:AA{'x' * 30}/getMe",
        json.dumps({"text": "key-of-the-model"}),
    ],
)
def test_what_the_configuration_knows_is_found(tmp_path: Path, shown: str) -> None:
    file = configured(tmp_path, "http://127.0.0.1:1")
    assert leaks(file, {}, f"before {shown} after")
    assert leaks(file, {}, "nothing of it") == []


def test_every_platform_has_secrets_and_they_are_found(tmp_path: Path) -> None:
    telegram, official = TelegramServer(token="12345:AAtheTokenOfABot", port=11), OfficialServer(port=12)
    dingtalk, web, ilink = DingTalkServer(port=13), WeChatServer(port=14), IlinkServer(ports=(15, 16, 17))
    dingtalk.robot()
    ilink.login()
    servers = (ilink, web, official, dingtalk, telegram)
    assert set(servers) <= set(platforms())
    file = configured(tmp_path, *(server.root for server in servers))
    for server in servers:
        for secret in filter(lambda text: len(text) >= 8, server.given_out()):
            assert leaks(file, {}, f"before {quote(secret)} after") != []
    assert all(list(server.given_out()) for server in (ilink, official, dingtalk, telegram))


def test_what_others_can_use_is_found(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert open_to_others(data) == []
    data.mkdir(mode=0o700)
    (data / "key").touch(mode=0o600)
    assert open_to_others(data) == []
    (data / "key").chmod(0o640)
    data.chmod(0o711)
    assert open_to_others(data) == ["data 711", "data/key 640"]
