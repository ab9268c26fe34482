"""An access token that is always fresh: kept, renewed before its end, replaced where it is not taken."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from gateway.errors import AdapterError, NetworkError, unseen

# Where a platform does not say how long; those that do say the same.
_LIFE = 7200.0
# WeChat gives out another, while both are good, in the last five minutes; DingTalk's own clients do not wait
# longer either.
_RENEW_BEFORE = 300.0

T = TypeVar("T")


class Issued(NamedTuple):
    """A token that a platform has just given out, good for so many `seconds`."""

    token: str
    seconds: float


Fetch = Callable[[], Awaitable[Issued]]


def issued(answer: Mapping[str, Any], token: str, seconds: str) -> Issued:
    """What stands in *answer* under these two names. Raises `NetworkError`: no token."""
    found, life = answer.get(token), answer.get(seconds, _LIFE)
    if not isinstance(found, str) or not found or not isinstance(life, (int, float)):
        raise NetworkError("no access token in the answer")
    return Issued(found, life)


class AccessToken:
    """A token for calls in the name of one application; everything raises `AdapterError`.

    *fetch* asks the platform for one. *refused* is what a call raises that was made with a token which is not
    taken any more. *force* asks for another where *fetch* brings the refused one again.
    """

    def __init__(self, fetch: Fetch, refused: type[AdapterError], force: Fetch | None = None) -> None:
        self._fetch = fetch
        self._refused = refused
        self._force = force
        self._token = ""
        self._renew_at = self._dead_at = 0.0
        self._renewing = asyncio.Lock()

    async def get(self) -> str:
        """The token; whoever asks while it is fetched waits for the same."""
        async with self._renewing:
            if time.monotonic() >= self._renew_at:
                await self._renew(self._fetch)
            return self._token

    async def used_for(self, attempt: Callable[[str], Awaitable[T]]) -> T:
        """What *attempt* gives with the token; made once more with a new one where this one is not taken."""
        token = await self.get()
        try:
            return await attempt(token)
        except self._refused:
            await self._replace(token)
        return await attempt(await self.get())

    async def _replace(self, refused: str) -> None:
        """Get another token than the *refused* one, unless somebody else has."""
        async with self._renewing:
            if self._token != refused:
                return
            self._renew_at = self._dead_at = 0.0
            await self._renew(self._fetch)
            if self._token == refused and self._force is not None:
                await self._renew(self._force)

    async def _renew(self, fetch: Fetch) -> None:
        asked = time.monotonic()
        try:
            with unseen():
                token, life = await fetch()
        except AdapterError as exc:
            if exc.retryable and asked < self._dead_at:
                return  # the one that we have still serves
            raise
        self._token = token
        self._dead_at = asked + life
        # In its last minutes, too, asking again and again would bring the same.
        self._renew_at = self._dead_at - min(_RENEW_BEFORE, life / 2)
