"""Addresses of servers and proxies: what they are, and whether they can be used."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import SplitResult, unquote, urlsplit

from gateway.config.findings import Findings
from gateway.config.mistakes import did_you_mean
from gateway.config.reader import Json, Path

PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")

_HOST_NAME = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
_HOME = re.compile(r"(?:^|\.)(?:localhost|local|lan|internal|home\.arpa)$")


def split(url: str) -> SplitResult | None:
    """The parts of *url*; None where it is no URL with a host."""
    try:
        parts = urlsplit(url)
        named = bool(parts.scheme and parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if named and not re.search(r"[\s\0]", url) else None


def is_loopback(host: str) -> bool:
    """True where only this machine can reach *host*."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_everywhere(host: str) -> bool:
    """True where a server on *host* listens on every address of its machine."""
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False


def reachable(host: str, machine: str) -> str:
    """Where a browser goes to for a server that listens on *host* of the machine called *machine*.

    "Every address" is a place to listen, none to go to. Who listens there wants to be reached from elsewhere,
    where this machine has its name; what could not stand in an address is no name.
    """
    if not is_everywhere(host):
        return f"[{host}]" if ":" in host else host
    return machine if _HOST_NAME.fullmatch(machine) else "localhost"


def is_local(url: str) -> bool:
    """True where *url* is on this machine or in its own network."""
    parts = split(url)
    host = (parts.hostname or "") if parts else ""
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host or bool(_HOME.search(host))


def without_login(url: str) -> str:
    """*url* as it may be shown: without the name and password in it."""
    return re.sub(r"//[^/@]*@", "//", url)


def passwords(url: str) -> set[str]:
    """The password in *url*, as it stands there and as it is meant."""
    parts = split(url)
    return {parts.password, unquote(parts.password)} if parts and parts.password else set()


def check_server(url: str, path: Path, findings: Findings) -> None:
    """Record a mistake where *url* is not the beginning of a model server's address."""
    parts = split(url)
    if parts is None or parts.scheme not in ("http", "https"):
        hint = 'for example "https://api.openai.com/v1"'
        findings.wrong(path, f'"{path[-1]}" must be an address that begins with http:// or https://', hint)
    elif parts.path.rstrip("/").endswith("/completions"):
        findings.wrong(path, f'"{path[-1]}" must end before /chat/completions', "usually it ends with /v1")


def effective_proxy(
    value: Json, url: str, path: Path, environ: Mapping[str, str], findings: Findings
) -> Json:
    """The proxy on the way to *url*, for what the configuration says at *path*; None: there is none.

    ``env`` stands for the one that the environment names. What is no text is given back as it is, for
    the type check to complain about.
    """
    if value != "env":
        return _usable(value, path, "", findings) if isinstance(value, str) else value
    found = _proxy_from(environ, url)
    return _usable(found[0], path, f" (from {found[1]})", findings) if found else None


def _usable(proxy: str, path: Path, origin: str, findings: Findings) -> str | None:
    if not proxy:
        return None
    parts = split(proxy)
    if parts and parts.scheme in PROXY_SCHEMES:
        return proxy
    known = ", ".join(f"{scheme}://" for scheme in PROXY_SCHEMES)
    hint = did_you_mean(parts.scheme, PROXY_SCHEMES) if parts else 'for example "socks5://127.0.0.1:1080"'
    findings.wrong(path, f'"proxy"{origin} must be an address that begins with one of {known}', hint)
    return None


def _proxy_from(environ: Mapping[str, str], url: str) -> tuple[str, str] | None:
    """The proxy that the environment names for *url*, and the variable; None where it names none."""
    parts = split(url)
    if parts is None:
        return None
    direct = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    host = f".{parts.hostname}"
    for name in filter(None, map(str.strip, direct.lower().split(","))):
        if name == "*" or host.endswith("." + name.lstrip(".")):
            return None
    for name in (f"{parts.scheme}_proxy", "all_proxy"):
        for variable in (name, name.upper()):
            if proxy := environ.get(variable):
                return proxy, variable
    return None
