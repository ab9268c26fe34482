"""The WeChat simulator lets clients in, tells them what is new, and ends logins as WeChat does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from tests.servers.wechat_web import Room, User, WeChatServer
from tests.servers.wechat_web.client import DESKTOP, REDIRECT, RawClient

OK = (0, 0)


@pytest.fixture
async def wechat() -> AsyncIterator[WeChatServer]:
    async with WeChatServer(poll_seconds=0.05) as server:
        yield server


@pytest.fixture
async def client(wechat: WeChatServer) -> AsyncIterator[RawClient]:
    async with RawClient(wechat) as client:
        yield client


@pytest.fixture
def ann(wechat: WeChatServer) -> User:
    return wechat.user("Ann")


@pytest.fixture
def chat(wechat: WeChatServer, ann: User) -> Room:
    return wechat.private(ann)


# -- logging in


async def test_a_code_waits_is_scanned_and_confirmed(wechat: WeChatServer, client: RawClient) -> None:
    uuid = await client.uuid()
    assert await client.status(uuid) == (408, "")
    wechat.scan(f"https://login.weixin.qq.com/l/{uuid}")
    assert await client.status(uuid) == (201, "")
    assert await client.status(uuid) == (408, "")
    wechat.confirm()
    code, where = await client.status(uuid)
    assert (code, where[:41]) == (200, "/cgi-bin/mmwebwx-bin/webwxnewloginpage?ti")
    page = await client.get(where, DESKTOP)
    assert page.startswith("<error><ret>0</ret>")
    assert {"wxsid", "wxuin", "webwx_data_ticket", "webwx_auth_ticket"} <= client.cookies.keys()
    assert (await client.get(where, DESKTOP)).startswith("<error><ret>1</ret>")
    assert await client.status(uuid) == (400, "")


async def test_a_question_about_a_code_is_answered_when_something_happens() -> None:
    async with WeChatServer() as wechat, RawClient(wechat) as client:
        uuid = await client.uuid()
        asked = asyncio.create_task(client.status(uuid))
        code = await wechat.shown_code()
        assert not asked.done()
        wechat.scan(code)
        assert await asked == (201, "")


async def test_a_code_can_be_refused(wechat: WeChatServer, client: RawClient) -> None:
    uuid = await client.uuid()
    wechat.scan()
    wechat.refuse()
    assert await client.status(uuid) == (202, "")
    assert wechat.codes == []
    with pytest.raises(AssertionError, match="there is no code"):
        wechat.scan()
    with pytest.raises(AssertionError, match="nothing is asked"):
        wechat.confirm()


async def test_a_code_is_good_for_its_time_only() -> None:
    async with WeChatServer(qr_seconds=0.02) as wechat, RawClient(wechat) as client:
        uuid = await client.uuid()
        await asyncio.sleep(0.03)
        assert await client.status(uuid) == (400, "")
        with pytest.raises(AssertionError, match="expired"):
            wechat.scan(uuid)
        assert wechat.codes == []


@pytest.mark.parametrize("missing", sorted(DESKTOP))
async def test_only_the_client_for_uos_is_let_in(
    wechat: WeChatServer, client: RawClient, missing: str
) -> None:
    page = await client.enter(headers={name: text for name, text in DESKTOP.items() if name != missing})
    assert page.startswith("<error><ret>1203</ret>")
    assert client.cookies == {}


async def test_it_must_have_said_so_from_the_start(wechat: WeChatServer, client: RawClient) -> None:
    uuid = await client.uuid(REDIRECT.partition("?")[0])
    wechat.scan(uuid)
    wechat.confirm()
    _, where = await client.status(uuid)
    assert "<ret>1203</ret>" in await client.get(where, DESKTOP)


async def test_some_accounts_are_never_let_in(wechat: WeChatServer, client: RawClient) -> None:
    wechat.ban()
    assert "<ret>1203</ret>" in await client.enter()
    wechat.ban(may=True)
    assert "<ret>0</ret>" in await client.enter()


async def test_who_was_in_before_needs_no_scan(wechat: WeChatServer, client: RawClient) -> None:
    await client.log_in()
    uin = client.cookies["wxuin"]
    wechat.log_out()
    answer = await client.get("webwxpushloginurl", uin=uin)
    uuid = answer.partition('"uuid":"')[2].partition('"')[0]
    assert await client.status(uuid) == (201, "")
    wechat.confirm()
    assert (await client.status(uuid))[0] == 200
    client.forget("webwx_auth_ticket")
    assert '"ret":"1"' in await client.get("webwxpushloginurl", uin=uin)


async def test_everybody_has_another_name_in_every_login(
    wechat: WeChatServer, client: RawClient, ann: User
) -> None:
    group = wechat.group("Friends", ann)
    seen: list[list[str]] = []
    for _ in range(2):
        await client.log_in()
        answer = await client.get("webwxgetcontact", seq="0", skey="")
        session = wechat.sessions.all[-1]
        names = {session.name(who): who for who in (ann, group, wechat.first)}
        assert all(f'"UserName":"{name}"' in answer for name in names)
        assert all(f"?seq={who.seq}&username={name}" in answer for name, who in names.items())
        seen.append(list(names))
    assert not set(seen[0]) & set(seen[1])
    assert (await client.send(seen[0][0], "to a name of yesterday"))["BaseResponse"]["Ret"] == -1


async def test_a_new_login_ends_the_one_before(wechat: WeChatServer, client: RawClient) -> None:
    await client.log_in()
    async with RawClient(wechat) as other:
        await other.log_in()
        assert await client.check() == (1101, 0)
        assert await client.ret("webwxinit", {}) == 1101
        assert await other.check() == OK


@pytest.mark.parametrize("lost", ["wxsid", "wxuin", "webwx_data_ticket"])
async def test_a_call_needs_its_cookies(wechat: WeChatServer, client: RawClient, lost: str) -> None:
    await client.log_in()
    base = client.base
    client.forget(lost)
    assert (
        await client.ret("webwxinit", b'{"BaseRequest":' + str(base).replace("'", '"').encode() + b"}")
        == 1102
    )
    assert wechat.complaints == [f"the cookie {lost} is not that of the login"]


@pytest.mark.parametrize(
    ("wrong", "ret"),
    [
        ({"Sid": "guessed"}, 1100),
        ({"Uin": "1"}, 1100),
        ({"Skey": "@crypt_guessed"}, 1),
        ({"DeviceID": "x"}, 1),
    ],
)
async def test_a_call_needs_its_base_request(client: RawClient, wrong: dict[str, str], ret: int) -> None:
    await client.log_in()
    assert await client.ret("webwxinit", {"BaseRequest": {**client.base, **wrong}}) == ret
    assert await client.ret("webwxinit", b"{}") == 1
    assert await client.ret("webwxinit", b"no JSON") == 1
    assert await client.ret("webwxinit", {}, pass_ticket="guessed") == 1


# -- what is new


async def test_a_check_is_held_until_there_is_news() -> None:
    async with WeChatServer() as wechat, RawClient(wechat) as client:
        ann = wechat.user("Ann")
        chat = wechat.private(ann)
        await client.log_in()
        check = asyncio.create_task(client.check())
        await wechat.until(wechat.listening)
        began = time.monotonic()
        wechat.say(chat, ann, "hello")
        assert await check == (0, 2)
        assert time.monotonic() - began < 5
        assert not wechat.listening()
        assert wechat.online()


async def test_news_come_until_a_later_key_is_shown(
    wechat: WeChatServer, client: RawClient, chat: Room, ann: User
) -> None:
    await client.log_in()
    first = client.sync_key
    wechat.say(chat, ann, "one")
    assert await client.check() == (0, 2)
    assert await client.heard() == ["one"]
    assert wechat.unconfirmed() == 1
    assert await client.heard(first) == ["one"]
    assert wechat.unconfirmed() == 1
    assert await client.check() == OK
    assert wechat.unconfirmed() == 0
    wechat.say(chat, ann, "two")
    assert await client.heard(first) == ["one", "two"]
    assert await client.heard() == ["two"]
    assert await client.heard() == []
    assert wechat.unconfirmed() == 0
    assert wechat.complaints == []


async def test_a_check_wants_the_key_for_checks(
    wechat: WeChatServer, client: RawClient, chat: Room, ann: User
) -> None:
    await client.log_in()
    assert await client.check(client.sync_key) == OK  # there is no other yet
    wechat.say(chat, ann, "hello")
    await client.sync()
    assert await client.check(client.sync_key) == (0, 2)
    assert wechat.complaints == ["synckey is not made of the SyncCheckKey"]
    assert await client.check(synckey="2_99999999999") == (1, 0)
    assert await client.check(synckey="") == (1, 0)
    assert (await client.sync({"Count": 2, "List": []}))["BaseResponse"]["Ret"] == 1


async def test_much_news_comes_in_pages() -> None:
    async with WeChatServer(news_page=2) as wechat, RawClient(wechat) as client:
        ann = wechat.user("Ann")
        chat = wechat.private(ann)
        await client.log_in()
        for number in range(3):
            wechat.say(chat, ann, str(number))
        answer = await client.sync()
        assert (answer["AddMsgCount"], answer["ContinueFlag"]) == (2, 1)
        assert await client.check() == (0, 2)
        answer = await client.sync()
        assert (answer["AddMsgCount"], answer["ContinueFlag"]) == (1, 0)


async def test_a_login_begins_with_what_happens_after_it(
    wechat: WeChatServer, client: RawClient, chat: Room, ann: User
) -> None:
    wechat.say(chat, ann, "before")
    await client.enter()
    wechat.say(chat, ann, "while it loads")
    await client.init()
    assert await client.heard() == ["while it loads"]


async def test_the_phone_tells_what_its_conversations_are_really_called(
    wechat: WeChatServer, client: RawClient, chat: Room, ann: User
) -> None:
    group = wechat.group("Friends", ann)
    wechat.say(chat, ann, "hello")
    wechat.say(group, ann, "hello")
    first = await client.log_in()
    body = {"Code": 3, "FromUserName": client.user_name, "ToUserName": client.user_name, "ClientMsgId": 1}
    assert await client.ret("webwxstatusnotify", body) == 0
    [status] = (await client.sync())["AddMsgList"]
    ids = f"{wechat.filehelper.id},{group.id},{ann.id}"
    names = [one["UserName"] for one in first["ContactList"]]
    assert status["MsgType"] == 51
    assert f"&lt;username&gt;{ids}&lt;/username&gt;" in status["Content"]
    assert status["StatusNotifyUserName"] == ",".join(names)
    assert wechat.unconfirmed() == 0


async def test_changes_of_contacts_are_news(
    wechat: WeChatServer, client: RawClient, chat: Room, ann: User
) -> None:
    await client.log_in()
    group = wechat.group("Friends", ann)
    wechat.rename(group, ann, "Annie")
    assert await client.check() == (0, 4)
    answer = await client.sync()
    assert answer["ModContactList"][-1]["MemberList"][1]["DisplayName"] == "Annie"
    wechat.leave(group)
    wechat.leave(chat)
    answer = await client.sync()
    assert len(answer["DelContactList"]) == 2
    wechat.stir(selector=7)
    assert await client.check() == (0, 7)
    assert (await client.sync())["AddMsgCount"] == 0
    assert await client.check() == OK


async def test_old_news_can_come_again(
    wechat: WeChatServer, client: RawClient, chat: Room, ann: User
) -> None:
    await client.log_in()
    number = wechat.say(chat, ann, "one")
    assert await client.heard() == ["one"]
    wechat.redeliver(number)
    assert await client.heard() == ["one"]
    wechat.replay(2)
    wechat.say(chat, ann, "two")
    assert await client.heard() == ["one", "one", "two"]
    assert await client.heard() == []


# -- the end of a login


@pytest.mark.parametrize("retcode", [1100, 1101, 1102])
async def test_a_login_ends(wechat: WeChatServer, client: RawClient, retcode: int) -> None:
    await client.log_in()
    check = asyncio.create_task(client.check())
    wechat.log_out(retcode=retcode)
    assert await check == (retcode, 0)
    assert (await client.sync())["BaseResponse"]["Ret"] == retcode
    assert not wechat.online()


async def test_a_restricted_account_is_ended_after_a_while() -> None:
    async with WeChatServer() as wechat, RawClient(wechat) as client:
        await client.log_in()
        wechat.restrict(after=0.05)
        assert await client.check() == (1102, 0)
        await client.enter()
        await wechat.until(lambda: wechat.session() is None)
        wechat.restrict(after=None)
        await client.log_in()
        check = asyncio.create_task(client.check())
        await wechat.until(wechat.listening)
        wechat.stir()
        assert await check == (0, 7)


async def test_a_client_can_go(wechat: WeChatServer, client: RawClient) -> None:
    await client.log_in()
    await client.get("webwxlogout", redirect="1", type="1", skey="")
    assert wechat.session() is None
    assert await client.check() == (1100, 0)


async def test_checks_can_be_answered_with_anything(wechat: WeChatServer, client: RawClient) -> None:
    await client.log_in()
    wechat.check_answers(1205)
    wechat.check_answers(0, 6)
    assert [await client.check() for _ in range(3)] == [(1205, 0), (0, 6), OK]


async def test_an_outage_loses_nothing(
    wechat: WeChatServer, client: RawClient, chat: Room, ann: User
) -> None:
    await client.log_in()
    port = wechat.port
    await wechat.__aexit__(None, None, None)
    wechat.say(chat, ann, "hello")
    await wechat.__aenter__()
    assert wechat.port == port
    assert await client.heard() == ["hello"]


async def test_accounts_do_not_hear_each_other(wechat: WeChatServer, client: RawClient, ann: User) -> None:
    one, two = wechat.account("One"), wechat.account("Two")
    wechat.befriend(two, one)
    group = wechat.group("Friends", ann, account=(one, two))
    async with RawClient(wechat) as other:
        await client.log_in(one)
        await other.log_in(two)
        wechat.say(wechat.private(wechat.user(account=one), one), ann, "for one")
        assert await other.heard() == []
        assert await client.heard() == ["for one"]
        await client.send(wechat.sessions.of(one)[0].name(group), "for all")
        await client.send(wechat.sessions.of(one)[0].name(two), "for two")
        name = wechat.sessions.of(two)[0].name(one)
        assert await other.heard() == [f"{name}:<br/>for all", "for two"]
        assert await client.heard() == []
