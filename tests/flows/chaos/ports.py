"""Ports for servers that end and come back: below those that the system gives to whoever connects."""

from __future__ import annotations

import itertools
import os
import socket

_FIRST, _LAST = 12_000, 32_000
_numbers = itertools.count(os.getpid() * 97)


def free_ports(count: int) -> tuple[int, ...]:
    """So many ports of loopback where nobody listens, and that are not given twice."""
    found: list[int] = []
    while len(found) < count:
        number = _FIRST + next(_numbers) % (_LAST - _FIRST)
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind(("127.0.0.1", number))
            except OSError:
                continue
        found.append(number)
    return tuple(found)
