"""The iLink simulator logs in, turns away, and hands out messages as WeChat does."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeVar

import aiohttp
import pytest
from Crypto.Cipher import AES
from Crypto.Util.Padding import unpad

from tests.servers.ilink import Bot, IlinkServer, Person
from tests.servers.ilink.client import APP, RawClient

Json = dict[str, Any]
T = TypeVar("T")
STALE = {"errcode": -14, "errmsg": "session timeout"}


@pytest.fixture
async def ilink() -> AsyncIterator[IlinkServer]:
    async with IlinkServer() as server:
        yield server


@pytest.fixture
def ann(ilink: IlinkServer) -> Person:
    return ilink.person("Ann")


@pytest.fixture
def bot(ilink: IlinkServer, ann: Person) -> Bot:
    return ilink.login(ann)


@pytest.fixture
async def client(ilink: IlinkServer, bot: Bot) -> AsyncIterator[RawClient]:
    async with RawClient(ilink, bot) as client:
        yield client


@pytest.fixture
async def guest(ilink: IlinkServer) -> AsyncIterator[RawClient]:
    """Who has no token yet."""
    async with RawClient(ilink) as client:
        yield client


async def begun(call: Coroutine[Any, Any, T], ilink: IlinkServer, method: str) -> asyncio.Task[T]:
    """*call* as a task, once the server has it."""
    before = len(ilink.called(method))
    task = asyncio.create_task(call)
    await ilink.until(lambda: len(ilink.called(method)) > before)
    return task


async def ask(guest: RawClient, *tokens: str) -> str:
    """A new code's id."""
    answer = await guest.post("get_bot_qrcode?bot_type=3", local_token_list=list(tokens))
    return str(answer["qrcode"])


async def status(guest: RawClient, code: str, **more: str) -> str:
    return str((await guest.get("get_qrcode_status", None, qrcode=code, **more))["status"])


# -- logging in


async def test_a_code_goes_from_hand_to_hand(ilink: IlinkServer, ann: Person, guest: RawClient) -> None:
    answer = await guest.post("get_bot_qrcode?bot_type=3", local_token_list=[])
    code = answer["qrcode"]
    told = await begun(status(guest, code), ilink, "status")
    ilink.scan(ann, answer["qrcode_img_content"])
    assert await told == "scaned"
    confirmed = await begun(guest.get("get_qrcode_status", qrcode=code), ilink, "status")
    bot = ilink.confirm()
    assert await confirmed == {
        "ret": 0,
        "status": "confirmed",
        "bot_token": bot.token,
        "ilink_bot_id": bot.id,
        "baseurl": ilink.root,
        "ilink_user_id": ann.id,
    }
    assert bot.owner is ann
    assert await status(guest, code) == "confirmed"  # again, for whom the first answer did not reach
    assert ilink.complaints == []


async def test_nothing_new_is_told_after_a_while(ann: Person) -> None:
    async with IlinkServer(hold=0.05) as ilink, RawClient(ilink) as guest:
        code = await ask(guest)
        assert await status(guest, code) == "wait"
        ilink.scan(ann)
        assert [await status(guest, code) for _ in range(2)] == ["scaned", "scaned"]


async def test_a_code_lives_for_its_time_unless_it_is_scanned(ann: Person) -> None:
    async with IlinkServer() as ilink, RawClient(ilink) as guest:
        scanned = await ask(guest)
        ilink.scan(ann).until = 0
        ilink.world.code_seconds = 0.05
        left = await ask(guest)
        assert await status(guest, left) == "expired"
        assert await status(guest, scanned) == "scaned"
        with pytest.raises(AssertionError, match="expired"):
            ilink.scan(ann)
        assert await status(guest, "unknown") == "expired"


async def test_digits_are_tried_three_times(ilink: IlinkServer, ann: Person, guest: RawClient) -> None:
    ilink.ask_code("271828")
    code = await ask(guest)
    ilink.scan(ann)
    assert await status(guest, code) == "need_verifycode"
    with pytest.raises(AssertionError, match="need_verifycode"):
        ilink.confirm()
    assert await status(guest, code, verify_code="1") == "need_verifycode"
    assert await status(guest, code, verify_code="271828") == "scaned"
    ilink.ask_code()
    blocked = await ask(guest)
    ilink.scan(ann)
    tries = [await status(guest, blocked, verify_code="1") for _ in range(3)]
    assert tries == ["need_verifycode", "need_verifycode", "verify_code_blocked"]


