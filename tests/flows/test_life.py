"""The process: how it starts, what it tells, how it stops."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import sys
from pathlib import Path

from tests.flows.conftest import Configure
from tests.flows.process import GatewayProcess, get, until_status
from tests.ports import free_port
from tests.servers.model import ModelServer
from tests.servers.telegram import TelegramServer


async def test_a_wechatbot_configuration_with_a_channel_runs(
    tmp_path: Path, telegram: TelegramServer, model: ModelServer
) -> None:
    wechatbot = {
        "api_key": "sk-of-somebody-0123456789",
        "auto_pass": True,
        "session_timeout": 60,
        "max_tokens": 1024,
        "model": "text-davinci-003",
        "temperature": 1,
        "reply_prefix": "来自机器人回复：",
        "session_clear_token": "清空会话",
    }
    channel = {"token": telegram.token, "api_root": telegram.root}
    process = GatewayProcess(
        tmp_path, {**wechatbot, "base_url": model.base_url, "channels": {"telegram": channel}}
    )
    ann = telegram.user("Ann", language_code="zh-hans")
    chat = telegram.private(ann)
    async with process:
        telegram.say(chat, ann, "你好")
        sent = await telegram.answers(chat, 1, timeout=20)
        assert sent[0].text == "来自机器人回复：\n你好 (1 turns)"
        telegram.say(chat, ann, "清空会话")
        sent = await telegram.answers(chat, 2)
        assert sent[1].text == "上下文已经清空，请问下一个问题。"
    assert "text-davinci-003" in process.log
    request = model.requests[-1].body
    assert request["model"] != "text-davinci-003"
    assert request["max_completion_tokens"] == 1024
    assert request["temperature"] == 1
    assert "sk-of-somebody" not in process.log


async def test_sigterm_lets_what_runs_finish_and_exits_with_0(
    telegram: TelegramServer, model: ModelServer, gateway: Configure
) -> None:
    model.latency = 1.0
    ann = telegram.user("Ann")
    chat = telegram.private(ann)
    async with gateway() as process:
        telegram.say(chat, ann, "one")
        await model.until(lambda: model.requests)
        assert await process.terminate() == 0
        assert [message.text for message in telegram.sent(chat)] == ["one (1 turns)"]
        await process.start()
        telegram.say(chat, ann, "two")
        sent = await telegram.answers(chat, 2, timeout=20)
    assert sent[1].text == "two (3 turns)"


async def test_what_cannot_finish_in_time_is_answered_after_the_next_start(
    telegram: TelegramServer, model: ModelServer, gateway: Configure
) -> None:
    model.latency = 30.0
    ann = telegram.user("Ann")
    chat = telegram.private(ann)
    async with gateway(shutdown_grace=0.2) as process:
        telegram.say(chat, ann, "one")
        await model.until(lambda: model.requests)
        assert await process.terminate() == 0
        assert telegram.sent(chat) == []
        model.latency = 0.0
        await process.start()
        sent = await telegram.answers(chat, 1, timeout=20)
    assert [message.text for message in sent] == ["one (1 turns)"]


async def test_a_second_process_on_the_same_data_says_so_and_exits(
    telegram: TelegramServer, gateway: Configure
) -> None:
    process = gateway()
    async with process:
        await telegram.until(lambda: telegram.called("getUpdates"), timeout=20)
        second = GatewayProcess(process.folder, json.loads(process.file.read_text()))
        await second.start()
        assert await second.ended() == 1
        assert f"another gateway (process {process.pid}) owns" in second.log


async def test_mistakes_are_all_told_and_nothing_starts(tmp_path: Path, telegram: TelegramServer) -> None:
    process = GatewayProcess(
        tmp_path, {"modell": "x", "temperature": "hot", "channels": {"telegram": {"token": telegram.token}}}
    )
    await process.start()
    assert await process.ended() == 2
    code, said = await process.command("check")
    assert code == 2
    for report in (process.log, said):
        assert 'did you mean "model"' in report
        assert '"temperature"' in report
        assert "^" in report
    assert telegram.calls == []


async def test_status_health_and_metrics_tell_the_state_of_the_channels(
    telegram: TelegramServer, model: ModelServer, gateway: Configure
) -> None:
    ann = telegram.user("Ann")
    chat = telegram.private(ann)
    port = free_port()
    async with gateway(web={"port": port}) as process:
        telegram.say(chat, ann, "hello")
        await telegram.answers(chat, 1, timeout=20)
        assert (await get(f"http://127.0.0.1:{port}/healthz"))[0] == 200
        code, ready = await get(f"http://127.0.0.1:{port}/readyz")
        assert (code, json.loads(ready)) == (200, {"ready": True, "channels": {"telegram": "up"}})
        code, figures = await get(f"http://127.0.0.1:{port}/metrics")
        assert 'gateway_messages_received_total{channel="telegram"} 1.0' in figures
        said = await process.says("up", "status")
        assert f"process {process.pid}" in said
        telegram.fail("getUpdates", status=502, times=None)
        telegram.say(chat, ann, "this ends the poll that is under way")
        await until_status(f"http://127.0.0.1:{port}/readyz", 503)
        assert (await get(f"http://127.0.0.1:{port}/healthz"))[0] == 200
        telegram.heal()
        await until_status(f"http://127.0.0.1:{port}/readyz", 200)
    code, said = await process.command("status")
    assert code == 1
    assert said.startswith("not running")


async def test_a_refused_answer_is_a_dead_letter_that_the_operator_can_retry(
    telegram: TelegramServer, model: ModelServer, gateway: Configure
) -> None:
    ann, bob = telegram.user("Ann"), telegram.user("Bob")
    chat, other = telegram.private(ann), telegram.private(bob)
    telegram.fail("sendMessage", status=400, description="Bad Request: Something odd", times=1)
    async with gateway() as process:
        telegram.say(chat, ann, "hello")
        sent = await telegram.answers(chat, 1, timeout=20)
        assert "could not be shown" in sent[0].text
        telegram.say(other, bob, "hi")
        await telegram.answers(other, 1)
        said = await process.says("Something odd", "dead", "list")
        number = said.splitlines()[1].split()[0]
        assert "hello" in (await process.command("dead", "show", number))[1]
        assert await process.command("dead", "retry", number) == (0, "1 put back\n")
        sent = await telegram.answers(chat, 2, timeout=20)
    assert sent[1].text == "hello (1 turns)"
    assert len(model.requests) == 2


async def test_without_a_configuration_there_is_a_page_on_the_next_free_port(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gateway", "run"),
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "GATEWAY_WEB__PORT": str(port)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        text = ""
        async with asyncio.timeout(20):
            while "Ctrl-C ends" not in text:
                text += (await process.stdout.readline()).decode()
        url = re.search(r"http://127\.0\.0\.1:\d+", text)
        assert url is not None
        assert not url[0].endswith(f":{port}")
        async with asyncio.timeout(20):
            while True:
                try:
                    await until_status(f"{url[0]}/readyz", 200)
                    break
                except OSError:
                    await asyncio.sleep(0.05)
        assert "<!doctype html>" in (await get(url[0]))[1]
        assert (await get(url[0], headers={"Host": "evil.example"}))[0] == 421
        process.send_signal(signal.SIGINT)
        _, complaints = await process.communicate()
    assert process.returncode == 0
    assert "echo" in text
    assert str(tmp_path / "data") in text
    assert "gateway init" in text
    assert f"port {port} is taken" in complaints.decode()


async def test_without_a_configuration_it_talks_on_the_terminal(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway", "chat"),
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(30):
        said, complaints = await process.communicate(b"hello there\n/help\n")
    text = said.decode()
    assert process.returncode == 0
    assert complaints == b""
    assert text.startswith("hello there\n")
    assert "/reset" in text
    assert (tmp_path / "data" / "chat" / "gateway.db").stat().st_mode & 0o077 == 0


async def test_whom_the_channels_let_in_does_not_lock_the_terminal(tmp_path: Path) -> None:
    """`gateway init` lets only one person of Telegram speak; `gateway chat` is for who sits here."""
    async with ModelServer() as model:
        config = {
            "base_url": model.base_url,
            "api_key": "sk-of-a-test",
            "channels": {"telegram": {"token": "123456:of-a-test"}},
            "access": {"admins": ["telegram:777"], "allow": ["telegram:777"], "groups": []},
        }
        (tmp_path / "config.json").write_text(json.dumps(config))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gateway", "chat"),
            cwd=tmp_path,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await asyncio.wait_for(process.communicate(b"hello\n"), 20)
    assert "hello (1 turns)" in said.decode()
