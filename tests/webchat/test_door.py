"""The web server's door: the login, borrowed names, other sites."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from gateway.errors import ConfigError, StoreError
from gateway.password import hashed
from gateway.web import WebServer
from gateway.web.keep import Keep
from gateway.web.sessions import LIFETIME, Sessions
from tests.ports import free_port
from tests.servers.known import remember

PASSWORD = "correct horse, 电池"
HASH = hashed(PASSWORD)
HTML = {"Accept": "text/html,*/*"}


class Client:
    """Somebody who asks the web server, with the cookies he was given."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.cookies: dict[str, str] = {}
        self.session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        self._given: set[str] = {PASSWORD, HASH}
        remember(self)

    def given_out(self) -> Iterable[str]:
        """What nobody may read in a log: the password, and every cookie."""
        return self._given

    async def ask(self, method: str, path: str, **options: Any) -> tuple[int, Any, str]:
        """Status, headers and text of an answer; redirections are not followed."""
        headers = CIMultiDict(options.pop("headers", {}))
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        url = URL(self.root + path, encoded=True)
        async with self.session.request(
            method, url, headers=headers, allow_redirects=False, **options
        ) as answer:
            for line in answer.headers.getall("Set-Cookie", []):
                self.cookies |= {cookie.key: cookie.value for cookie in SimpleCookie(line).values()}
                self._given.update(self.cookies.values())
            return answer.status, answer.headers, await answer.text()

    async def log_in(self, password: str = PASSWORD, **options: Any) -> int:
        """Fill the form in."""
        return (await self.ask("POST", "/login", data={"password": password}, **options))[0]


async def _page(request: web.Request) -> web.Response:
    return web.Response(text="the page")


ROUTES = [web.get("/", _page), web.post("/chat/say", _page), web.post("/hook/telegram", _page)]


@asynccontextmanager
async def door(folder: Path, password: str | None, proxies: Iterable[str] = ()) -> AsyncIterator[Client]:
    """A web server, and somebody before it."""
    port = free_port()
    async with WebServer("127.0.0.1", port, password, ROUTES, lambda: {"web": "up"}, folder, proxies):
        client = Client(f"http://127.0.0.1:{port}")
        try:
            yield client
        finally:
            await client.session.close()


@pytest.fixture
async def locked(tmp_path: Path) -> AsyncIterator[Client]:
    async with door(tmp_path, PASSWORD) as client:
        yield client


@pytest.fixture
async def unlocked(tmp_path: Path) -> AsyncIterator[Client]:
    async with door(tmp_path, None) as client:
        yield client


# --- with a password


async def test_everything_but_health_hooks_and_the_login_asks_for_the_password(locked: Client) -> None:
    assert (await locked.ask("GET", "/healthz"))[0] == 200
    assert (await locked.ask("POST", "/hook/telegram"))[0] == 200
    assert (await locked.ask("GET", "/login"))[0] == 200
    assert (await locked.ask("GET", "/pages/style.css"))[0] == 200
    assert (await locked.ask("GET", "/"))[0] == 401
    assert (await locked.ask("POST", "/chat/say"))[0] == 401
    assert (await locked.ask("GET", "/nothing/here"))[0] == 401
    status, headers, _ = await locked.ask("GET", "/?c=1&d=2", headers=HTML)
    assert (status, headers["Location"]) == (303, "/login?next=%2F%3Fc%3D1%26d%3D2")


async def test_the_password_opens_and_logging_out_closes(locked: Client) -> None:
    assert await locked.log_in("wrong") == 403
    assert (await locked.ask("GET", "/"))[0] == 401
    status, headers, _ = await locked.ask("POST", "/login?next=/%3Fc%3D1", data={"password": PASSWORD})
    assert (status, headers["Location"]) == (303, "/?c=1")
    cookie = headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Secure" not in cookie
    status, headers, text = await locked.ask("GET", "/")
    assert (status, text, headers["Gateway-Session"]) == (200, "the page", "login")
    assert (await locked.ask("GET", "/login"))[0] == 303
    assert (await locked.ask("GET", "/metrics"))[0] == 200
    assert (await locked.ask("POST", "/logout"))[0] == 303
    assert (await locked.ask("GET", "/"))[0] == 401


