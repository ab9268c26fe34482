"""openilink-sdk-python, which we did not write, uses the iLink simulator as it uses WeChat."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.judges import pypi
from tests.judges.program import Program, running
from tests.servers.ilink import Bot, IlinkServer, Person

pytestmark = pytest.mark.judge

_SCRIPT = str(Path(__file__).parent / "openilink_bot.py")


@pytest.fixture
async def ilink() -> AsyncIterator[IlinkServer]:
    async with IlinkServer() as server:
        yield server


@pytest.fixture
def ann(ilink: IlinkServer) -> Person:
    return ilink.person("Ann")


@asynccontextmanager
async def logged_in(ilink: IlinkServer, ann: Person) -> AsyncIterator[tuple[Program, Bot]]:
    """The library, waiting for messages to Ann's bot."""
    command = [sys.executable, _SCRIPT, ilink.root, ilink.cdn]
    async with running(command, PYTHONPATH=str(pypi.find(pypi.OPENILINK))) as program:
        ilink.scan(ann, await program.until("code"))
        bot = ilink.confirm()
        await ilink.polling(bot, timeout=30)
        yield program, bot


async def test_it_logs_in_and_talks(ilink: IlinkServer, ann: Person) -> None:
    async with logged_in(ilink, ann) as (program, bot):
        assert await program.until("login") == {"connected": True, "bot": bot.id, "user": ann.id}
        numbers = [ilink.say(ann, f"hello {number}") for number in range(12)]
        shown = [sent.text for sent in await ilink.answers(ann, 12)]
        assert shown == [f"hello {at} {number}" for at, number in enumerate(numbers)]
        await ilink.until(lambda: ilink.typings(ann) == [1, 2] * 12)
        await ilink.until(lambda: ilink.unconfirmed() == 0)
    assert ilink.complaints == []


async def test_it_hears_that_its_session_is_over(ilink: IlinkServer, ann: Person) -> None:
    async with logged_in(ilink, ann) as (program, bot):
        ilink.expire(bot)
        assert await program.until("expired")
    assert ilink.complaints == []
