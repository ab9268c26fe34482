"""Which of the addresses that a platform names we go to: pure.

A login may go on at another host, files and answers go to addresses that come with messages. A token, or a
request from inside the operator's network, must not be had by naming any host.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

# A host and a port, nothing that two parsers could read in two ways.
_PLACE = re.compile(r"(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?")
_SECURE = ("https", "wss")
_SCHEMES = ("http", "ws", *_SECURE)
# Below the domains of some countries the second label is no owner's name either: co.uk, com.cn.
_SHARED = ("ac", "co", "com", "edu", "gov", "net", "org")
# Names that proxies like Clash answer themselves, to have their traffic: they lead nowhere else.
_STAND_INS = ip_network("198.18.0.0/15")
# Inside by a rule that is older than those of Python.
_SITES = ip_network("fec0::/10")
# Networks without IPv4 reach its addresses behind this prefix. https://www.rfc-editor.org/rfc/rfc6052
_NAT64 = ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Places:
    """Where a platform is: at the *roots*, which the operator named, and what else belongs to their owners.

    *others* are domains that are the platform's, or that it keeps files at, though they look like somebody
    else's.
    """

    roots: Sequence[str]
    others: Sequence[str] = ()

    def permit(self, address: str) -> bool:
        """True where *address* may be gone to."""
        return any(permitted(address, root, self.others) for root in self.roots)

    def secured(self, address: str) -> str:
        """*address*, by https where it is one of the *others* that the platform names by http."""
        plain = address.removeprefix("http://")
        if plain == address or self.permit(address):
            return address
        return f"https://{plain}"

    @property
    def hosts(self) -> frozenset[str]:
        """The hosts of the *roots*."""
        return frozenset((urlsplit(root).hostname or "").lower() for root in self.roots)


def permitted(address: str, root: str, others: Sequence[str] = ()) -> bool:
    """True where *address* may be gone to by whom was told *root*.

    That is the same host, or by https another of the same owner or of one of the *others*; or, where *root*
    is on this machine, anything on this machine.
    """
    there, here = _split(address), _split(root)
    if there is None or here is None:
        return False
    if _place(there) == _place(here):
        return True
    host, own = there.hostname or "", here.hostname or ""
    if is_loopback(own):
        return is_loopback(host)
    return there.scheme in _SECURE and not _is_ip(host) and _owner(host) in (_owner(own), *others)


def is_loopback(host: str) -> bool:
    """True for this machine."""
    return host == "localhost" or (_is_ip(host) and ip_address(host).is_loopback)


def is_internal(address: str) -> bool:
    """True for an IP address that is not in the internet: this machine, its network, its provider's."""
    parsed: IPv4Address | IPv6Address = ip_address(address)
    parsed = _leads_to(parsed) if isinstance(parsed, IPv6Address) else parsed
    public = parsed.is_global and not (parsed.is_multicast or parsed.is_reserved or parsed in _SITES)
    return not public and parsed not in _STAND_INS


def _leads_to(address: IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that is meant by *address*, where there is one in it."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _place(parts: SplitResult) -> tuple[bool, str]:
    return parts.scheme in _SECURE, parts.netloc.lower()


def _split(address: str) -> SplitResult | None:
    try:
        parts = urlsplit(address)
        good = parts.scheme in _SCHEMES and _PLACE.fullmatch(parts.netloc) and parts.port != 0
    except ValueError:
        return None
    return parts if good else None


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _owner(host: str) -> str:
    """The part of a host's name that somebody registered."""
    labels = host.lower().split(".")
    shared = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SHARED
    return ".".join(labels[-3 if shared else -2 :])
