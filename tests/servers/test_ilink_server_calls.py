"""The iLink simulator takes, refuses, cuts and loses what bots send as WeChat does."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.servers.ilink import Bot, IlinkServer, Person
from tests.servers.ilink.cdn import encipher, padded
from tests.servers.ilink.client import RawClient

Json = dict[str, Any]
KEY = bytes(range(16))
FILEKEY = "ab" * 16
WRONG = {"ret": -3, "errmsg": "invalid arguments"}


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


async def asked(ilink: IlinkServer, person: Person, client: RawClient, text: str = "hello") -> str:
    """The context token that came with a message of *person*'s."""
    ilink.say(person, text)
    return str((await client.poll())[-1]["context_token"])


# -- texts


async def test_a_text_is_shown(ilink: IlinkServer, ann: Person, bot: Bot, client: RawClient) -> None:
    token = await asked(ilink, ann, client)
    answer = await client.send(ann.id, token, "hello 世界 🌍")
    [sent] = ilink.sent(ann)
    assert answer == {"ret": 0, "message_id": sent.id}
    assert sent.id > 2**53
    assert (sent.kind, sent.text, sent.bot, sent.context_token) == ("text", "hello 世界 🌍", bot, token)


async def test_a_text_that_is_too_long_is_cut_without_a_word(
    ilink: IlinkServer, ann: Person, client: RawClient
) -> None:
    token = await asked(ilink, ann, client)
    assert (await client.send(ann.id, token, "世" * 2001))["ret"] == 0
    [sent] = ilink.sent(ann)
    assert (sent.text, sent.written) == ("世" * 2000, "世" * 2001)


TEXT = {"type": 1, "text_item": {"text": "hello"}}


@pytest.mark.parametrize(
    "changes",
    [
        {"item_list": []},
        {"item_list": [TEXT, TEXT]},
        {"item_list": [{"type": 1, "text_item": {"text": ""}}]},
        {"item_list": [{"type": 1, "text": "hello"}]},
        {"item_list": [{"type": 99}]},
        {"item_list": "hello"},
        {"item_list": [{"type": 4, "file_item": {"file_name": "a"}}]},
        {"item_list": [{"type": 2, "image_item": {"media": {"encrypt_query_param": "guessed"}}}]},
        {"message_type": 1},
        {"message_state": 1},
        {"to_user_id": ""},
        {"to_user_id": "somebody@im.wechat"},
        {"from_user_id": "somebody@im.bot"},
        {"context_token": 7},
    ],
)
async def test_what_is_wrong_is_refused(
    ilink: IlinkServer, ann: Person, client: RawClient, changes: Json
) -> None:
    token = await asked(ilink, ann, client)
    message = {"to_user_id": ann.id, "context_token": token, **changes}
    assert await client.send(message.pop("to_user_id"), message.pop("context_token"), **message) == WRONG
    assert ilink.sent(ann) == []
    assert len(ilink.complaints) == 1


async def test_the_context_token_must_be_that_person_s(
    ilink: IlinkServer, ann: Person, bot: Bot, client: RawClient
) -> None:
    bob = ilink.person("Bob")
    ilink.say(bob, "hello", bot=bot)
    first = await asked(ilink, ann, client)
    [bobs] = bot.talks[bob.id].tokens
    for token in ("", bobs, "guessed"):
        assert await client.send(ann.id, token) == {"ret": -2, "errmsg": "prepare failed"}
    second = await asked(ilink, ann, client)
    assert [(await client.send(ann.id, token))["ret"] for token in (first, second)] == [0, 0]
    ilink.limits(newest=True, tokenless=True)
    assert [(await client.send(ann.id, token))["ret"] for token in (first, second, "")] == [-2, 0, 0]
    assert ilink.complaints == []


async def test_ten_messages_on_one_of_theirs(ilink: IlinkServer, ann: Person, client: RawClient) -> None:
    token = await asked(ilink, ann, client)
    assert [(await client.send(ann.id, token))["ret"] for _ in range(12)] == [0] * 10 + [-2, -2]
    assert await client.send(ann.id, token) == {"ret": -2}
    token = await asked(ilink, ann, client)
    assert (await client.send(ann.id, token))["ret"] == 0
    assert len(ilink.sent(ann)) == 11


