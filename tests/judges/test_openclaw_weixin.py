"""WeChat's official plugin, which we did not write, uses the iLink simulator as it uses WeChat."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.judges import npm
from tests.judges.program import Program, running
from tests.servers.ilink import Bot, IlinkServer, Person

pytestmark = pytest.mark.judge

_SCRIPT = str(Path(__file__).parent / "openclaw_weixin_bot.mjs")
_STALE = {"errcode": -14, "errmsg": "session timeout"}


@pytest.fixture
async def ilink() -> AsyncIterator[IlinkServer]:
    async with IlinkServer() as server:
        yield server


@pytest.fixture
def ann(ilink: IlinkServer) -> Person:
    return ilink.person("Ann")


@asynccontextmanager
async def plugin(ilink: IlinkServer, folder: Path, *acts: str) -> AsyncIterator[Program]:
    """The plugin, doing one act after the other; what it stores is in *folder*."""
    command = ["node", _SCRIPT, str(npm.find(npm.OPENCLAW_WEIXIN)), ilink.root, ilink.cdn, *acts]
    async with running(command, OPENCLAW_STATE_DIR=str(folder)) as program:
        yield program


@asynccontextmanager
async def logged_in(ilink: IlinkServer, ann: Person, folder: Path) -> AsyncIterator[tuple[Program, Bot]]:
    """The plugin, waiting for messages to Ann's bot."""
    async with plugin(ilink, folder, "login", "run") as program:
        ilink.scan(ann, await program.until("code"))
        bot = ilink.confirm()
        await ilink.polling(bot, timeout=30)
        yield program, bot


async def test_it_logs_in_and_talks(ilink: IlinkServer, ann: Person, tmp_path: Path) -> None:
    async with logged_in(ilink, ann, tmp_path) as (program, bot):
        login = await program.until("login")
        assert (login["connected"], bot.owner) == (True, ann)
        first = ilink.say(ann, "hello 世界 🌍")
        second = ilink.voice(ann, text="what I said")
        shown = [sent.text for sent in await ilink.answers(ann, 2)]
        assert shown == [f"hello 世界 🌍\n{first}", f"what I said\n{second}"]
        await ilink.until(lambda: ilink.typings(ann) == [1, 2, 1, 2])
        await ilink.until(lambda: ilink.unconfirmed() == 0)
        assert bot.running
        program.process.send_signal(signal.SIGTERM)
        await ilink.until(lambda: bot.running is False)
    assert ilink.complaints == []


async def test_it_knows_what_is_quoted(ilink: IlinkServer, ann: Person, tmp_path: Path) -> None:
    async with logged_in(ilink, ann, tmp_path):
        first = ilink.say(ann, "first")
        [answer] = await ilink.answers(ann)
        second = ilink.say(ann, "that one", quote=first)
        third = ilink.say(ann, "this one", quote=answer)
        shown = [sent.text.split("\n") for sent in await ilink.answers(ann, 3)]
    assert shown[1] == ["that one", second, first, "first | first"]
    assert shown[2][:3] == ["this one", third, str(answer.id)]  # newer phones send no more than the id


@pytest.mark.parametrize("full_urls", [True, False])
async def test_it_fetches_files_and_sends_them_back(
    ilink: IlinkServer, ann: Person, tmp_path: Path, full_urls: bool
) -> None:
    ilink.world.full_urls = full_urls
    content = bytes(range(256)) * 33
    async with logged_in(ilink, ann, tmp_path):
        ilink.picture(ann, content)
        ilink.picture(ann, content, aeskey=False, raw_key=False)
        ilink.file(ann, content, name="notes.pdf")
        ilink.video(ann, content, raw_key=True)
        ilink.voice(ann, content)
        shown = await ilink.answers(ann, 10)
    files = [sent for sent in shown if sent.kind != "text"]
    assert [sent.content for sent in files] == [content] * 5
    assert [(sent.kind, sent.name) for sent in files] == [
        ("image", ""),
        ("image", ""),
        ("file", "notes.pdf"),
        ("video", ""),
        ("file", "media.silk"),
    ]
    assert ilink.complaints == []


async def test_it_types_the_digits_and_moves_to_another_host(
    ilink: IlinkServer, ann: Person, tmp_path: Path
) -> None:
    ilink.ask_code("271828")
    ilink.redirect()
    async with plugin(ilink, tmp_path, "login", "run") as program:
        code = ilink.scan(ann, await program.until("code"))
        program.write("999999")
        await ilink.until(lambda: code.wrong == 1, timeout=30)
        program.write("271828")
        await ilink.until(lambda: code.status == "scaned", timeout=30)
        bot = ilink.confirm()
        assert bot.root == ilink.other_root
        number = ilink.say(ann, "hello")
        assert [sent.text for sent in await ilink.answers(ann, timeout=30)] == [f"hello\n{number}"]
    assert ilink.complaints == []


async def test_a_code_that_expired_is_asked_for_again(
    ilink: IlinkServer, ann: Person, tmp_path: Path
) -> None:
    async with plugin(ilink, tmp_path, "login") as program:
        await ilink.code(timeout=30)
        ilink.expire_code()
        ilink.scan(ann, (await ilink.code(2)).text)
        ilink.confirm()
        assert (await program.until("login"))["connected"]


async def test_who_is_connected_already_is_told_so(ilink: IlinkServer, ann: Person, tmp_path: Path) -> None:
    async with plugin(ilink, tmp_path, "login", "login") as program:
        ilink.scan(ann, await program.until("code"))
        bot = ilink.confirm()
        ilink.scan(ann, await program.until("code", 2))
        assert ilink.confirm() is bot
        login = await program.until("login", 2)
    assert (login["connected"], bot.dead) == (False, False)


async def test_a_session_that_is_over_is_left_alone(ilink: IlinkServer, ann: Person, tmp_path: Path) -> None:
    async with logged_in(ilink, ann, tmp_path) as (program, bot):
        polls = len(ilink.called("getupdates"))
        ilink.login(ann)
        assert bot.dead
        [*_, poll] = await ilink.until(lambda: [one for one in ilink.called("getupdates") if one.answer])
        assert poll.answer == _STALE
        program.process.send_signal(signal.SIGTERM)
        [stop] = await ilink.until(lambda: [one for one in ilink.called("notifystop") if one.answer])
        assert stop.answer == _STALE
    assert len(ilink.called("getupdates")) == polls
    assert ilink.complaints == []
