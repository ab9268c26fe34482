"""Addresses that come with messages and answers lead to the platform, and to nobody else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from adapters.dingtalk.transport import Transport as DingTalkTransport
from adapters.wechat_web.transport import Elsewhere, Jar
from adapters.wechat_web.transport import Transport as WebTransport
from gateway import File, Reply
from gateway.errors import Rejected

from .dingtalk_platform import dingtalk
from .host import FakeHost
from .wechat_official_platform import wechat

INSIDE = "http://169.254.169.254/latest/meta-data"
ELSEWHERE = (
    INSIDE,
    "http://10.0.0.1/x",
    "https://evil.example/x",
    "file:///etc/passwd",
    "https://me@127.0.0.1",
)


@pytest.mark.parametrize("webhook", ELSEWHERE)
async def test_dingtalks_webhook_is_dingtalks(host: FakeHost, webhook: str) -> None:
    async with dingtalk(host) as (world, stage):
        ann = world.user()
        room = world.private(ann)
        world.say(room, ann, "hello", sessionWebhook=webhook)
        (message,) = await stage.inbox.get()
        await stage.adapter.send(message.chat, Reply("by the other way"))
        assert [(sent.text, sent.via) for sent in world.sent(room)] == [("by the other way", "openapi")]


@pytest.mark.parametrize("url", ELSEWHERE)
async def test_dingtalks_files_are_dingtalks(host: FakeHost, url: str) -> None:
    async with dingtalk(host) as (world, stage):
        ann = world.user()
        world.file(world.private(ann), ann)
        (message,) = await stage.inbox.get()
        world.fail("messageFiles/download", status=200, body={"downloadUrl": url})
        with pytest.raises(Rejected, match="none of its own"):
            await stage.adapter.fetch(message.media[0])


def test_dingtalks_places() -> None:
    transport = DingTalkTransport(None, "https://api.dingtalk.com")
    assert transport.places.permit("wss://wss-open-connection.dingtalk.com:443/connect")
    assert transport.places.permit("https://oapi.dingtalk.com/robot/sendBySession?session=x")
    for address in ("ws://wss-open-connection.dingtalk.com/connect", "wss://evil.example/connect"):
        assert not transport.places.permit(address)
    picture = "http://wukong-file-im-zjk.oss-cn-zhangjiakou.aliyuncs.com/ddmedia%2Fx.jpg?signature=a%2Bb"
    assert not transport.places.permit(picture)
    assert transport.places.secured(picture) == picture.replace("http:", "https:")
    assert transport.places.permit(transport.places.secured(picture))


@pytest.mark.parametrize("url", ELSEWHERE)
async def test_wechats_videos_are_wechats(host: FakeHost, url: str) -> None:
    async with wechat(host) as (world, stage):
        world.fail("media/get", 200, {"video_url": url})
        with pytest.raises(Rejected, match="none of its own"):
            await stage.adapter.fetch(File("media", "video", "video/mp4"))


class _Redirect(BaseHTTPRequestHandler):
    """Sends everybody elsewhere."""

    def do_GET(self) -> None:
        self.send_response(302)
        self.send_header("Location", INSIDE)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def redirecting() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Redirect)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_wechat_on_the_web_is_not_left(redirecting: str) -> None:
    with WebTransport(redirecting, "https://login.weixin.qq.com", None, 5, Jar()) as transport:
        for url in (INSIDE, "https://evil.example", redirecting):
            with pytest.raises(Elsewhere):
                transport.get(url)
        assert transport.get(redirecting, allow_redirects=False).status_code == 302


def test_wechat_on_the_web_has_several_hosts() -> None:
    transport = WebTransport("https://login.weixin.qq.com", "https://login.weixin.qq.com", None, 5, Jar())
    places = transport._places
    for host in ("wx.qq.com", "file.wx2.qq.com", "webpush.wx8.qq.com", "file.web2.wechat.com"):
        assert places.permit(f"https://{host}/cgi-bin/mmwebwx-bin")
    transport.close()
