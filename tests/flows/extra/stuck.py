"""A platform on which nobody ever says anything, and that gets stuck."""

from __future__ import annotations

import os
import re
import time

from gateway import Adapter, Chat, Options, Receipt, Receive, Reply

WAYS = {
    # leaves the interpreter to others meanwhile, as most that waits does
    "waits": lambda: time.sleep(1000),
    # keeps it
    "thinks": lambda: re.match(r"(a+)+$", "a" * 100 + "b"),
}


class StuckAdapter(Adapter[Options]):
    """STUCK in the environment says how."""

    async def run(self, receive: Receive) -> None:
        """Get stuck."""
        WAYS[os.environ["STUCK"]]()

    async def send(self, chat: Chat, reply: Reply) -> Receipt:
        """Nobody is there."""
        raise NotImplementedError
