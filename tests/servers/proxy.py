"""A proxy on a real socket that notes where it was asked to go: HTTP (CONNECT and whole URLs) and SOCKS5.

Every connection ends at `upstream`, whatever host was asked for, so that names need not exist.
"""

from __future__ import annotations

import asyncio
import base64
import struct
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


class Proxy:
    """A forward proxy at `port`; `asked`: the host:port it was asked for, `credentials`: what came along."""

    def __init__(self, upstream: tuple[str, int]) -> None:
        self.upstream = upstream
        self.asked: list[str] = []
        self.credentials: list[str] = []
        self.port = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            first = await reader.readexactly(1)
            head = (
                await self._socks(reader, writer)
                if first == b"\x05"
                else await self._http(first, reader, writer)
            )
            await self._relay(head, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _http(self, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        """Read a request's head; what of it goes upstream. RFC 9110, sections 7.1 and 9.3.6."""
        head = first + await reader.readuntil(b"\r\n\r\n")
        line, *headers = head.decode("latin-1").split("\r\n")
        method, target, version = line.split(" ")
        for header in headers:
            name, _, value = header.partition(":")
            if name.lower() == "proxy-authorization":
                self.credentials.append(base64.b64decode(value.split()[1]).decode())
        if method == "CONNECT":
            self.asked.append(target)
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            return b""
        url = urlsplit(target)
        self.asked.append(url.netloc)
        path = url.path + (f"?{url.query}" if url.query else "")
        return "\r\n".join([f"{method} {path} {version}", *headers]).encode("latin-1")

    async def _socks(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        """Greet, and take the address: RFC 1928; user and password: RFC 1929."""
        methods = await reader.readexactly((await reader.readexactly(1))[0])
        if 2 in methods:
            writer.write(b"\x05\x02")
            await reader.readexactly(1)
            user = await reader.readexactly((await reader.readexactly(1))[0])
            password = await reader.readexactly((await reader.readexactly(1))[0])
            self.credentials.append(f"{user.decode()}:{password.decode()}")
            writer.write(b"\x01\x00")
        else:
            writer.write(b"\x05\x00")
        kind = (await reader.readexactly(4))[3]
        if kind == 3:
            host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        else:
            host = ".".join(map(str, await reader.readexactly(4)))
        (port,) = struct.unpack("!H", await reader.readexactly(2))
        self.asked.append(f"{host}:{port}")
        writer.write(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        return b""

    async def _relay(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection(*self.upstream)
        up_writer.write(head)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_copy(reader, up_writer))
                both.create_task(_copy(up_reader, writer))
        except* ConnectionError:
            pass
        finally:
            up_writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
