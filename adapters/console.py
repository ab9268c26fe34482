"""Talk to the bot in a terminal: lines in, answers out."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time

from gateway import (
    Adapter,
    Capabilities,
    ChannelState,
    Chat,
    Host,
    Message,
    Options,
    Receipt,
    Receive,
    Reply,
    Sender,
    Text,
)
from gateway.text import clean, harmless

_PROMPT = "> "
# What is pasted in one line, at most (bytes).
_LONGEST_LINE = 4 * 1024 * 1024


class ConsoleOptions(Options):
    """There is nothing to configure."""


class ConsoleAdapter(Adapter[ConsoleOptions]):
    """One person at a terminal, or at the other end of a pipe."""

    options_type = ConsoleOptions
    capabilities = Capabilities(max_length=1_000_000, markup="plain")

    def __init__(self, host: Host, options: ConsoleOptions) -> None:
        super().__init__(host, options)
        self._interactive = sys.stdin.isatty()

    async def run(self, receive: Receive) -> None:
        """Read lines until the end of the input."""
        chat = Chat(self.host.name, "console", account="console")
        person = Sender("me", os.environ.get("USER", "me"))
        lines = _read_lines(sys.stdin.fileno())
        self.host.report(ChannelState.UP)
        self._prompt()
        while line := await lines.readline():
            text = clean(line.decode(errors="replace")).strip()
            if text:
                await receive([Message(str(time.time_ns()), chat, person, (Text(text),), time.time())])
            else:
                self._prompt()

    async def send(self, chat: Chat, reply: Reply) -> Receipt:
        """Print an answer."""
        sys.stdout.writelines(f"{harmless(line)}\n" for line in reply.text.split("\n"))
        self._prompt()
        sys.stdout.flush()
        return Receipt("")

    def _prompt(self) -> None:
        if self._interactive:
            sys.stdout.write(_PROMPT)
            sys.stdout.flush()


def _read_lines(descriptor: int) -> asyncio.StreamReader:
    """What comes in at *descriptor*, read by a thread of its own.

    A terminal cannot be read without blocking (it shares its mode with standard output), and a read that
    blocks cannot be ended: the thread is a daemon and reads below Python's buffers, so that it holds
    nothing when the process ends.
    """
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=_LONGEST_LINE)

    def read() -> None:
        try:
            while data := os.read(descriptor, 65536):
                loop.call_soon_threadsafe(reader.feed_data, data)
            loop.call_soon_threadsafe(reader.feed_eof)
        except (OSError, RuntimeError):
            return  # the terminal is gone, or the loop is

    threading.Thread(target=read, name="console", daemon=True).start()
    return reader