async def test_nothing_a_day_after_they_wrote(ilink: IlinkServer, ann: Person, client: RawClient) -> None:
    token = await asked(ilink, ann, client)
    ilink.away(ann, 86_400)
    assert await client.send(ann.id, token) == {"ret": -2}
    assert (await client.send(ann.id, await asked(ilink, ann, client)))["ret"] == 0


async def test_who_sends_too_fast_is_blocked(ilink: IlinkServer, ann: Person, client: RawClient) -> None:
    ilink.limits(burst=3, seconds=60, blocked=0.1)
    token = await asked(ilink, ann, client)
    answers = [await client.send(ann.id, token) for _ in range(4)]
    assert [answer["ret"] for answer in answers] == [0, 0, 0, -2]
    assert answers[-1] == {"ret": -2, "errmsg": "rate limited"}
    ilink.limits(burst=3, seconds=0.01, blocked=0.1)
    await asyncio.sleep(0.11)
    assert (await client.send(ann.id, token))["ret"] == 0


async def test_a_message_may_be_taken_and_never_shown(
    ilink: IlinkServer, ann: Person, client: RawClient
) -> None:
    token = await asked(ilink, ann, client)
    ilink.swallow(ann, times=2)
    answers = [await client.send(ann.id, token, str(number)) for number in range(3)]
    assert answers[:2] == [{"ret": 0}, {"ret": 0}]
    assert [sent.text for sent in ilink.sent(ann)] == ["2"]
    ilink.swallow(ann, times=None)
    assert await client.send(ann.id, token) == {"ret": 0}
    ilink.heal()
    assert "message_id" in await client.send(ann.id, token)


async def test_nobody_is_there_any_more(ilink: IlinkServer, ann: Person, client: RawClient) -> None:
    token = await asked(ilink, ann, client)
    ilink.remove(ann)
    assert await client.send(ann.id, token) == WRONG


async def test_a_session_that_is_over_sends_nothing(
    ilink: IlinkServer, ann: Person, bot: Bot, client: RawClient
) -> None:
    token = await asked(ilink, ann, client)
    ilink.expire(bot)
    assert (await client.send(ann.id, token))["errcode"] == -14
    assert ilink.complaints == []


# -- typing


async def test_typing_needs_the_ticket_of_that_person(
    ilink: IlinkServer, ann: Person, client: RawClient
) -> None:
    assert (await client.post("getconfig", ilink_user_id=ann.id))["ret"] == -4
    token = await asked(ilink, ann, client)
    answer = await client.post("getconfig", ilink_user_id=ann.id, context_token=token)
    call = {"ilink_user_id": ann.id, "typing_ticket": answer["typing_ticket"]}
    assert await client.post("sendtyping", **call, status=1) == {"ret": 0}
    assert ilink.typing(ann)
    assert await client.post("sendtyping", **call, status=2) == {"ret": 0}
    assert not ilink.typing(ann)
    assert await client.post("sendtyping", **call, status=3) == WRONG
    assert await client.post("sendtyping", **{**call, "typing_ticket": "guessed"}, status=1) == WRONG
    assert (await client.post("getconfig", ilink_user_id=ann.id, context_token="guessed"))["ret"] == -4
    assert ilink.typings(ann) == [1, 2]


async def test_a_message_ends_the_typing(ilink: IlinkServer, ann: Person, client: RawClient) -> None:
    token = await asked(ilink, ann, client)
    ticket = (await client.post("getconfig", ilink_user_id=ann.id))["typing_ticket"]
    await client.post("sendtyping", ilink_user_id=ann.id, typing_ticket=ticket, status=1)
    await client.send(ann.id, token)
    assert not ilink.typing(ann)


# -- files


def announced(ann: Person, content: bytes, **changes: Any) -> Json:
    """What getuploadurl is told of *content*."""
    described = {
        "filekey": FILEKEY,
        "media_type": 3,
        "to_user_id": ann.id,
        "rawsize": len(content),
        "rawfilemd5": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "filesize": padded(len(content)),
        "no_need_thumb": True,
        "aeskey": KEY.hex(),
    }
    return {**described, **changes}


