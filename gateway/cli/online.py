"""``gateway check --online``: do the platforms and the models know us?"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from gateway.adapter import ChannelState, Menu
from gateway.backend.models import Models
from gateway.config import Config
from gateway.config.dialogue import Tell
from gateway.errors import AdapterError, BackendError, GatewayError, NetworkError
from gateway.log import Mask
from gateway.login import Login
from gateway.message import Chat, Said
from gateway.session import Turn
from gateway.store import state
from gateway.store.database import connect
from gateway.store.migrations import is_current
from gateway.text import harmless


async def ask_everybody(config: Config, tell: Tell) -> int:
    """Ask every platform who we are and every model for a word; 1 where one of them fails."""
    failed, mask = 0, Mask(config.secrets())
    with _kept(config.data_dir) as kept:
        for name, settings in config.channels.items():
            adapter = settings.adapter(_Visitor(name, kept), settings.options)
            try:
                answer = await adapter.verify() or "there is nobody to ask"
            except AdapterError as exc:
                answer, failed = _failure(exc), 1
            finally:
                await adapter.close()
            tell(f"  channel {name}: {harmless(mask(answer))}")
    for name, model in config.models.items():
        models = Models({"default": model}, tries=1)
        try:
            said = await models.answer("default", [Turn("user", "Say hello in one word.")], stream=False)
            answer = f"answers {said.text[:40]!r}"
        except BackendError as exc:
            answer, failed = _failure(exc), 1
        finally:
            await models.aclose()
        tell(f"  model {name}: {harmless(mask(answer))}")
    return failed


def _failure(exc: GatewayError) -> str:
    """What went wrong, with what to look at where nobody was reached."""
    unreached = isinstance(exc, NetworkError) or isinstance(exc.__cause__, OSError)
    hint = '; is it up, and is a "proxy" needed to get there?' if unreached else ""
    return f"FAILED: {exc}{hint}"


@contextmanager
def _kept(folder: Path) -> Iterator[sqlite3.Connection | None]:
    """The database in *folder*, logins are in it; None where there is none that is ours to read."""
    path = folder / "gateway.db"
    if not os.access(path, os.R_OK | os.W_OK):
        yield None
        return
    with closing(connect(path)) as connection:
        yield connection if is_current(connection) else None


class _Visitor:
    """The host of an adapter that only introduces itself, with what it *kept* when it ran."""

    def __init__(self, name: str, kept: sqlite3.Connection | None) -> None:
        self.name = name
        self.menu: Menu = {}
        self.login = Login()
        self._kept = kept

    @property
    def folder(self) -> Path:
        """No file is kept."""
        return Path(tempfile.gettempdir())

    async def load(self, key: str) -> str | None:
        """What was kept."""
        return state.load(self._kept, self.name, key) if self._kept else None

    async def save(self, key: str, value: str) -> None:
        """Nothing is kept."""

    async def transcript(self, chat: Chat) -> Sequence[Said]:
        """Nothing was said."""
        return ()

    async def awaited(self, chat: Chat, ids: Collection[str]) -> Collection[str]:
        """Nothing is answered."""
        return ()

    def report(self, state: ChannelState, detail: str = "") -> None:
        """Nobody looks."""
