"""A backup that is made while the gateway works, put back: it goes on where it was then."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.flows.conftest import Configure
from tests.flows.test_outage import question, texts
from tests.servers.model import ModelServer
from tests.servers.telegram import TelegramServer


async def test_a_backup_of_a_running_gateway_is_put_back_and_what_waited_is_answered(
    telegram: TelegramServer, model: ModelServer, gateway: Configure, tmp_path: Path
) -> None:
    ann = telegram.user("Ann")
    chat = telegram.private(ann)
    model.latency = lambda body: 60.0 if question(body) == "two" else 0.0
    async with gateway() as process:
        telegram.say(chat, ann, "one")
        await telegram.answers(chat, 1, timeout=20)
        telegram.say(chat, ann, "two")
        await model.until(lambda: len(model.requests) == 2)
        copy = tmp_path / "backup.db"
        code, said = await process.command("backup", str(copy))
        assert code == 0
        assert "messages: 2 (waiting: 1, dead: 0); questions and answers: 1" in said
        assert copy.stat().st_mode & 0o777 == 0o600
        await process.kill()
        # The machine is gone, and with it everything but the backup.
        shutil.rmtree(process.folder / "data")
        (process.folder / "data").mkdir(mode=0o700)
        shutil.copyfile(copy, process.folder / "data" / "gateway.db")
        model.latency = 0.0
        await process.start()
        await telegram.answers(chat, 2, timeout=20)
        telegram.say(chat, ann, "three")
        await telegram.answers(chat, 3, timeout=20)
        assert await process.terminate() == 0
    assert texts(telegram, chat) == ["one (1 turns)", "two (3 turns)", "three (5 turns)"]