def reference(param: str, key: bytes = KEY.hex().encode()) -> Json:
    """A file's media, as clients send it."""
    return {"encrypt_query_param": param, "aes_key": base64.b64encode(key).decode(), "encrypt_type": 1}


@pytest.mark.parametrize("size", [1, 15, 16, 17, 100_000])
async def test_a_file_arrives(ilink: IlinkServer, ann: Person, client: RawClient, size: int) -> None:
    content = bytes(number % 251 for number in range(size))
    token = await asked(ilink, ann, client)
    url = (await client.post("getuploadurl", **announced(ann, content)))["upload_full_url"]
    status, param = await client.upload(url, encipher(content, KEY))
    assert status == 200
    file = {"media": reference(param), "file_name": "notes.pdf", "len": str(size)}
    assert (await client.send(ann.id, token, item_list=[{"type": 4, "file_item": file}]))["ret"] == 0
    [sent] = ilink.sent(ann)
    assert (sent.kind, sent.name, sent.content) == ("file", "notes.pdf", content)
    assert ilink.complaints == []


async def test_a_file_with_a_key_in_other_words_is_broken(
    ilink: IlinkServer, ann: Person, client: RawClient
) -> None:
    token = await asked(ilink, ann, client)
    url = (await client.post("getuploadurl", **announced(ann, b"pixels", media_type=1)))["upload_full_url"]
    _, param = await client.upload(url, encipher(b"pixels", KEY))
    for key in (KEY, bytes(16).hex().encode()):
        image = {"media": reference(param, key), "mid_size": 6}
        assert (await client.send(ann.id, token, item_list=[{"type": 2, "image_item": image}]))["ret"] == 0
    assert [sent.content for sent in ilink.sent(ann)] == [None, None]
    assert len([words for words in ilink.complaints if "opened" in words]) == 2
    assert len([words for words in ilink.complaints if "mid_size" in words]) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"filekey": "short"},
        {"media_type": 5},
        {"to_user_id": "somebody"},
        {"rawsize": 0},
        {"filesize": 5},
        {"rawfilemd5": ""},
        {"aeskey": base64.b64encode(KEY).decode()},
        {"media_type": 1, "no_need_thumb": False},
    ],
)
async def test_an_upload_is_announced_rightly(
    ilink: IlinkServer, ann: Person, client: RawClient, changes: Json
) -> None:
    assert await client.post("getuploadurl", **announced(ann, b"bytes", **changes)) == WRONG


async def test_an_upload_is_what_was_announced(ilink: IlinkServer, ann: Person, client: RawClient) -> None:
    content = b"bytes"
    url = (await client.post("getuploadurl", **announced(ann, content)))["upload_full_url"]
    for body, words in (
        (encipher(content * 9, KEY), "filesize"),
        (encipher(content, bytes(16)), "rawsize"),
        (encipher(b"bytez", KEY), "md5"),
    ):
        status, said = await client.upload(url, body)
        assert (status, said) == (400, f"{words} mismatch")
    status, _ = await client.upload(url.replace(FILEKEY, "cd" * 16), encipher(content, KEY))
    assert status == 403
    assert (await client.upload(url, encipher(content, KEY)))[0] == 200


async def test_addresses_may_have_to_be_built(ann: Person) -> None:
    async with IlinkServer(full_urls=False) as ilink:
        ilink.world.people[ann.id] = ann
        async with RawClient(ilink, ilink.login(ann)) as client:
            answer = await client.post("getuploadurl", **announced(ann, b"bytes"))
            ilink.file(ann)
            [message] = await client.poll()
    assert set(answer) == {"ret", "upload_param"}
    assert "full_url" not in message["item_list"][0]["file_item"]["media"]


async def test_what_the_cdn_forgot_is_gone(ilink: IlinkServer, ann: Person, client: RawClient) -> None:
    ilink.file(ann)
    [message] = await client.poll()
    ilink.forget_media()
    with pytest.raises(AssertionError, match="404"):
        await client.download(message["item_list"][0]["file_item"]["media"]["full_url"])
    ilink.fail("/c2c/download", status=503)
    with pytest.raises(AssertionError, match="503"):
        await client.download(message["item_list"][0]["file_item"]["media"]["full_url"])