async def test_a_login_may_move_to_another_host(ilink: IlinkServer, ann: Person, guest: RawClient) -> None:
    ilink.redirect()
    code = await ask(guest)
    moved = await begun(guest.get("get_qrcode_status", qrcode=code), ilink, "status")
    ilink.scan(ann)
    answer = await moved
    assert answer["status"] == "scaned_but_redirect"
    assert f"http://{answer['redirect_host']}" == ilink.other_root
    guest.root = ilink.other_root
    assert await status(guest, code) == "scaned"
    bot = ilink.confirm()
    assert (await guest.get("get_qrcode_status", qrcode=code))["baseurl"] == ilink.other_root
    async with RawClient(ilink, bot) as client:
        ilink.say(ann, "hello")
        assert len(await client.poll()) == 1
        client.root = ilink.root
        assert await client.post("getupdates", get_updates_buf="") == STALE


async def test_who_has_the_bot_already_gets_no_new_token(
    ilink: IlinkServer, ann: Person, bot: Bot, guest: RawClient
) -> None:
    code = await ask(guest, bot.token)
    ilink.scan(ann)
    assert ilink.confirm() is bot
    assert await guest.get("get_qrcode_status", qrcode=code) == {"ret": 0, "status": "binded_redirect"}
    assert not bot.dead


async def test_a_second_scan_ends_the_first_session(
    ilink: IlinkServer, ann: Person, bot: Bot, client: RawClient, guest: RawClient
) -> None:
    poll = await begun(client.post("getupdates", get_updates_buf=""), ilink, "getupdates")
    await ask(guest)
    ilink.scan(ann)
    new = ilink.confirm()
    assert await poll == STALE
    assert (new.dead, new.id != bot.id) == (False, True)
    assert await client.post("msg/notifystart") == STALE


async def test_the_first_session_may_live_on_for_a_while() -> None:
    async with IlinkServer(takeover_seconds=0.2) as ilink:
        ann = ilink.person()
        bot = ilink.login(ann)
        ilink.login(ann)
        assert not bot.dead
        await ilink.until(lambda: bot.dead)


async def test_what_a_code_is_asked_with_is_checked(ilink: IlinkServer, guest: RawClient) -> None:
    for path, tokens in (("bot_type=1", []), ("bot_type=3", ["t"] * 11), ("bot_type=3", "t")):
        answer = await guest.post(f"get_bot_qrcode?{path}", local_token_list=tokens)
        assert answer["ret"] == -3
    assert len(ilink.complaints) == 3
    older = await guest.get("get_bot_qrcode", bot_type="3")
    assert older["qrcode"]


# -- what every request must say


HEADERS = ("AuthorizationType", "X-WECHAT-UIN", "iLink-App-Id", "iLink-App-ClientVersion", "Authorization")


@pytest.mark.parametrize("name", HEADERS)
async def test_every_header_is_needed(ilink: IlinkServer, client: RawClient, name: str) -> None:
    headers = client.headers()
    del headers[name]
    assert await client.post("getupdates", headers, get_updates_buf="") == STALE
    assert name in ilink.complaints[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-WECHAT-UIN", "MTIzNA"),
        ("X-WECHAT-UIN", base64.b64encode(b"4294967296").decode()),
        ("X-WECHAT-UIN", base64.b64encode(b"\x01\x02\x03\x04").decode()),
        ("iLink-App-ClientVersion", "2.4.9"),
        ("iLink-App-Id", "app"),
        ("Authorization", "Bearer somebody"),
        ("AuthorizationType", "bearer"),
    ],
)
async def test_every_header_says_what_it_must(client: RawClient, name: str, value: str) -> None:
    headers = {**client.headers(), name: value}
    assert await client.post("getupdates", headers, get_updates_buf="") == STALE


async def test_a_uin_is_used_once(client: RawClient) -> None:
    headers = client.headers()
    assert (await client.post("msg/notifystart", headers))["ret"] == 0
    assert await client.post("msg/notifystart", headers) == STALE


