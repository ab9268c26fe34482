"""itchat-uos, which we did not write, uses the WeChat simulator as it uses WeChat."""

from __future__ import annotations

import asyncio
import io
import threading
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from tests.servers.wechat_web import AT, Room, Session, User, WeChatServer

with warnings.catch_warnings(), redirect_stdout(io.StringIO()):  # it draws a block when it is imported
    warnings.simplefilter("ignore")
    itchat = pytest.importorskip("itchat", reason="itchat-uos is not installed: nobody judges the simulator")

pytestmark = [pytest.mark.judge, pytest.mark.filterwarnings("ignore:setDaemon:DeprecationWarning")]

PATIENCE = 10.0


class Bot:
    """An instance of itchat and what its callbacks were told, open to the test."""

    def __init__(self, wechat: WeChatServer, saved: Path | None = None) -> None:
        self.wechat = wechat
        self.core = itchat.new_instance()
        self.statuses: list[str] = []
        self.ended = asyncio.Event()
        self.login = asyncio.create_task(self._log_in())
        self._saved = saved
        self._loop = asyncio.get_running_loop()
        self._threads: set[threading.Thread] = set()

    async def _log_in(self) -> None:
        hot = {"hotReload": True, "statusStorageDir": str(self._saved)} if self._saved else {}
        callbacks = {"qrCallback": self._shown, "loginCallback": lambda: None, "exitCallback": self._ended}
        before = set(threading.enumerate())
        await asyncio.to_thread(self.core.auto_login, **hot, **callbacks)
        self._threads = {one for one in threading.enumerate() if "maintain_loop" in one.name} - before

    async def call(self, function: Callable[..., Any], *args: Any, **rest: Any) -> Any:
        """What *function*, which blocks, gives."""
        return await asyncio.to_thread(function, *args, **rest)

    async def message(self, kind: str = "Text") -> Any:
        """The next message of *kind* that it would hand to its handlers."""
        while True:
            found = await asyncio.to_thread(self.core.msgList.get, True, PATIENCE)
            if found["Type"] == kind:
                return found

    async def stop(self) -> None:
        """Let its thread see that it is over, without a word to WeChat."""
        self.core.alive = self.core.isLogging = False
        for code in self.wechat.logins.codes:
            code.state = "used"
        for account in self.wechat.world.accounts:
            self.wechat.stir(account)
        await asyncio.gather(self.login, return_exceptions=True)
        for thread in self._threads:
            await asyncio.to_thread(thread.join, PATIENCE)
        self.core.s.close()
        itchat.instanceList.remove(self.core)

    def _shown(self, uuid: str, status: str, qrcode: bytes) -> None:
        assert status != "0" or qrcode.startswith(b"\x89PNG")
        self.statuses.append(status)

    def _ended(self) -> None:
        self._loop.call_soon_threadsafe(self.ended.set)


