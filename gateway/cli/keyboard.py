"""Lines that a person types."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

Hear = Callable[[str], None]


class Keyboard:
    """Reads *descriptor* (a terminal or a pipe) while somebody listens, and not a byte before.

    Without a thread: a terminal is readable when a whole line is there, so that a read does not wait.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._hear: Hear | None = None
        self._begun = b""

    @property
    def listening(self) -> bool:
        """True while somebody listens, and somebody may type."""
        return self._hear is not None

    def listen(self, hear: Hear) -> bool:
        """Tell *hear* of every line from now on; false where nobody can type."""
        if self._hear is None:
            try:
                asyncio.get_running_loop().add_reader(self._descriptor, self._read)
            except OSError:
                return False  # closed, or a file, as /dev/null is one
        self._hear = hear
        return True

    def stop(self) -> None:
        """Listen no more."""
        if self._hear is not None:
            self._hear = None
            asyncio.get_running_loop().remove_reader(self._descriptor)

    def _read(self) -> None:
        try:
            data = os.read(self._descriptor, 4096) if _is_ours(self._descriptor) else b""
        except OSError:
            data = b""
        *lines, self._begun = (self._begun + data).split(b"\n")
        for line in lines:
            if self._hear is not None:
                self._hear(line.decode(errors="replace"))
        if not data:
            self.stop()


def _is_ours(descriptor: int) -> bool:
    """True where what is typed is for us: a process in the background that reads a terminal is stopped."""
    try:
        return not os.isatty(descriptor) or os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:
        return True  # a terminal without jobs
