"""No secret of a WeChat login is ever shown, however much goes wrong and however much is logged."""

from __future__ import annotations

from pathlib import Path

from tests.flows.process import STARTED, get
from tests.flows.test_wechat_ilink import IlinkDoor
from tests.flows.test_wechat_web import WebDoor
from tests.flows.wechat import CHANNEL, Door, gateway_of
from tests.ports import free_port
from tests.servers.ilink import IlinkServer
from tests.servers.known import leaked
from tests.servers.model import ModelServer
from tests.servers.wechat_web import WeChatServer


class Watched:
    """The gateway, and everything that it shows to those whom a login does not concern."""

    def __init__(self, folder: Path, model: ModelServer, door: Door) -> None:
        port = free_port()
        self._pages = [f"http://127.0.0.1:{port}/{path}" for path in ("metrics", "channels")]
        self._door = door
        self._seen: list[str] = []
        keys = {"web": {"port": port}, "log": {"level": "debug", "format": "json"}}
        self.process = gateway_of(folder, model, {CHANNEL: door}, **keys)

    async def look(self) -> None:
        """Look everywhere."""
        tells = self.process.tells
        letters = tells("dead", "list")
        number = letters.splitlines()[1].split()[0]
        self._seen += [letters, tells("dead", "show", number), tells("status"), tells("check")]
        self._seen += [(await get(page))[1] for page in self._pages]

    @property
    def shown(self) -> str:
        """What could be read."""
        return "\n".join([self.process.log, *self._seen, *self._door.heard()])


async def test_no_secret_of_ilink_is_shown_whatever_fails(
    ilink: IlinkServer, model: ModelServer, tmp_path: Path
) -> None:
    door = IlinkDoor(ilink)
    watched = Watched(tmp_path, model, door)
    for name in ("get_bot_qrcode", "get_qrcode_status"):
        ilink.fail(name, status=502)
    async with watched.process as process:
        code = await process.code(CHANNEL)
        await door.enter_with(code)
        ilink.picture(door.ann)
        await door.answers(1)
        bot = ilink.first
        refusal = f"{next(reversed(bot.talks[door.ann.id].tokens))} is odd for {bot.token}"
        ilink.refuse("sendmessage", -3, refusal)
        await door.ask("one")
        ilink.fail("sendmessage", status=500, body={"ret": -1, "errmsg": refusal})
        await door.ask("two")
        ilink.fail("/c2c/upload", times=3)
        await door.ask("/export")
        ilink.fail("getupdates", status=502, body={"ret": -1, "errmsg": refusal})
        ilink.fail("getupdates", status=200, body=bot.token.encode(), cut=True)
        await door.ask("three")
        await ilink.until(lambda: not ilink.faults, STARTED)
        await watched.look()
        ilink.refuse("sendmessage", -14, refusal)
        door.say("four")
        await process.code(CHANNEL, code)
        await process.becomes(CHANNEL, door.logged_out)
        await watched.look()
    assert process.lines('"level":"debug"')
    assert process.lines("*** is odd")
    assert leaked(ilink.given_out(), watched.shown) == []


async def test_no_secret_of_the_web_is_shown_whatever_fails(
    wechat: WeChatServer, model: ModelServer, tmp_path: Path
) -> None:
    door = WebDoor(wechat, wechat.account())
    watched = Watched(tmp_path, model, door)
    wechat.fail("/jslogin", status=502)
    wechat.reset("webwxnewloginpage")
    wechat.fail("webwxinit", status=500)
    async with watched.process as process:
        code = await process.code(CHANNEL)
        await door.enter_with(code)
        wechat.picture(door.room, door.ann)
        await door.answers(1)
        wechat.fail("webwxsendmsg", ret=1)
        await door.ask("one")
        wechat.reset("webwxsendmsg")
        await door.ask("two")
        wechat.fail("webwxuploadmedia", status=500)
        await door.ask("/export")
        wechat.reset("webwxsync")
        wechat.fail("synccheck", body=b"<html>")
        await door.ask("three")
        await wechat.until(lambda: not wechat.faults, STARTED)
        await watched.look()
        door.log_out()
        await process.code(CHANNEL, code)
        await process.becomes(CHANNEL, door.logged_out)
        await watched.look()
    assert leaked(wechat.given_out(), watched.shown) == []
