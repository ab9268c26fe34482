"""The WeChat simulator carries texts, files and contacts both ways, and goes wrong on request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import orjson
import pytest

from tests.servers.wechat_web import AT, Room, Session, User, WeChatServer
from tests.servers.wechat_web.client import RawClient

Json = dict[str, Any]
HEART = '<span class="emoji emoji2764"></span>'


@pytest.fixture
async def wechat() -> AsyncIterator[WeChatServer]:
    async with WeChatServer(poll_seconds=0.05) as server:
        yield server


@pytest.fixture
def ann(wechat: WeChatServer) -> User:
    return wechat.user("Ann <b> ❤", remark="A")


@pytest.fixture
def chat(wechat: WeChatServer, ann: User) -> Room:
    return wechat.private(ann)


@pytest.fixture
async def client(wechat: WeChatServer) -> AsyncIterator[RawClient]:
    async with RawClient(wechat) as client:
        await client.log_in()
        yield client


@pytest.fixture
def session(wechat: WeChatServer, client: RawClient) -> Session:
    return wechat.sessions.all[-1]


async def said(client: RawClient) -> Json:
    """The one message that is new."""
    [message] = (await client.sync())["AddMsgList"]
    found: Json = message
    return found


# -- what people say


async def test_a_text_is_escaped(
    wechat: WeChatServer, client: RawClient, session: Session, chat: Room, ann: User
) -> None:
    number = wechat.say(chat, ann, "1 < 2 & 3\n❤😁 🇩🇪 🫠")
    message = await said(client)
    flag = '<span class="emoji emoji1f1e91f1ea"></span>'
    cat = '<span class="emoji emoji1f63c"></span>'
    assert message["Content"] == f"1 &lt; 2 &amp; 3<br/>{HEART}{cat} {flag} 🫠"
    assert (message["MsgId"], message["NewMsgId"]) == (number, int(number))
    assert (message["FromUserName"], message["ToUserName"]) == (session.name(ann), client.user_name)
    assert (message["MsgType"], message["Url"], message["RecommendInfo"]["UserName"]) == (1, "", "")


async def test_a_group_message_names_who_says_it(
    wechat: WeChatServer, client: RawClient, session: Session, ann: User
) -> None:
    group = wechat.group("Friends", ann, aliases={wechat.first: "小 [助] 手"}, saved=False)
    wechat.say(group, ann, "what?", mention=True)
    message = await said(client)
    assert message["FromUserName"] == session.name(group)
    assert message["Content"] == f"{session.name(ann)}:<br/>@小 [助] 手{AT}what?"
    wechat.say(group, ann, "you", mention=ann, separator=" ")
    assert (await said(client))["Content"].endswith(f":<br/>@Ann &lt;b&gt; {HEART} you")
    wechat.note(group, '"Ann"邀请"Bob"加入了群聊')
    note = await said(client)
    assert (note["MsgType"], note["Content"]) == (10000, '"Ann"邀请"Bob"加入了群聊')


async def test_what_the_owner_says_on_the_phone_comes_too(
    wechat: WeChatServer, client: RawClient, session: Session, chat: Room, ann: User
) -> None:
    group = wechat.group("Friends", ann, saved=False)
    for room, name in ((chat, session.name(ann)), (group, session.name(group))):
        wechat.say(room, wechat.first, "from the phone")
        message = await said(client)
        assert (message["FromUserName"], message["ToUserName"]) == (client.user_name, name)
        assert message["Content"] == "from the phone"
    wechat.look(chat)
    assert (await said(client))["MsgType"] == 51


async def test_every_kind_of_message(wechat: WeChatServer, client: RawClient, chat: Room, ann: User) -> None:
    wechat.picture(chat, ann)
    wechat.sticker(chat, ann)
    wechat.audio(chat, ann)
    wechat.video(chat, ann)
    wechat.file(chat, ann)
    wechat.link(chat, ann)
    wechat.place(chat, ann)
    wechat.card(chat, ann, wechat.user("Bob", friend=False))
    wechat.recall(chat, ann, wechat.say(chat, ann, "oh"))
    news = (await client.sync())["AddMsgList"]
    assert [(one["MsgType"], one["AppMsgType"]) for one in news] == [
        (3, 0),
        (47, 0),
        (34, 0),
        (43, 0),
        (49, 6),
        (49, 5),
        (1, 0),
        (42, 0),
        (1, 0),
        (10002, 0),
    ]
    assert news[6]["Url"]
    assert news[7]["RecommendInfo"]["NickName"] == "Bob"
    assert "CDATA" in news[9]["Content"]


async def test_files_of_people_can_be_fetched(
    wechat: WeChatServer, client: RawClient, session: Session, chat: Room, ann: User
) -> None:
    picture = wechat.picture(chat, ann, content=b"a picture")
    voice = wechat.audio(chat, ann, content=b"a voice")
    video = wechat.video(chat, ann, content=b"a video")
    wechat.file(chat, ann, name="a & b.txt", content=b"a file")
    file = (await client.sync())["AddMsgList"][-1]
    assert await client.fetch("webwxgetmsgimg", msgid=picture, skey="") == b"a picture"
    assert await client.fetch("webwxgetvoice", msgid=voice, skey="") == b"a voice"
    assert await client.fetch("webwxgetvideo", msgid=video, skey="") == b""
    assert await client.fetch("webwxgetvideo", {"Range": "bytes=0-"}, msgid=video, skey="") == b"a video"
    assert await client.fetch("webwxgetvoice", msgid=picture, skey="") == b""
    asked = {"mediaid": file["MediaId"], "filename": file["FileName"], "fromuser": client.cookies["wxuin"]}
    asked |= {"sender": file["FromUserName"], "pass_ticket": "undefined"}
    ticket = client.cookies["webwx_data_ticket"]
    assert await client.fetch("webwxgetmedia", **asked, webwx_data_ticket=ticket) == b"a file"
    assert await client.fetch("webwxgetmedia", **asked, webwx_data_ticket="guessed") == b""
    assert await client.fetch("webwxgeticon", username=session.name(ann), skey="")


async def test_a_stranger_becomes_a_friend(wechat: WeChatServer, client: RawClient) -> None:
    eve = wechat.user("Eve", friend=False)
    request = wechat.ask_friend(eve, "我是 Eve")
    message = await said(client)
    info = message["RecommendInfo"]
    assert (message["MsgType"], message["FromUserName"]) == (37, "fmessage")
    assert (info["NickName"], info["Content"], info["Ticket"]) == ("Eve", "我是 Eve", request.ticket)
    body = {"Opcode": 3, "VerifyUserListSize": 1, "VerifyContent": "", "SceneListCount": 1, "SceneList": [33]}
    one = {"Value": info["UserName"], "VerifyUserTicket": "guessed"}
    assert await client.ret("webwxverifyuser", {**body, "VerifyUserList": [one]}) == -1
    assert not wechat.friend_requests[0].accepted
    one["VerifyUserTicket"] = request.ticket
    assert await client.ret("webwxverifyuser", {**body, "VerifyUserList": [one]}) == 0
    assert wechat.friend_requests[0].accepted
    answer = await client.sync()
    assert [one["NickName"] for one in answer["ModContactList"]] == ["Eve"]
    assert answer["AddMsgList"][0]["MsgType"] == 10000
    assert (await client.send(info["UserName"], "hello"))["BaseResponse"]["Ret"] == 0


# -- who there is


async def test_the_contact_list_comes_in_pages(ann: User) -> None:
    async with WeChatServer(contacts_page=2) as wechat, RawClient(wechat) as client:
        friends = [wechat.user(f"Friend {number}") for number in range(3)]
        wechat.group("Saved", *friends)
        wechat.group("Not saved", *friends, saved=False)
        news = wechat.official("News")
        await client.log_in()
        seq, found = 0, []
        while True:
            page = orjson.loads(await client.get("webwxgetcontact", seq=seq, skey="", r=1))
            found += page["MemberList"]
            if not (seq := page["Seq"]):
                break
        names = [one["NickName"] for one in found]
        assert names == ["文件传输助手", "Gateway", *(one.name for one in friends), "News", "Saved"]
        assert [one["VerifyFlag"] for one in found if one["NickName"] == news.name] == [8]
        assert found[-1]["MemberList"] == []


async def test_groups_and_members_are_asked_for(
    wechat: WeChatServer, client: RawClient, session: Session, ann: User
) -> None:
    group = wechat.group("Friends & co", ann, wechat.user("Bob", friend=False), aliases={ann: "A ❤"})
    name = session.name(group)
    body: Json = {"Count": 1, "List": [{"UserName": name, "ChatRoomId": ""}]}
    [found] = (await client.post("webwxbatchgetcontact", body, type="ex"))["ContactList"]
    assert (found["NickName"], found["MemberCount"]) == ("Friends &amp; co", 3)
    assert [one["DisplayName"] for one in found["MemberList"]] == ["", f"A {HEART}", ""]
    assert "HeadImgUrl" not in found["MemberList"][0]
    for where in (found["EncryChatRoomId"], name):
        body["List"] = [{"UserName": session.name(ann), "EncryChatRoomId": where}]
        [one] = (await client.post("webwxbatchgetcontact", body, type="ex"))["ContactList"]
        assert (one["NickName"], one["DisplayName"]) == (f"Ann &lt;b&gt; {HEART}", f"A {HEART}")
        assert (one["RemarkName"], "chatroomid=" in one["HeadImgUrl"]) == ("A", True)
    body["List"] = [{"UserName": "@unknown", "EncryChatRoomId": ""}]
    [nobody] = (await client.post("webwxbatchgetcontact", body, type="ex"))["ContactList"]
    assert (nobody["UserName"], nobody["NickName"]) == ("@unknown", "")
    assert await client.ret("webwxbatchgetcontact", {"Count": 2, "List": body["List"]}) == 1


async def test_a_remark_is_kept(wechat: WeChatServer, client: RawClient, session: Session, ann: User) -> None:
    body = {"UserName": session.name(ann), "CmdId": 2, "RemarkName": "Annie"}
    assert await client.ret("webwxoplog", body) == 0
    assert (await client.sync())["ModContactList"][0]["RemarkName"] == "Annie"


# -- what we say


async def test_a_text_is_shown(
    wechat: WeChatServer, client: RawClient, session: Session, chat: Room, ann: User
) -> None:
    text = "你好 <b>&amp; 😀\n\\u4f60"
    answer = await client.send(session.name(ann), text)
    [sent] = wechat.sent(chat)
    assert (sent.text, sent.kind, sent.id, sent.account) == (text, "text", answer["MsgID"], wechat.first)
    assert answer["LocalID"] == sent.local_id == "17"


async def test_escapes_of_json_are_shown_as_they_are(
    wechat: WeChatServer, client: RawClient, session: Session, chat: Room, ann: User
) -> None:
    to = session.name(ann)
    head = orjson.dumps({"BaseRequest": client.base}).decode()[:-1]
    message = f'{{"Type":1,"Content":"\\u4f60 \\\\u","FromUserName":"{client.user_name}","ToUserName":"{to}"'
    await client.ret("webwxsendmsg", f'{head},"Msg":{message},"ClientMsgId":1}}}}'.encode())
    assert wechat.sent(chat)[0].text == "\\u4f60 \\u"


@pytest.mark.parametrize(
    ("changes", "ret"),
    [
        ({"ToUserName": "@unknown"}, -1),
        ({"FromUserName": "@unknown"}, -1),
        ({"Content": ""}, 1),
        ({"Type": 2}, 1),
        ({"ClientMsgId": None}, 1),
    ],
)
async def test_texts_are_refused(
    client: RawClient, session: Session, ann: User, changes: Json, ret: int
) -> None:
    assert (await client.send(session.name(ann), "hello", **changes))["BaseResponse"]["Ret"] == ret


async def test_only_friends_and_groups_can_be_written_to(
    wechat: WeChatServer, client: RawClient, session: Session, chat: Room, ann: User
) -> None:
    group = wechat.group("Friends", ann)
    names = [session.name(who) for who in (wechat.user("Eve", friend=False), group, ann, wechat.first)]
    wechat.leave(group)
    wechat.leave(chat)
    assert [(await client.send(name, "hello"))["BaseResponse"]["Ret"] for name in names] == [1204] * 4
    assert (await client.send("filehelper", "a note"))["BaseResponse"]["Ret"] == 0
    assert [one.text for one in wechat.sent(wechat.private(wechat.filehelper))] == ["a note"]


@pytest.mark.parametrize(("blocks", "words"), [(True, "拒收"), (False, "朋友验证")])
async def test_who_wants_no_more_of_us_gets_nothing(
    wechat: WeChatServer, client: RawClient, session: Session, chat: Room, ann: User, blocks: bool, words: str
) -> None:
    wechat.drop(ann, blocks=blocks)
    assert (await client.send(session.name(ann), "hello"))["BaseResponse"]["Ret"] == 0
    assert wechat.sent(chat) == []
    note = await said(client)
    assert (note["MsgType"], note["FromUserName"]) == (10000, session.name(ann))
    assert words in note["Content"]


async def test_too_many_messages_are_refused(
    wechat: WeChatServer, client: RawClient, session: Session, chat: Room, ann: User
) -> None:
    wechat.limits(sends_per_minute=1)
    rets = [(await client.send(session.name(ann), str(n)))["BaseResponse"]["Ret"] for n in range(2)]
    assert rets == [0, 1205]
    wechat.limits()
    assert (await client.send(session.name(ann), "2"))["BaseResponse"]["Ret"] == 0
    assert [one.text for one in await wechat.answers(chat, 2)] == ["0", "2"]


async def test_a_message_can_be_taken_back_for_a_while(ann: User) -> None:
    async with WeChatServer(revoke_seconds=60) as wechat, RawClient(wechat) as client:
        friend = wechat.user()
        chat = wechat.private(friend)
        await client.log_in()
        to = wechat.sessions.all[-1].name(friend)
        first, second = [(await client.send(to, text))["MsgID"] for text in ("one", "two")]
        body = {"ClientMsgId": "1", "SvrMsgId": first, "ToUserName": to}
        assert await client.ret("webwxrevokemsg", body) == 0
        assert await client.ret("webwxrevokemsg", body) == 1
        assert [one.text for one in wechat.sent(chat)] == ["two"]
        wechat.sent(chat)[0].time -= 61
        assert await client.ret("webwxrevokemsg", {**body, "SvrMsgId": second}) == 1


async def test_files_are_uploaded_in_chunks_and_sent(
    wechat: WeChatServer, client: RawClient, session: Session, chat: Room, ann: User
) -> None:
    content = bytes(range(256)) * 4096
    media = (await client.upload(content))["MediaId"]
    xml = (
        "<appmsg appid='wxeb7ec651dd0aefa9' sdkver=''><title>a &amp; 文.md</title><type>6</type><appattach>"
        f"<totallen>{len(content)}</totallen><attachid>{media}</attachid></appattach></appmsg>"
    )
    message = {"FromUserName": client.user_name, "ToUserName": session.name(ann), "ClientMsgId": 1}
    assert await client.ret("webwxsendappmsg", {"Msg": {**message, "Type": 6, "Content": xml}}) == 0
    assert wechat.files(chat) == [("a & 文.md", content)]
    broken = xml.replace("&amp;", "&")
    assert await client.ret("webwxsendappmsg", {"Msg": {**message, "Type": 6, "Content": broken}}) == 1
    assert wechat.complaints == ["the appmsg is no XML"]
    picture = (await client.upload(b"\x89PNG", kind="pic"))["MediaId"]
    assert await client.ret("webwxsendmsgimg", {"Msg": {**message, "Type": 3, "MediaId": picture}}) == 0
    assert await client.ret("webwxsendmsgimg", {"Msg": {**message, "Type": 3, "MediaId": media}}) == 1
    assert await client.ret("webwxsendvideomsg", {"Msg": {**message, "Type": 43, "MediaId": picture}}) == 1
    assert [(one.kind, one.content) for one in wechat.sent(chat)][1:] == [("picture", b"\x89PNG")]


async def test_uploads_must_be_what_they_say(client: RawClient) -> None:
    for changes in ({"FileMd5": "0"}, {"TotalLen": 5}, {"UploadType": 1}):
        answer = await client.upload(b"1234", **changes)
        assert answer["BaseResponse"]["Ret"] == 1
    assert (await client.upload(b"1" * 20, chunk=10))["StartPos"] == 20
    assert (await client.upload(b"1" * (600 << 10), chunk=600 << 10))["BaseResponse"]["Ret"] == 1


# -- what goes wrong


async def test_calls_fail_on_request(
    wechat: WeChatServer, client: RawClient, session: Session, chat: Room, ann: User
) -> None:
    to = session.name(ann)
    wechat.fail("webwxsendmsg", ret=1205, times=2, when=lambda params: params["Msg"]["Content"] == "no")
    assert (await client.send(to, "yes"))["BaseResponse"]["Ret"] == 0
    assert (await client.send(to, "no"))["BaseResponse"]["Ret"] == 1205
    wechat.heal()
    assert (await client.send(to, "no"))["BaseResponse"]["Ret"] == 0
    wechat.fail("webwxsync", body=b"<html>garbage", account=wechat.account("Another"))
    await client.sync()
    wechat.heal()
    wechat.fail("webwxsync", body=b"<html>garbage")
    with pytest.raises(orjson.JSONDecodeError):
        await client.sync()
    wechat.fail("webwxsendmsg", cut=True, after_acting=True)
    with pytest.raises(aiohttp.ClientPayloadError):
        await client.send(to, "half an answer")
    wechat.reset("webwxsendmsg")
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.send(to, "never came")
    assert [one.text for one in wechat.sent(chat)] == ["yes", "no", "half an answer"]
    wechat.slow("webwxsendmsg", 0.05)
    assert (await client.send(to, "late"))["BaseResponse"]["Ret"] == 0


async def test_a_call_can_hang(wechat: WeChatServer, client: RawClient) -> None:
    wechat.hang("webwxsync")
    hanging = asyncio.create_task(client.sync())
    await wechat.until(lambda: wechat.called("webwxsync"))
    assert (await client.sync())["BaseResponse"]["Ret"] == 0
    assert not hanging.done()
    hanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hanging


async def test_what_is_not_there_is_complained_of(wechat: WeChatServer, client: RawClient) -> None:
    assert await client.get("webwxfly") == ""
    assert wechat.complaints == ["no such call: GET /cgi-bin/mmwebwx-bin/webwxfly"]
    with pytest.raises(AssertionError, match="complaint: no such call"):
        await wechat.until(lambda: False, 0.01)
    assert wechat.called("webwxfly")[0].status == 404
