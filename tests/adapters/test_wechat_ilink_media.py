"""Files to and from WeChat: fetched and deciphered, enciphered and uploaded, and only where they belong."""

from __future__ import annotations

import hashlib
import json
import threading

import pytest

from adapters.wechat_ilink.cdn import aside
from adapters.wechat_ilink.media import Ref, key_of, seal, unseal
from gateway import Attachment, Audio, File, Image, Reply
from gateway.errors import NetworkError, OutcomeUnknown, Rejected, WindowClosed
from tests.servers.proxy import Proxy

from .host import FakeHost, FakeInbox, running
from .wechat_ilink_platform import adapter, asked, ilink, log_in, server

PNG = b"\x89PNG\r\n" + bytes(range(256))


@pytest.mark.parametrize("full_urls", [True, False])
@pytest.mark.parametrize("raw_key", [True, False])
async def test_what_people_send_is_fetched(host: FakeHost, full_urls: bool, raw_key: bool) -> None:
    async with ilink(host, world=server(full_urls=full_urls)) as (world, stage):
        ann = world.person()
        world.picture(ann, PNG, raw_key=raw_key)
        world.picture(ann, PNG, raw_key=raw_key, aeskey=False)
        world.voice(ann, b"\x02#!SILK_V3", text="what is said", raw_key=raw_key)
        world.file(ann, b"%PDF", name="notes.pdf", raw_key=raw_key)
        world.video(ann, b"video", raw_key=raw_key)
        messages = await stage.inbox.get(5)
        parts = [message.media[0] for message in messages]
        assert [await stage.adapter.fetch(part) for part in parts] == [
            PNG,
            PNG,
            b"\x02#!SILK_V3",
            b"%PDF",
            b"video",
        ]
        kinds = [type(part) for part in parts]
        assert kinds == [Image, Image, Audio, File, File]
        assert messages[2].text == "what is said"
        assert isinstance(parts[2], Audio)
        assert parts[2].mime == "audio/silk"
        pdf = parts[3]
        assert isinstance(pdf, File)
        assert (pdf.name, pdf.mime, pdf.size) == ("notes.pdf", "application/pdf", 4)
        assert world.complaints == []


async def test_a_file_that_is_gone(host: FakeHost) -> None:
    async with ilink(host) as (world, stage):
        world.file(world.person())
        (message,) = await stage.inbox.get()
        world.fail("/c2c/download", status=502)
        with pytest.raises(NetworkError):
            await stage.adapter.fetch(message.media[0])
        world.forget_media()
        with pytest.raises(Rejected, match="gone"):
            await stage.adapter.fetch(message.media[0])
        for part in (Image(""), File("words"), File("[]"), File('{"odd": 1}'), File("{}")):
            with pytest.raises(Rejected):
                await stage.adapter.fetch(part)


async def test_what_is_not_what_it_should_be_is_refused(host: FakeHost) -> None:
    async with ilink(host) as (world, stage):
        ann = world.person()
        world.file(ann, b"content")
        (message,) = await stage.inbox.get()
        ref = json.loads(message.media[0].ref)
        for change in ({"md5": "0" * 32}, {"size": 5}, {"key": "0" * 32}):
            with pytest.raises(Rejected):
                await stage.adapter.fetch(File(json.dumps({**ref, **change})))
        assert await stage.adapter.fetch(File(json.dumps(ref))) == b"content"


async def test_files_are_fetched_from_the_cdn_alone(host: FakeHost) -> None:
    async with ilink(host) as (world, stage):
        for url in (
            "http://169.254.169.254/latest",
            "https://evil.example/c2c/download",
            "file:///etc/passwd",
        ):
            with pytest.raises(Rejected):
                await stage.adapter.fetch(File(Ref(url=url).to_json()))
        world.file(world.person(), b"content")
        (message,) = await stage.inbox.get()
        ref = json.loads(message.media[0].ref)
        elsewhere = File(json.dumps({**ref, "url": "https://evil.example/"}))
        assert await stage.adapter.fetch(elsewhere) == b"content"  # by its name, at the CDN that we know