@pytest.mark.parametrize("info", [None, {}, {"channel_version": "1", "bot_agent": "ä"}])
async def test_base_info_is_needed(client: RawClient, info: Json | None) -> None:
    assert await client.post("getupdates", get_updates_buf="", base_info=info) == STALE


async def test_the_status_of_a_code_needs_the_two_of_the_app(guest: RawClient) -> None:
    code = await ask(guest)
    headers = {name: value for name, value in APP.items() if name == "iLink-App-Id"}
    assert await guest.get("get_qrcode_status", headers, qrcode=code) == STALE


# -- messages come, and stay until they are confirmed


async def test_a_message_has_all_that_is_known_of_them(
    ilink: IlinkServer, ann: Person, bot: Bot, client: RawClient
) -> None:
    poll = await begun(client.poll(), ilink, "getupdates")
    number = ilink.say(ann, "hello")
    [message] = await poll
    assert (message["from_user_id"], message["to_user_id"]) == (ann.id, bot.id)
    assert (message["message_type"], message["group_id"]) == (1, "")
    assert str(message["message_id"]) == number
    assert message["message_id"] > 2**53
    assert message["item_list"][0]["text_item"] == {"text": "hello"}
    assert list(bot.talks[ann.id].tokens) == [message["context_token"]]


async def test_messages_stay_until_the_next_poll(ilink: IlinkServer, ann: Person, client: RawClient) -> None:
    for number in range(12):
        ilink.say(ann, str(number))
    first = await client.poll()
    assert ilink.unconfirmed() == 12
    client.buf = ""
    assert await client.poll() == first
    rest = await client.poll()
    assert (len(first), len(rest), ilink.unconfirmed()) == (10, 2, 2)
    poll = await begun(client.poll(), ilink, "getupdates")
    assert ilink.unconfirmed() == 0
    ilink.say(ann, "one more")
    assert len(await poll) == 1


async def test_an_empty_poll_says_nothing_of_the_place() -> None:
    async with IlinkServer(hold=0.05) as ilink, RawClient(ilink, ilink.login()) as client:
        answer = await client.post("getupdates", get_updates_buf="")
    assert answer == {"ret": 0, "msgs": [], "longpolling_timeout_ms": 50}


async def test_messages_may_be_gone_once_they_were_handed_out() -> None:
    async with IlinkServer(forgetful=True, hold=0.05) as ilink:
        ann = ilink.person()
        async with RawClient(ilink, ilink.login(ann)) as client:
            ilink.say(ann, "hello")
            assert len(await client.poll()) == 1
            client.buf = ""
            assert await client.poll() == []


async def test_a_place_in_another_session_is_no_place(
    ilink: IlinkServer, ann: Person, client: RawClient
) -> None:
    ilink.say(ann, "hello")
    await client.poll()
    async with RawClient(ilink, ilink.login(ann)) as other:
        assert await other.post("getupdates", get_updates_buf=client.buf) == STALE
        assert await other.post("getupdates", get_updates_buf="?") == STALE
        assert (await other.post("getupdates"))["ret"] == -3


async def test_a_newer_poll_ends_the_older(ilink: IlinkServer, ann: Person, client: RawClient) -> None:
    older = await begun(client.poll(), ilink, "getupdates")
    newer = await begun(client.poll(), ilink, "getupdates")
    assert await older == []
    ilink.say(ann, "hello")
    assert len(await newer) == 1


async def test_each_bot_gets_its_own(ilink: IlinkServer, ann: Person, bot: Bot, client: RawClient) -> None:
    bob = ilink.person("Bob")
    async with RawClient(ilink, ilink.login(bob)) as other:
        ilink.say(bob, "for Bob's")
        ilink.say(ann, "for Ann's")
        ilink.say(bob, "for Ann's too", bot=bot)
        found = [
            [one["item_list"][0]["text_item"]["text"] for one in await poll()]
            for poll in (client.poll, other.poll)
        ]
    assert found == [["for Ann's", "for Ann's too"], ["for Bob's"]]


async def test_a_message_may_come_again(ilink: IlinkServer, ann: Person, client: RawClient) -> None:
    number = ilink.say(ann, "hello")
    ilink.redeliver(number)
    first, second = await client.poll()
    assert first == second


# -- what people send


