"""A process whose event loop is stuck ends, and says where; one that was only stopped goes on."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from gateway.watchdog import EXIT_CODE
from tests.flows.process import GatewayProcess
from tests.servers.model import ModelServer
from tests.servers.telegram import TelegramServer


class StuckProcess(GatewayProcess):
    """A gateway that loses patience with itself early."""

    module = "tests.flows.stuck"


def stuck(folder: Path, channels: dict[str, object], model: str, patience: float, way: str) -> StuckProcess:
    environ = {
        "PYTHONPATH": str(Path(__file__).parent.parent.parent),
        "PATIENCE": str(patience),
        "STUCK": way,
    }
    return StuckProcess(folder, {"base_url": model, "model": "test", "channels": channels}, environ)


@pytest.mark.parametrize(("way", "code"), [("waits", EXIT_CODE), ("thinks", -signal.SIGPROF)])
async def test_a_process_that_is_stuck_says_where_and_ends(tmp_path: Path, way: str, code: int) -> None:
    process = stuck(tmp_path, {"stuck": {}}, "http://127.0.0.1:9/v1", 1.0, way)
    async with process:
        assert await process.ended() == code
    assert 'stuck.py", line' in process.log
    assert "in run" in process.log
    if way == "waits":
        (line,) = process.lines("has not turned")
        assert line["level"] == "critical"


async def test_a_process_that_was_stopped_for_long_goes_on(
    tmp_path: Path, telegram: TelegramServer, model: ModelServer
) -> None:
    """As on a laptop that slept: nobody was stuck."""
    channel = {"token": telegram.token, "api_root": telegram.root, "pacing": None}
    ann = telegram.user("Ann")
    chat = telegram.private(ann)
    async with stuck(tmp_path, {"telegram": channel}, model.base_url, 1.5, "") as process:
        telegram.say(chat, ann, "one")
        await telegram.answers(chat, 1, timeout=20)
        os.kill(process.pid, signal.SIGSTOP)
        await asyncio.sleep(2.0)  # longer than its patience
        os.kill(process.pid, signal.SIGCONT)
        telegram.say(chat, ann, "two")
        await telegram.answers(chat, 2, timeout=20)
        await asyncio.sleep(0.5)
        telegram.say(chat, ann, "three")
        await telegram.answers(chat, 3, timeout=20)
        assert await process.terminate() == 0
