"""Connections to WeChat for `requests`.

They lead to WeChat alone, and never through a proxy of the environment; a thread that waits on one can be set
free.
"""

from __future__ import annotations

import socket
import weakref
from collections.abc import Callable, Iterator
from functools import partial
from http import HTTPStatus
from http.cookiejar import Cookie
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.cookies import RequestsCookieJar

from gateway.http import Places

# wx.qq.com and web.wechat.com, each with hosts of its own for files and for waiting.
_OTHERS = ("qq.com", "wechat.com")
_CONNECT_SECONDS = 10.0
# Bytes of an answer, unpacked: more than the list of contacts of anybody, and than files that are fetched.
_LARGEST = 32 * 2**20


class _Connections(HTTPAdapter):
    """The adapter of `requests`, which tries once, and knows the connections that are open."""

    def __init__(self) -> None:
        self.open: weakref.WeakSet[Any] = weakref.WeakSet()
        super().__init__(max_retries=0)

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        """The pool that a request takes its connection from: straight, or of whatever proxy."""
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        made_by = type(pool).ConnectionCls

        def connect(*args: Any, **kwargs: Any) -> Any:
            connection = made_by(*args, **kwargs)
            self.open.add(connection)
            return connection

        pool.ConnectionCls = connect
        return pool

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        """The answer *resp*, of which no more than `_LARGEST` is read. Reading on raises `TooMuch`."""
        resp.stream = partial(_bounded, resp, resp.stream)
        return super().build_response(req, resp)


class Jar(RequestsCookieJar):
    """Cookies of several threads."""

    def snapshot(self) -> list[Cookie]:
        """All cookies as they are now."""
        with self._cookies_lock:  # the standard library's own, which it does not take for this
            return [*self]


class Closed(requests.ConnectionError):
    """Nothing is sent any more."""


class TooMuch(requests.ConnectionError):
    """An answer is larger than any that we ask for."""


class Elsewhere(requests.ConnectionError):
    """A page or an answer leads to a host that is none of WeChat's."""


class Transport(requests.Session):
    """A session that only one thread uses; its *jar* may be that of others too.

    *root* takes the place of *standard* at the head of addresses. Only WeChat is asked, whatever redirects
    and answers say. A status of 400 or more is a `requests.HTTPError`. A read waits *silence* seconds.
    """

    def __init__(self, root: str, standard: str, proxy: str | None, silence: float, jar: Jar) -> None:
        super().__init__()
        self.trust_env = False
        self.cookies = jar
        self._root = root
        self._standard = standard
        self._places = Places((root,), _OTHERS)
        self._timeout = (_CONNECT_SECONDS, silence)
        self._connections = _Connections()
        self._ended = False
        self.mount("http://", self._connections)
        self.mount("https://", self._connections)
        if proxy is not None:
            self.proxies = {"http": proxy, "https": proxy}

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """The request as it is sent; see `requests.Session`."""
        url = str(request.url)
        if url.startswith(self._standard):
            request.url = self._root + url.removeprefix(self._standard)
        return super().prepare_request(request)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """The answer to *request*; see `requests.Session`. Most callers name no timeout.

        Raises `Closed`, `Elsewhere`, any other `requests.RequestException`.
        """
        if self._ended:
            raise Closed
        if not self._places.permit(request.url or ""):
            raise Elsewhere
        kwargs["timeout"] = self._timeout
        answer = super().send(request, **kwargs)
        if answer.status_code >= HTTPStatus.BAD_REQUEST:
            answer.close()
            raise requests.HTTPError(response=answer)
        return answer

    def cut(self) -> None:
        """End what is being waited for: the thread that waits gets an error. Any thread may say so."""
        for connection in list(self._connections.open):
            waiting: socket.socket | None = connection.sock
            if waiting is not None:
                _shut(waiting)

    def close(self) -> None:
        """End what is being waited for, and everything else. Any thread may say so."""
        self._ended = True
        self.cut()
        super().close()


def _bounded(
    answer: Any, stream: Callable[..., Iterator[bytes]], *args: Any, **kwargs: Any
) -> Iterator[bytes]:
    size = 0
    for block in stream(*args, **kwargs):
        size += len(block)
        if size > _LARGEST:
            answer.close()
            raise TooMuch
        yield block


def _shut(waiting: socket.socket) -> None:
    try:
        # Not the method of a TLS socket, which takes its state away from under the thread that reads.
        socket.socket.shutdown(waiting, socket.SHUT_RDWR)
    except OSError:
        return  # not connected yet, or not any more
