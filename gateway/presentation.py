"""From what a model wrote to the pieces that a platform shows."""

from __future__ import annotations

import asyncio

from gateway.adapter import Capabilities
from gateway.markdown import Rendered, render, split

# From so many characters on, rendering may take longer than the event loop should stand still.
_LONG = 10_000


async def present(text: str, able: Capabilities, prefix: str = "") -> list[Rendered]:
    """*text* as the platform shows it, *prefix* plain before it, in pieces that the platform takes.

    The same pieces for the same text, always: after a crash they are counted from where it stopped.
    """
    if len(text) < _LONG:
        return _present(text, able, prefix)
    return await asyncio.to_thread(_present, text, able, prefix)


def _present(text: str, able: Capabilities, prefix: str) -> list[Rendered]:
    rendered = render(text, able.markup)
    if prefix:
        rendered = rendered.prepend(prefix)
    return split(rendered, able.max_length, able.length_unit)
