"""What becomes of WeChat's messages, of its XML and its encryption; nothing that arrives is an exception."""

from __future__ import annotations

import string
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.wechat_official import xml
from adapters.wechat_official.crypto import Cipher, Unreadable
from adapters.wechat_official.options import LONGEST_TEXT
from adapters.wechat_official.parse import Account, parse
from adapters.wechat_official.wording import LONGEST_MORE, Words, language_of
from gateway import Audio, File, Image, Message, Text
from gateway.errors import Rejected
from tests.servers.wechat_official import crypto
from tests.servers.wechat_official.pushes import xml as theirs

from .host import FakeHost
from .wechat_official_platform import wechat

ME = Account("gzh", "wx1")
HEAD = {"ToUserName": "gh_1", "FromUserName": "o1", "CreateTime": "1700000000"}
KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


def message(kind: str, **fields: str) -> Message:
    """What a message of this kind says."""
    incoming = parse({**HEAD, "MsgType": kind, "MsgId": "1", **fields}, ME)
    assert incoming is not None
    assert incoming.message is not None
    return incoming.message


def test_a_text() -> None:
    said = message("text", Content="你好 ")
    assert (said.text, said.id, said.time) == ("你好", "1", 1700000000)
    assert (said.chat.channel, said.chat.account, said.chat.id, said.sender.id) == ("gzh", "wx1", "o1", "o1")
    assert said.chat.kind == "private"


CASES: list[tuple[str, dict[str, str], Any]] = [
    ("image", {"PicUrl": "http://x", "MediaId": "m"}, Image("m")),
    ("voice", {"MediaId": "m", "Format": "amr"}, Audio("m", "audio/amr")),
    ("voice", {"MediaId": "m", "Recognition": "你好"}, Audio("m", transcript="你好")),
    ("video", {"MediaId": "m", "ThumbMediaId": "t"}, File("m", "video", "video/mp4")),
    ("shortvideo", {"MediaId": "m"}, File("m", "video", "video/mp4")),
    ("location", {"Location_X": "23.1", "Location_Y": "113.3", "Label": ""}, Text("📍 23.1, 113.3")),
    (
        "location",
        {"Location_X": "23.1", "Location_Y": "113.3", "Label": "广州"},
        Text("📍 广州 (23.1, 113.3)"),
    ),
    ("link", {"Title": "t", "Description": "", "Url": "http://u"}, Text("t\nhttp://u")),
    ("file", {"Title": "a.pdf"}, File("", "a.pdf")),
    ("hologram", {}, File("", "hologram")),
    ("text", {"Content": "【收到不支持的消息类型，暂无法显示】"}, File("", "sticker")),
]


@pytest.mark.parametrize(("kind", "fields", "part"), CASES)
def test_each_kind_of_message(kind: str, fields: dict[str, str], part: Any) -> None:
    assert message(kind, **fields).parts == (part,)


def test_a_transcript_is_what_was_said() -> None:
    assert message("voice", MediaId="m", Recognition="你好").text == "你好"


@pytest.mark.parametrize(
    ("event", "key", "kind"),
    [
        ("CLICK", "V1001", "click"),
        ("CLICK", "", "other"),
        ("subscribe", "qrscene_1", "follow"),
        ("unsubscribe", "", "unfollow"),
        ("SCAN", "1", "other"),
        ("", "", "other"),
    ],
)
def test_events_are_known_by_their_time(event: str, key: str, kind: str) -> None:
    incoming = parse({**HEAD, "MsgType": "event", "Event": event, "EventKey": key}, ME)
    assert incoming is not None
    assert (incoming.kind, incoming.person, incoming.us) == (kind, "o1", "gh_1")
    assert incoming.id == f"{event.lower()}-1700000000"
    assert (incoming.message is not None) == (kind == "click")


def test_a_message_without_an_id_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    assert parse({**HEAD, "MsgType": "text", "Content": "secret words"}, ME) is None
    assert "left out" in caplog.text
    assert "secret words" not in caplog.text


NAMES = ["ToUserName", "FromUserName", "CreateTime", "MsgType", "MsgId", "Content", "Event", "EventKey"]
VALUES = st.one_of(
    st.text(max_size=20), st.sampled_from(["text", "event", "voice", "CLICK", "1", "-1", "1e9"])
)


@given(st.dictionaries(st.sampled_from(NAMES), VALUES))
def test_no_message_is_an_error(fields: dict[str, str]) -> None:
    incoming = parse(fields, ME)
    if incoming is not None and incoming.message is not None:
        assert Message.from_json(incoming.message.to_json()) == incoming.message