@pytest.fixture
async def wechat(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[WeChatServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    itchat.set_logging(showOnCmd=False)
    async with WeChatServer(contacts_page=3) as server:
        monkeypatch.setattr(itchat.config, "BASE_URL", server.root)
        yield server


@asynccontextmanager
async def running(wechat: WeChatServer, saved: Path | None = None) -> AsyncIterator[Bot]:
    """An instance of itchat, logged in as the first account."""
    bot = Bot(wechat, saved)
    try:
        await asyncio.gather(wechat.log_in(), bot.login)
        yield bot
    finally:
        await bot.stop()


@pytest.fixture
async def bot(wechat: WeChatServer, ann: User) -> AsyncIterator[Bot]:
    async with running(wechat) as bot:
        yield bot


@pytest.fixture
def session(wechat: WeChatServer, bot: Bot) -> Session:
    return wechat.sessions.all[-1]


@pytest.fixture
def ann(wechat: WeChatServer) -> User:
    return wechat.user("Ann 😄", remark="Annie")


@pytest.fixture
def chat(wechat: WeChatServer, ann: User) -> Room:
    return wechat.private(ann)


async def test_it_logs_in_by_a_code(wechat: WeChatServer) -> None:
    bot = Bot(wechat)
    try:
        wechat.scan(await wechat.shown_code())
        wechat.refuse()
        code = wechat.scan(await wechat.shown_code())
        await wechat.until(lambda: code.told)
        wechat.confirm()
        await bot.login
        await wechat.until(wechat.listening)
    finally:
        await bot.stop()
    assert bot.statuses == ["0", "202", "0", "201", "200"]
    assert wechat.complaints == []


async def test_it_shows_a_new_code_when_one_has_expired(monkeypatch: pytest.MonkeyPatch) -> None:
    async with WeChatServer(qr_seconds=0.3) as wechat:
        monkeypatch.setattr(itchat.config, "BASE_URL", wechat.root)
        bot = Bot(wechat)
        try:
            first = await wechat.shown_code()
            wechat.logins.seconds = 300.0
            await wechat.until(lambda: first.expired and wechat.codes)
            await wechat.log_in()
            await bot.login
        finally:
            await bot.stop()
    assert bot.statuses[:2] == ["0", "400"]


async def test_it_knows_everybody(wechat: WeChatServer, ann: User) -> None:
    friends = [wechat.user(f"Friend {number}") for number in range(5)]
    group = wechat.group("Friends", ann, *friends, aliases={ann: "A 😄"})
    wechat.official("News")
    async with running(wechat) as bot:
        names = [one["NickName"] for one in await bot.call(bot.core.get_friends)]
        assert names == ["Gateway", "Ann 😄", *(one.name for one in friends)]
        assert [one["RemarkName"] for one in await bot.call(bot.core.search_friends, nickName="Ann 😄")] == [
            "Annie"
        ]
        assert [one["NickName"] for one in await bot.call(bot.core.get_mps)] == ["News"]
        name = wechat.sessions.all[-1].name(group)
        room = await bot.call(bot.core.update_chatroom, name, detailedMember=True)
        assert [one["DisplayName"] for one in room["MemberList"]][:2] == ["", "A 😄"]
        assert room["Self"]["UserName"] == wechat.sessions.all[-1].name(wechat.first)


async def test_it_hears_people(
    wechat: WeChatServer, bot: Bot, session: Session, chat: Room, ann: User
) -> None:
    text = "1 < 2 & 3 😄\n❤ 🫠 <br/>"
    number = wechat.say(chat, ann, text)
    message = await bot.message()
    assert (message["Text"], message["MsgId"]) == (text, number)
    assert message["User"]["NickName"] == "Ann 😄"
    wechat.say(chat, wechat.first, "on the phone")
    message = await bot.message()
    assert message["FromUserName"] == session.name(wechat.first)
    wechat.note(chat, "收到红包，请在手机上查看")
    assert (await bot.message("Note"))["Text"] == "收到红包，请在手机上查看"
    wechat.recall(chat, ann, number)
    assert "撤回了一条消息" in (await bot.message("Note"))["Text"]
    wechat.place(chat, ann)
    assert (await bot.message("Map"))["Url"]
    wechat.link(chat, ann, title="A page")
    assert (await bot.message("Sharing"))["Text"] == "A page"
    await wechat.until(lambda: not wechat.unconfirmed())
    assert wechat.complaints == []


@pytest.mark.parametrize("saved", [True, False])
@pytest.mark.parametrize("alias", ["", "小 [助] 手"])
async def test_it_sees_when_it_is_called_in_a_group(
    wechat: WeChatServer, bot: Bot, ann: User, alias: str, saved: bool
) -> None:
    group = wechat.group("Friends", ann, aliases={wechat.first: alias}, saved=saved)
    called = group.name_of(wechat.first)
    wechat.say(group, ann, "what?", mention=True)
    message = await bot.message()
    assert (message["Text"], message["IsAt"]) == (f"@{called}{AT}what?", True)
    assert message["ActualNickName"] == "Ann 😄"
    wechat.say(group, ann, f"you @{called}")
    assert (await bot.message())["IsAt"]
    wechat.say(group, ann, "what?", mention=ann)
    assert not (await bot.message())["IsAt"]
    wechat.say(group, wechat.first, "on the phone")
    assert (await bot.message())["Text"] == "on the phone"
    assert wechat.complaints == []


async def test_it_misses_calls_by_a_name_with_emoji(wechat: WeChatServer, bot: Bot, ann: User) -> None:
    """As its users report: the name in the message is a span still, the one it looks for is not."""
    group = wechat.group("Friends", ann, aliases={wechat.first: "Bot 😄"})
    wechat.say(group, ann, "what?", mention=True)
    message = await bot.message()
    assert (message["Text"], message["IsAt"]) == (f"@Bot 😄{AT}what?", False)


async def test_it_fetches_what_people_send(wechat: WeChatServer, bot: Bot, chat: Room, ann: User) -> None:
    wechat.picture(chat, ann, content=b"a picture")
    assert await bot.call((await bot.message("Picture"))["Text"]) == b"a picture"
    wechat.audio(chat, ann, content=b"a voice")
    assert await bot.call((await bot.message("Recording"))["Text"]) == b"a voice"
    wechat.video(chat, ann, content=b"a video")
    assert await bot.call((await bot.message("Video"))["Text"]) == b"a video"
    wechat.file(chat, ann, name="a & b.txt", content=b"a file")
    message = await bot.message("Attachment")
    assert await bot.call(message["Text"]) == b"a file"
    assert wechat.complaints == []


async def test_it_sends_everything_and_takes_it_back(
    wechat: WeChatServer, bot: Bot, session: Session, chat: Room, ann: User, tmp_path: Path
) -> None:
    to = session.name(ann)
    big = bytes(range(256)) * 3000
    for name in ("a.md", "b.png", "c.gif", "d.mp4"):
        (tmp_path / name).write_bytes(big)
    answer = await bot.call(bot.core.send, "你好 <b> & 😀", to)
    assert answer
    for word, name in (("fil", "a.md"), ("img", "b.png"), ("img", "c.gif"), ("vid", "d.mp4")):
        assert await bot.call(bot.core.send, f"@{word}@{tmp_path / name}", to)
    shown = [(one.kind, one.text, one.content) for one in wechat.sent(chat)]
    assert shown == [
        ("text", "你好 <b> & 😀", b""),
        ("file", "", big),
        ("picture", "", big),
        ("emoticon", "", big),
        ("video", "", big),
    ]
    assert wechat.files(chat) == [("a.md", big)]
    assert await bot.call(bot.core.revoke, answer["MsgID"], to)
    assert [one.kind for one in wechat.sent(chat)] == ["file", "picture", "emoticon", "video"]
    wechat.fail("webwxsendmsg", ret=1205)
    answer = await bot.call(bot.core.send, "too fast", to)
    assert (bool(answer), answer["BaseResponse"]["Ret"]) == (False, 1205)
    assert wechat.complaints == []


async def test_it_accepts_a_friend(wechat: WeChatServer, bot: Bot) -> None:
    request = wechat.ask_friend(wechat.user("Eve", friend=False))
    message = await bot.message("Friends")
    assert await bot.call(message["User"].verify)
    assert request.accepted
    assert "Eve" in (await bot.message("Note"))["Text"]
    assert [one["NickName"] for one in await bot.call(bot.core.search_friends, nickName="Eve")] == ["Eve"]


async def test_it_comes_back_without_a_scan(
    wechat: WeChatServer, chat: Room, ann: User, tmp_path: Path
) -> None:
    saved = tmp_path / "login.pkl"
    async with running(wechat, saved) as bot:
        wechat.say(chat, ann, "before")
        assert (await bot.message())["Text"] == "before"
    wechat.say(chat, ann, "meanwhile")
    again = Bot(wechat, saved)
    try:
        await again.login
        # it saves only when it logs in, so what it has heard since comes once more
        assert [(await again.message())["Text"] for _ in range(2)] == ["before", "meanwhile"]
    finally:
        await again.stop()
    assert len(wechat.logins.codes) == 1
    wechat.log_out()
    async with running(wechat, saved):  # the phone only asks
        assert [code.state for code in wechat.logins.codes] == ["used", "used"]
        assert not wechat.codes
    assert len(wechat.called("jslogin")) == 1
    assert wechat.complaints == []


@pytest.mark.parametrize("retcode", [1100, 1101, 1102])
async def test_it_sees_the_end_of_its_login(wechat: WeChatServer, bot: Bot, retcode: int) -> None:
    await wechat.until(wechat.listening)
    wechat.log_out(retcode=retcode)
    async with asyncio.timeout(PATIENCE):
        await bot.ended.wait()
    assert not bot.core.alive


async def test_it_survives_an_outage(wechat: WeChatServer, bot: Bot, chat: Room, ann: User) -> None:
    await wechat.until(wechat.listening)
    await wechat.__aexit__(None, None, None)
    wechat.say(chat, ann, "hello")
    await wechat.__aenter__()
    assert (await bot.message())["Text"] == "hello"


async def test_two_of_them_use_two_accounts(wechat: WeChatServer) -> None:
    accounts = [wechat.account(name) for name in ("One", "Two")]
    people = [wechat.user(f"Friend of {account.name}", account=account) for account in accounts]
    bots: list[Bot] = []
    try:
        for account in accounts:
            bots.append(Bot(wechat))
            await wechat.log_in(account)
            await bots[-1].login
        for account, person in zip(accounts, people, strict=True):
            wechat.say(wechat.private(person, account), person, f"to {account.name}")
        for account, bot in zip(accounts, bots, strict=True):
            assert (await bot.message())["Text"] == f"to {account.name}"
    finally:
        for bot in bots:
            await bot.stop()