async def test_a_redirect_is_not_followed(host: FakeHost) -> None:
    async with ilink(host) as (world, stage):
        world.file(world.person())
        (message,) = await stage.inbox.get()
        world.fail("/c2c/download", status=302)
        with pytest.raises(Rejected):
            await stage.adapter.fetch(message.media[0])


async def test_a_file_that_is_too_big_is_not_read_to_its_end(host: FakeHost) -> None:
    async with ilink(host) as (world, stage):
        world.picture(world.person(), bytes(21 * 2**20))
        (message,) = await stage.inbox.get()
        with pytest.raises(Rejected, match="too big"):
            await stage.adapter.fetch(message.media[0])
        with pytest.raises(Rejected, match="too big"):
            await stage.adapter.fetch(File(Ref("name", size=21 * 2**20).to_json()))
        assert len(world.called("/c2c/download")) == 1


async def test_a_big_file_goes_both_ways(host: FakeHost) -> None:
    async with ilink(host) as (world, stage):
        content = bytes(8 * 2**20)
        ann = world.person()
        chat = await asked(world, stage, ann)
        await stage.adapter.send(chat, Reply("", file=Attachment("big.bin", content)))
        world.file(ann, content)
        messages = await stage.inbox.get(2)
        assert await stage.adapter.fetch(messages[1].media[0]) == content
        assert world.sent(ann)[0].content == content


@pytest.mark.parametrize(("size", "here"), [(1000, True), (2 << 20, False)])
async def test_the_loop_does_not_wait_for_ciphers(size: int, here: bool) -> None:
    assert (await aside(size, threading.get_ident) == threading.get_ident()) is here


# --- what we send


async def test_files_are_shown_as_what_they_are(host: FakeHost) -> None:
    async with ilink(host) as (world, stage):
        ann = world.person()
        chat = await asked(world, stage, ann)
        files = [
            Attachment("picture.png", PNG, "image/png"),
            Attachment("guessed.jpg", PNG),
            Attachment("drawing.svg", b"<svg/>", "image/svg+xml"),
            Attachment("clip.mp4", b"video", "video/mp4"),
            Attachment("voice.silk", b"sound", "audio/silk"),
            Attachment("聊天 记录.md", b"# chat"),
        ]
        for file in files:
            await stage.adapter.send(chat, Reply("", file=file))
        sent = world.sent(ann)
        assert [one.kind for one in sent] == ["image", "image", "file", "video", "file", "file"]
        assert [one.content for one in sent] == [file.data for file in files]
        assert [one.name for one in sent if one.name] == ["drawing.svg", "voice.silk", "聊天 记录.md"]
        assert world.complaints == []


async def test_a_text_and_its_file_are_two_messages_or_none(host: FakeHost) -> None:
    async with ilink(host, per_turn=3) as (world, stage):
        ann = world.person()
        chat = await asked(world, stage, ann)
        reply = Reply("look", file=Attachment("a.png", PNG))
        await stage.adapter.send(chat, reply)
        with pytest.raises(WindowClosed):
            await stage.adapter.send(chat, reply)
        assert [one.kind for one in world.sent(ann)] == ["text", "image"]


async def test_an_upload_is_tried_three_times(host: FakeHost) -> None:
    async with ilink(host) as (world, stage):
        ann = world.person()
        chat = await asked(world, stage, ann)
        reply = Reply("", file=Attachment("a.txt", b"content"))
        world.fail("/c2c/upload", status=500, times=2)
        await stage.adapter.send(chat, reply)
        world.fail("/c2c/upload", status=500, times=3)
        with pytest.raises(NetworkError):
            await stage.adapter.send(chat, reply)
        assert len(world.called("/c2c/upload")) == 6
        world.fail("/c2c/upload", status=400, times=3)
        with pytest.raises(Rejected):
            await stage.adapter.send(chat, reply)
        assert len(world.called("/c2c/upload")) == 7
        assert len(world.sent(ann)) == 1


@pytest.mark.parametrize("full_urls", [True, False])
async def test_an_upload_goes_to_the_cdn_alone(host: FakeHost, full_urls: bool) -> None:
    async with ilink(host, world=server(full_urls=full_urls)) as (world, stage):
        chat = await asked(world, stage, world.person())
        reply = Reply("", file=Attachment("a.txt", b"content"))
        await stage.adapter.send(chat, reply)
        body = {"ret": 0, "upload_full_url": "https://evil.example/upload"}
        world.fail("getuploadurl", status=200, body=body)
        with pytest.raises(NetworkError):
            await stage.adapter.send(chat, reply)
        assert len(world.called("/c2c/upload")) == 1


