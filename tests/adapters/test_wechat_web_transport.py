"""The connections of the web protocol: what an answer may be, whatever it says it is."""

from __future__ import annotations

import asyncio
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from adapters.wechat_web.transport import Jar, TooMuch, Transport

MANY = 200 * 2**20


class _Endless(BaseHTTPRequestHandler):
    """Says more than anybody wants to hear."""

    def do_GET(self) -> None:
        self.send_response(302 if self.path == "/elsewhere" else 200)
        self.send_header("Location", "/plain")
        if self.path == "/packed":
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        block = b" " * 2**20
        try:
            for _ in range(MANY // len(block)):
                self.wfile.write(packer.compress(block) if self.path == "/packed" else block)
            if self.path == "/packed":
                self.wfile.write(packer.flush())
        except ConnectionError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


@contextmanager
def endless() -> Iterator[str]:
    """A server that does not stop, at this address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Endless) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("path", ["/plain", "/packed", "/elsewhere"])
async def test_an_answer_without_end_is_not_read_to_it(path: str) -> None:
    """All of it came into memory, unpacked."""
    with endless() as root:
        http = Transport(root, "https://login.weixin.qq.com", None, 10, Jar())
        try:
            with pytest.raises(TooMuch):
                await asyncio.to_thread(http.get, root + path)
        finally:
            http.close()