async def deciphered(client: RawClient, media: Json, key: bytes) -> bytes:
    stored = await client.download(media["full_url"])
    return unpad(AES.new(key, AES.MODE_ECB).decrypt(stored), 16)


async def test_files_are_ciphertexts_on_the_cdn(ilink: IlinkServer, ann: Person, client: RawClient) -> None:
    ilink.picture(ann, b"pixels")
    ilink.picture(ann, b"pixels", aeskey=False, raw_key=False)
    ilink.voice(ann, b"sound", text="what I said")
    ilink.file(ann, b"bytes", name="a.txt")
    ilink.video(ann, b"film", raw_key=True)
    items = [message["item_list"][0] for message in await client.poll()]
    names = ["image_item", "image_item", "voice_item", "file_item", "video_item"]
    found = [item[name] for item, name in zip(items, names, strict=True)]
    keys = [base64.b64decode(one["media"]["aes_key"]) for one in found]
    assert [len(key) for key in keys] == [16, 32, 32, 32, 16]
    assert bytes.fromhex(found[0]["aeskey"]) == keys[0]
    assert "aeskey" not in found[1]
    raw = [key if len(key) == 16 else bytes.fromhex(key.decode()) for key in keys]
    contents = [await deciphered(client, one["media"], key) for one, key in zip(found, raw, strict=True)]
    assert contents == [b"pixels", b"pixels", b"sound", b"bytes", b"film"]
    assert (found[2]["text"], found[3]["file_name"], found[3]["len"]) == ("what I said", "a.txt", "5")
    assert found[0]["mid_size"] == found[4]["video_size"] == 16


async def test_what_else_may_come(ilink: IlinkServer, ann: Person, bot: Bot, client: RawClient) -> None:
    first = ilink.say(ann, "first")
    ilink.say(ann, "that one", quote=first)
    ilink.say(ann, "in a group", group_id="1@chatroom")
    ilink.tool_call(ann)
    ilink.echo(ann, "my own")
    ilink.push({"nonsense": 1})
    _, quoted, group, tool, own, nonsense = await client.poll()
    assert quoted["item_list"][0]["ref_msg"]["svr_id"] == first
    assert quoted["item_list"][0]["ref_msg"]["message_item"]["text_item"] == {"text": "first"}
    assert group["group_id"] == "1@chatroom"
    assert [item["type"] for item in tool["item_list"]] == [11, 12]
    assert (own["message_type"], own["from_user_id"]) == (2, bot.id)
    assert nonsense == {"nonsense": 1}
    assert len(bot.talks[ann.id].tokens) == 4  # what the bot said itself gives it nothing to answer with


# -- faults


async def test_calls_fail_as_they_are_told_to(ilink: IlinkServer, bot: Bot, client: RawClient) -> None:
    ilink.fail("notifystart", status=524)
    with pytest.raises(AssertionError, match="524"):
        await client.post("msg/notifystart")
    ilink.fail("notifystart", status=200, body={"ret": 0, "errmsg": "cut"}, cut=True)
    with pytest.raises(aiohttp.ClientPayloadError):
        await client.post("msg/notifystart")
    assert bot.running is None
    ilink.fail("notifystart", after_acting=True)
    with pytest.raises(AssertionError, match="500"):
        await client.post("msg/notifystart")
    assert bot.running
    ilink.refuse("notifystop", -1, "system error")
    assert await client.post("msg/notifystop") == {"ret": -1, "errmsg": "system error"}
    ilink.hang("notifystop", times=None)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.post("msg/notifystop"), 0.05)
    ilink.heal()
    assert (await client.post("msg/notifystop"))["ret"] == 0
    assert bot.running is False


async def test_it_comes_back_as_it_was(ilink: IlinkServer, ann: Person, client: RawClient) -> None:
    ports = list(ilink.ports)
    poll = await begun(client.post("getupdates", get_updates_buf=""), ilink, "getupdates")
    await ilink.__aexit__()
    with pytest.raises(aiohttp.ClientError):
        await poll
    with pytest.raises(aiohttp.ClientConnectorError):
        await client.poll()
    ilink.say(ann, "meanwhile")
    await ilink.__aenter__()
    assert ilink.ports == ports
    assert len(await client.poll()) == 1
