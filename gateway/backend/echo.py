"""A model that needs nobody: it says again what was said."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Sequence

from gateway.backend.base import Usage
from gateway.session import Turn
from gateway.text import estimate_tokens

_WORD = re.compile(r"\s*\S+\s*")


class EchoBackend:
    """Repeats the last thing a person said, word by word; offline, for trying channels out."""

    async def stream(self, turns: Sequence[Turn], whole: bool = False) -> AsyncGenerator[str | Usage]:
        """Yield the words, or all at once where *whole*, then the usage, estimated."""
        text = next((turn.text for turn in reversed(turns) if turn.role == "user"), "")
        for word in [text] if whole else _WORD.findall(text):
            yield word
        yield Usage(sum(turn.tokens for turn in turns), estimate_tokens(text))

    async def aclose(self) -> None:
        """Nothing to release."""