async def test_behind_https_the_cookie_stays_there(locked: Client) -> None:
    forwarded = {"X-Forwarded-Proto": "https"}
    headers = (await locked.ask("POST", "/login", data={"password": PASSWORD}, headers=forwarded))[1]
    assert "Secure" in headers["Set-Cookie"]


@pytest.mark.parametrize(
    "next", ["//evil.example", "https://evil.example", "/\\evil.example", "/%0d%0aX:%20y", "javascript:1"]
)
async def test_a_login_leads_nowhere_else(locked: Client, next: str) -> None:
    headers = (await locked.ask("POST", f"/login?next={next}", data={"password": PASSWORD}))[1]
    assert headers["Location"] == "/"


async def test_guessing_has_an_end_and_the_right_password_waits_too(locked: Client) -> None:
    statuses = [await locked.log_in(f"guess {number}") for number in range(7)]
    assert statuses == [403] * 5 + [429] * 2
    status, headers, _ = await locked.ask("POST", "/login", data={"password": PASSWORD})
    assert status == 429
    assert 0 < int(headers["Retry-After"]) <= 13
    bearer = {"Authorization": f"Bearer {PASSWORD}".encode().decode("latin-1")}
    assert (await locked.ask("GET", "/metrics", headers=bearer))[0] == 429
    # a proxy on this machine says who it is: somebody else may try
    elsewhere = {"X-Forwarded-For": "203.0.113.7"}
    assert await locked.log_in(headers=elsewhere) == 303


async def test_all_guesses_together_have_an_end(locked: Client) -> None:
    async def guess(number: int) -> int:
        return await locked.log_in(
            str(number), headers={"X-Forwarded-For": f"203.0.{number // 200}.{number % 200}"}
        )

    statuses = await asyncio.gather(*(guess(number) for number in range(130)))
    assert statuses.count(403) < 120
    assert 429 in statuses


async def test_a_network_of_ipv6_is_one_address(locked: Client) -> None:
    statuses = [
        await locked.log_in(str(number), headers={"X-Forwarded-For": f"2001:db8::{number}"})
        for number in range(6)
    ]
    assert statuses[-1] == 429


@pytest.mark.parametrize("body", [b"", b"password=" + b"x" * 5000, b"\xff\xfe", b"user=me"])
async def test_an_odd_form_is_no_login(locked: Client, body: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await locked.ask("POST", "/login", data=body, headers=headers))[0] in (400, 403, 413)


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "text/plain"},
    ],
)
async def test_a_form_in_an_odd_wrapping_is_no_login(locked: Client, headers: dict[str, str]) -> None:
    body = f"password={PASSWORD}".encode()
    assert (await locked.ask("POST", "/login", data=body, headers=headers))[0] == 403


async def test_an_odd_label_on_the_form_is_no_failure(locked: Client) -> None:
    charset = {"Content-Type": "application/x-www-form-urlencoded; charset=klingon"}
    packed = {"Content-Type": "application/x-www-form-urlencoded", "Content-Encoding": "gzip"}
    for headers in (charset, packed):
        assert await locked.log_in(headers=headers) == 303


async def test_forms_tell_where_they_come_from(locked: Client) -> None:
    """Under "no-referrer" a browser sends the form as of "null", which over plain HTTP is a stranger's."""
    assert (await locked.ask("GET", "/login"))[1]["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (None, 401),
        (aiohttp.encode_basic_auth("me", "wrong"), 401),
        (aiohttp.encode_basic_auth("me", PASSWORD, "utf-8"), 200),
        ("Basic %%%", 401),
        ("Bearer wrong", 401),
    ],
)
async def test_monitoring_says_the_password_in_a_header(
    locked: Client, given: str | None, status: int
) -> None:
    headers = {} if given is None else {"Authorization": given}
    answered, answer_headers, _ = await locked.ask("GET", "/readyz", headers=headers)
    assert answered == status
    assert ("WWW-Authenticate" in answer_headers) == (status == 401)


async def test_a_header_opens_nothing_but_monitoring(locked: Client) -> None:
    headers = {"Authorization": aiohttp.encode_basic_auth("me", PASSWORD, "utf-8")}
    assert (await locked.ask("GET", "/", headers=headers))[0] == 401