# XML.

TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=60
)


@given(st.dictionaries(st.text(string.ascii_letters, min_size=1, max_size=9), TEXTS))
def test_what_we_write_is_read_as_it_was(fields: dict[str, str]) -> None:
    assert xml.read(xml.write(fields).encode()) == fields
    assert xml.read(theirs(fields).encode()) == fields


@given(
    st.one_of(st.binary(max_size=200), st.text("<>/!?[]&;xml CDATAENTITY\"'", max_size=200).map(str.encode))
)
def test_no_body_is_an_error(body: bytes) -> None:
    with suppress(ValueError):
        xml.read(body)


@given(st.text(max_size=60))
def test_whatever_is_answered_is_xml(text: str) -> None:
    clean = "".join(character for character in text if character.isprintable())
    written = xml.write({"Content": text.encode("utf-8", "replace").decode(), "CreateTime": 7})
    read = xml.read(written.encode())
    assert read["CreateTime"] == "7"
    if clean == text:
        assert read["Content"] == text


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE xml [<!ENTITY a "b">]><xml><Content>&a;</Content></xml>',
        b'<!DOCTYPE xml SYSTEM "http://127.0.0.1/x.dtd"><xml></xml>',
        b'<?xml version="1.0" encoding="utf-7"?><xml>',
        b"<xml><Content>\x00</Content></xml>",
    ],
)
def test_what_is_dangerous_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of several libraries
        xml.read(body)


def test_a_deep_one_is_only_deep() -> None:
    assert xml.read(b"<xml>" + b"<a>" * 20_000 + b"</a>" * 20_000 + b"</xml>") == {"a": ""}


# Encryption.


@given(st.text(max_size=300).filter(lambda text: text.isprintable()))
def test_what_is_encrypted_is_read_by_the_other_side(text: str) -> None:
    cipher = Cipher(KEY, "wx1")
    assert crypto.decrypt(KEY, "wx1", cipher.encrypt(text)) == text
    assert cipher.decrypt(crypto.encrypt(KEY, "wx1", text)).decode() == text


@given(
    st.one_of(
        st.text(max_size=100), st.binary(max_size=200).map(lambda raw: crypto.base64.b64encode(raw).decode())
    )
)
def test_nothing_encrypted_is_an_error(sealed: str) -> None:
    with suppress(Unreadable):
        Cipher(KEY, "wx1").decrypt(sealed)


@given(st.integers(0, 200), st.integers(1, 255))
def test_what_was_changed_on_the_way_is_not_read(place: int, change: int) -> None:
    sealed = bytearray(crypto.base64.b64decode(crypto.encrypt(KEY, "wx1", "x" * 100)))
    sealed[place % len(sealed)] ^= change
    with suppress(Unreadable):
        assert Cipher(KEY, "wx1").decrypt(crypto.base64.b64encode(sealed).decode()) != b"y" * 100


# Words.


@pytest.mark.parametrize(
    ("text", "language"), [("hello", "en"), ("你好", "zh"), ("hello 你", "zh"), ("1", "zh"), ("", "zh")]
)
def test_people_are_spoken_to_in_their_language(text: str, language: str) -> None:
    assert language_of(text) == language


def test_what_we_say_ourselves_fits() -> None:
    for words in Words:
        assert all(len(text.encode()) <= LONGEST_TEXT for text in words.value)
    assert len(Words.MORE.say("zh").encode()) <= LONGEST_MORE


# Files.


async def test_what_people_send_can_be_fetched(host: FakeHost) -> None:
    async with wechat(host) as (world, stage):
        ann = world.person()
        await world.picture(ann, b"a picture")
        await world.voice(ann, b"a voice")
        await world.video(ann, b"a video")
        fetched = [await stage.adapter.fetch(message.media[0]) for message in await stage.inbox.get(3)]
        assert fetched == [b"a picture", b"a voice", b"a video"]
        for part in (Image("media-unknown"), Image(""), File("", "sticker")):
            with pytest.raises(Rejected):
                await stage.adapter.fetch(part)


async def test_what_is_too_big_is_not_fetched(host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.http.transport.LARGEST_FILE", 1000)
    async with wechat(host) as (world, stage):
        await world.picture(world.person(), b"x" * 1001)
        (message,) = await stage.inbox.get()
        with pytest.raises(Rejected, match="too big"):
            await stage.adapter.fetch(message.media[0])
