"""Where a login goes on: pure."""

from __future__ import annotations

from urllib.parse import urlsplit

from gateway.errors import Rejected
from gateway.http import is_loopback, permitted

_LONGEST = 100  # characters of an address in an error


def moved(root: str, host: str) -> str:
    """The address of *host*, to which somebody at *root* is sent. Raises `Rejected`: not to be followed."""
    if "://" not in host:
        own = urlsplit(root)
        scheme = own.scheme if is_loopback(own.hostname or "") else "https"
        host = f"{scheme}://{host}"
    address = host.rstrip("/")
    if not permitted(address, root):
        raise Rejected(
            f"WeChat names a host that is none of its own, as far as we know: {address[:_LONGEST]!r};"
            " if it is one, make it the api_root"
        )
    return address