@pytest.mark.parametrize("part", ["getuploadurl", "/c2c/upload"])
async def test_an_upload_without_an_answer_leaves_no_doubt_about_the_message(
    host: FakeHost, part: str
) -> None:
    async with ilink(host) as (world, stage):
        ann = world.person()
        chat = await asked(world, stage, ann)
        reply = Reply("", file=Attachment("a.txt", b"content"))
        world.fail(part, status=504, times=3)
        with pytest.raises(NetworkError) as caught:
            await stage.adapter.send(chat, reply)
        assert not isinstance(caught.value, OutcomeUnknown)
        world.heal()
        await stage.adapter.send(chat, reply)
        assert [one.kind for one in world.sent(ann)] == ["file"]


async def test_no_secret_of_a_file_is_written(host: FakeHost, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    async with ilink(host) as (world, stage):
        ann = world.person()
        chat = await asked(world, stage, ann)
        world.picture(ann, PNG)
        world.tell(ann, {"type": 2, "image_item": {"media": {"full_url": world.cdn, "aes_key": "c2VjcmV0"}}})
        messages = await stage.inbox.get(3)
        world.fail("/c2c/download", status=500)
        with pytest.raises(NetworkError) as caught:
            await stage.adapter.fetch(messages[1].media[0])
        await stage.adapter.send(chat, Reply("", file=Attachment("a.txt", b"content")))
        ref = json.loads(messages[1].media[0].ref)
        ours = [one.params["aeskey"] for one in world.called("getuploadurl")]
    written = repr([one.getMessage() for one in caplog.records if one.name.startswith("adapters.")])
    for secret in (ref["key"], ref["param"], "c2VjcmV0", *ours):
        assert secret not in written + str(caught.value)


# --- pure


def test_a_key_is_read_in_every_way_in_which_it_is_written() -> None:
    key = bytes(range(16))
    hexed = key.hex()
    assert key_of(hexed, None) == hexed
    assert key_of(None, "AAECAwQFBgcICQoLDA0ODw==") == hexed
    assert key_of("", "MDAwMTAyMDMwNDA1MDYwNzA4MDkwYTBiMGMwZDBlMGY=") == hexed
    assert key_of(None, None) == ""


@pytest.mark.parametrize(
    ("hex_key", "aes_key"),
    [("zz", None), ("00" * 15, None), (None, "?"), (None, "c2hvcnQ="), (None, "YWI" * 12)],
)
def test_what_is_no_key_is_told(hex_key: str | None, aes_key: str | None) -> None:
    with pytest.raises(ValueError, match="key"):
        key_of(hex_key, aes_key)


@pytest.mark.parametrize("size", [1, 15, 16, 17, 1000])
def test_what_is_sealed_can_be_unsealed(size: int) -> None:
    data = bytes(size)
    sealed = seal(data)
    assert len(sealed.data) == (size // 16 + 1) * 16
    assert sealed.md5 == hashlib.md5(data, usedforsecurity=False).hexdigest()
    ref = Ref("name", key=key_of(None, sealed.aes_key), md5=sealed.md5, size=size)
    assert unseal(Ref.read(ref.to_json()), sealed.data) == data
    assert sealed.key.hex() not in repr(sealed) + repr(ref)


def test_a_file_without_a_key_lies_open() -> None:
    assert unseal(Ref("name"), b"as it is") == b"as it is"


# --- the way there


async def test_everything_goes_through_the_proxy(host: FakeHost) -> None:
    async with server() as world, Proxy(("127.0.0.1", world.ports[0])) as proxy:
        inbox = FakeInbox(host)
        ours = adapter(host, world, proxy=f"socks5h://127.0.0.1:{proxy.port}")
        async with running(ours, inbox):
            ann = world.person()
            await log_in(world, host, ann)
            world.say(ann, "hello")
            (message,) = await inbox.get()
            await ours.send(message.chat, Reply("through"))
            assert [sent.text for sent in world.sent(ann)] == ["through"]
        assert proxy.asked
