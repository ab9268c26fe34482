"""The page's files, kept in memory: what is not among them cannot be asked for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable

from aiohttp import web

from gateway.http import guarded

_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".svg": "image/svg+xml",
}

# Nothing but our own files and requests; strings become markup through DOMPurify alone.
_POLICY = "; ".join([
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types dompurify",
])  # fmt: skip
HEADERS = guarded(_POLICY)


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as browsers get it; the *tag* changes with its content."""

    body: bytes
    type: str
    tag: str

    def response(self, request: web.Request) -> web.Response:
        """The file, or 304 where the browser has it already."""
        headers = {**HEADERS, "Cache-Control": "no-cache"}
        if any(etag.value == self.tag for etag in request.if_none_match or ()):
            response = web.Response(status=304, headers=headers)
        else:
            response = web.Response(body=self.body, content_type=self.type, charset="utf-8", headers=headers)
        response.etag = self.tag
        return response


def load() -> dict[str, Asset]:
    """All files by their path below ``static``."""
    return dict(_below(resources.files("adapters.webchat").joinpath("static"), ""))


def _below(folder: Traversable, prefix: str) -> list[tuple[str, Asset]]:
    found = []
    for item in folder.iterdir():
        path = prefix + item.name
        kind = _TYPES.get(item.name[item.name.rfind(".") :])
        if item.is_dir():
            found += _below(item, f"{path}/")
        elif kind is not None:
            body = item.read_bytes()
            found.append((path, Asset(body, kind, hashlib.sha256(body).hexdigest()[:16])))
    return found