async def test_a_session_survives_a_restart_but_no_other_password(tmp_path: Path) -> None:
    async with door(tmp_path, PASSWORD) as client:
        assert await client.log_in() == 303
    cookies = client.cookies
    async with door(tmp_path, PASSWORD) as client:
        client.cookies = cookies
        assert (await client.ask("GET", "/"))[0] == 200
    async with door(tmp_path, "another") as client:
        client.cookies = cookies
        assert (await client.ask("GET", "/"))[0] == 401
    assert stat.S_IMODE((tmp_path / "web.json").stat().st_mode) == 0o600


def test_a_token_is_ours_whole_and_not_too_old(tmp_path: Path) -> None:
    (other := tmp_path / "other").mkdir()
    sessions = Sessions(Keep.open(tmp_path, HASH))
    token = sessions.open(now=1000.0)
    assert sessions.valid(token, now=1000.0)
    assert sessions.valid(token, now=1000.0 + LIFETIME)
    assert not sessions.valid(token, now=1001.0 + LIFETIME)
    assert not Sessions(Keep.open(other, HASH)).valid(token, now=1000.0)
    for forged in ("", ".", "..", token[:-1], "9" + token, token.replace("1000", "9999"), "ü.ü.ü", "\udcff"):
        assert not sessions.valid(forged, now=1000.0)


def test_a_broken_key_is_said_to_be(tmp_path: Path) -> None:
    for broken in (
        "short",
        "[]",
        "{}x",
        '{"key": "00"}',
        '{"key": 7}',
        '{"key": "%s", "ended": 7}' % ("0" * 64),
    ):
        (tmp_path / "web.json").write_text(broken)
        with pytest.raises(StoreError, match="remove it"):
            Keep.open(tmp_path, HASH)
    with pytest.raises(StoreError, match="keeps the logins"):
        Keep.open(tmp_path / "nowhere", HASH)


@pytest.mark.parametrize(
    ("wanted", "says"), [("zh-CN,zh;q=0.9", "登录"), ("fr", "Log in"), ("", "Log in"), ("en,zh", "Log in")]
)
async def test_the_login_speaks_the_browsers_language(locked: Client, wanted: str, says: str) -> None:
    text = (await locked.ask("GET", "/login", headers={"Accept-Language": wanted}))[2]
    assert says in text


# --- without one, on this machine alone


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8080", 200),
        ("localhost", 200),
        ("LOCALHOST:1", 200),
        ("chat.localhost:8080", 200),
        ("[::1]:8080", 200),
        ("127.8.8.8", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost.evil.example:8080", 421),
        ("192.168.1.2:8080", 421),
        ("[bad", 421),
        ("0.0.0.0", 421),
    ],
)
async def test_a_borrowed_name_is_not_served(unlocked: Client, host: str, status: int) -> None:
    assert (await unlocked.ask("GET", "/", headers={"Host": host}))[0] == status
    assert (await unlocked.ask("GET", "/healthz", headers={"Host": host}))[0] == 200
    assert (await unlocked.ask("POST", "/hook/telegram", headers={"Host": host}))[0] == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://behind.a.proxy"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
    ],
)
async def test_another_site_changes_nothing(unlocked: Client, headers: dict[str, str], status: int) -> None:
    assert (await unlocked.ask("POST", "/chat/say", headers=headers))[0] == status
    assert (await unlocked.ask("GET", "/", headers=headers))[0] == 200
    assert (await unlocked.ask("POST", "/hook/telegram", headers=headers))[0] == 200


async def test_the_own_origin_is_known_without_fetch_metadata(unlocked: Client) -> None:
    assert (await unlocked.ask("POST", "/chat/say", headers={"Origin": unlocked.root}))[0] == 200


async def test_without_a_password_there_is_no_login(unlocked: Client) -> None:
    status, headers, _ = await unlocked.ask("GET", "/")
    assert status == 200
    assert "Gateway-Session" not in headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert (await unlocked.ask("GET", "/login"))[0] == 404


def test_two_channels_on_one_address_are_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the same address"):
        WebServer("127.0.0.1", 0, None, [*ROUTES, *ROUTES], dict, tmp_path)
