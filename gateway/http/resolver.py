"""Names that lead into the operator's own network lead nowhere, unless the platform is there."""

from __future__ import annotations

import errno
import socket
from collections.abc import Collection

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from gateway.http.addresses import is_internal


class PublicResolver(AbstractResolver):
    """Finds the addresses of names, those in the internet alone.

    The hosts that the operator named, *own*, may be anywhere; where one of them is inside, others may be too.
    What is found here is what is connected to: nobody can change it in between.
    """

    def __init__(self, own: Collection[str], resolver: AbstractResolver | None = None) -> None:
        self._own = frozenset(own)
        self._resolver = resolver or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of *host*. Raises `OSError`: it has none that we go to."""
        found = await self._resolver.resolve(host, port, family)
        public = [one for one in found if not is_internal(one["host"])]
        if len(public) == len(found) or host.lower() in self._own:
            return found
        if public:
            return public
        if await self._is_inside(port, family):
            return found
        raise OSError(errno.EHOSTUNREACH, "its address is inside the own network")

    async def close(self) -> None:
        """See `AbstractResolver`."""
        await self._resolver.close()

    async def _is_inside(self, port: int, family: socket.AddressFamily) -> bool:
        """Whether a host that the operator named is inside."""
        for host in self._own:
            try:
                found = await self._resolver.resolve(host, port, family)
            except OSError:
                continue
            if any(is_internal(one["host"]) for one in found):
                return True
        return False
