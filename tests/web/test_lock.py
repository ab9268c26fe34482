"""The password: hashed from the start, and once for each text; sessions that can be ended for good."""

from __future__ import annotations

import asyncio
import io
import json
import os
import stat
import sys
from pathlib import Path

import aiohttp
import pytest
from multidict import CIMultiDict

from gateway.cli import main
from gateway.errors import StoreError
from gateway.password import flaw, hashed, is_hash, verify
from gateway.web import WebServer
from gateway.web.keep import Keep
from gateway.web.sessions import Sessions
from gateway.web.verifier import Verifier
from tests.flows.person import Person
from tests.webchat.test_door import HASH, PASSWORD, door

SESSION, BROWSER = "gateway_session", "gateway_browser"


# --- hashes


def test_a_hash_is_of_one_password() -> None:
    assert is_hash(HASH)
    assert flaw(HASH) == ""
    assert verify(HASH, PASSWORD)
    assert not verify(HASH, "another")
    assert hashed(PASSWORD) != HASH
    assert PASSWORD not in HASH
    assert verify(hashed("half \ud83d"), "half \ud83d")


def test_hashes_that_others_made_are_known() -> None:
    """By PHP's password_hash, by the command argon2, and one of the older kind."""
    for hash in (
        "$argon2id$v=19$m=65536,t=4,p=1$c29tZXNhbHRzb21lc2FsdA$Vt/aHzZcCxAXmWMcJ6vAtN3WqFZ6hbvbgcS0IGZmPTQ",
        "$argon2i$v=19$m=4096,t=3,p=1$c29tZXNhbHQ$iWh06vD8Fy27wf9npn6FXWiCX4K6pW6Ue1Bnzz07Z8A",
    ):
        assert flaw(hash) == ""
        assert not verify(hash, "some other password")


@pytest.mark.parametrize(
    "hash",
    [
        "$argon2",
        "$argon2id$v=19$m=19456,t=2,p=1",
        "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ",
        "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$",
        "$argon2id$v=19$m=19456,t=2,p=1$ $c29tZXNhbHRzb21lc2FsdA",
        "$argon2x$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$c29tZXNhbHRzb21lc2FsdA",
        "$argon2id$v=19$m=9999999,t=2,p=1$c29tZXNhbHQ$c29tZXNhbHRzb21lc2FsdA",
    ],
)
def test_what_is_no_hash_opens_nothing(hash: str) -> None:
    assert is_hash(hash)
    assert flaw(hash)


async def test_what_was_typed_once_is_not_computed_again() -> None:
    verifier = Verifier(HASH)
    assert verifier.remembered(PASSWORD) is None
    assert await verifier.verify(PASSWORD)
    assert not await verifier.verify("wrong")
    assert (verifier.remembered(PASSWORD), verifier.remembered("wrong")) == (True, False)
    assert PASSWORD not in repr(vars(verifier))
    verifier.close()


# --- what is kept


def names(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()]


@pytest.mark.parametrize("configured", [PASSWORD, HASH], ids=["clear", "hash"])
async def test_the_password_may_be_a_hash_and_is_never_written(tmp_path: Path, configured: str) -> None:
    async with door(tmp_path, configured) as client:
        assert await client.log_in("wrong") == 403
        assert await client.log_in(HASH) == 403
        assert await client.log_in() == 303
        assert (await client.ask("GET", "/"))[0] == 200
    assert names(tmp_path) == ["web.json"]
    file = tmp_path / "web.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert PASSWORD not in json.dumps(json.loads(file.read_bytes()), ensure_ascii=False)


async def test_after_the_start_the_server_has_no_password_any_more(tmp_path: Path) -> None:
    server = WebServer("127.0.0.1", 0, PASSWORD, [], dict, tmp_path)
    async with server:
        assert PASSWORD not in repr(vars(server))


async def test_the_same_password_keeps_its_logins_and_another_ends_them(tmp_path: Path) -> None:
    async with door(tmp_path, PASSWORD) as client:
        assert await client.log_in() == 303
        cookies = client.cookies
    for password, status in ((PASSWORD, 200), ("another", 401), (PASSWORD, 401)):
        async with door(tmp_path, password) as client:
            client.cookies = cookies
            assert (await client.ask("GET", "/"))[0] == status


async def test_without_its_file_nobody_is_logged_in(tmp_path: Path) -> None:
    """Also not where the configuration has the hash, and only what was ended is lost."""
    async with door(tmp_path, HASH) as client:
        assert await client.log_in() == 303
        cookies = client.cookies
    (tmp_path / "web.json").unlink()
    async with door(tmp_path, HASH) as client:
        client.cookies = cookies
        assert (await client.ask("GET", "/"))[0] == 401


# --- leaving


async def test_who_leaves_leaves_for_good(tmp_path: Path) -> None:
    async with door(tmp_path, PASSWORD) as client:
        assert await client.log_in() == 303
        stolen = dict(client.cookies)
        assert await client.log_in() == 303
        other = dict(client.cookies)
        client.cookies = dict(stolen)
        assert (await client.ask("POST", "/logout"))[0] == 303
        assert client.cookies[SESSION] == ""
        for _ in range(2):
            client.cookies = dict(stolen)
            assert (await client.ask("GET", "/"))[0] == 401
            assert (await client.ask("POST", "/logout"))[0] == 401
    async with door(tmp_path, PASSWORD) as client:
        client.cookies = dict(stolen)
        assert (await client.ask("GET", "/"))[0] == 401
        client.cookies = other
        assert (await client.ask("GET", "/"))[0] == 200


async def test_another_site_logs_nobody_out(tmp_path: Path) -> None:
    async with door(tmp_path, PASSWORD) as client:
        assert await client.log_in() == 303
        headers = {"Sec-Fetch-Site": "cross-site"}
        assert (await client.ask("POST", "/logout", headers=headers))[0] == 403
        assert (await client.ask("GET", "/logout"))[0] == 405
        assert (await client.ask("GET", "/"))[0] == 200


async def test_a_logout_that_cannot_be_written_counts_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with door(tmp_path, PASSWORD) as client:
        assert await client.log_in() == 303
        stolen = dict(client.cookies)
        (tmp_path / "web.json.new").mkdir()  # where it would be written
        assert (await client.ask("POST", "/logout"))[0] == 303
        client.cookies = stolen
        assert (await client.ask("GET", "/"))[0] == 401
        assert "a logout is forgotten" in caplog.text


def test_ended_logins_are_forgotten_when_they_would_be_old(tmp_path: Path) -> None:
    keep = Keep.open(tmp_path, HASH)
    sessions = Sessions(keep)
    first, second = sessions.open(now=1000.0), sessions.open(now=4_000_000.0)
    assert sessions.end(first, now=1000.0)
    assert not sessions.end(first, now=1000.0)
    assert sessions.end(second, now=4_000_000.0)
    assert len(keep.ended) == 1


def test_too_many_ended_logins_are_all_logins(tmp_path: Path) -> None:
    keep = Keep.open(tmp_path, HASH)
    sessions = Sessions(keep)
    keep.ended.update({f"9999999999.{number}": 9_999_999_999 for number in range(10_000)})
    first, second = sessions.open(), sessions.open()
    assert sessions.end(first)
    assert not sessions.valid(first)
    assert not sessions.valid(second)
    assert sessions.valid(sessions.open())


def test_a_file_that_cannot_be_read_is_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "web.json").mkdir()
    with pytest.raises(StoreError, match="keeps the logins"):
        Keep.open(tmp_path, HASH)


# --- guessing


async def test_a_guesser_locks_out_nobody_who_is_in_or_was(tmp_path: Path) -> None:
    here = {"X-Forwarded-For": "203.0.113.9"}
    async with door(tmp_path, PASSWORD) as client:
        assert await client.log_in(headers=here) == 303
        cookies = dict(client.cookies)
        client.cookies = {}
        statuses = [await client.log_in(str(number), headers=here) for number in range(6)]
        assert statuses == [403] * 5 + [429]
        assert await client.log_in(headers=here) == 429
        # the session goes on, and the browser that has been here may log in from the very same address
        client.cookies = dict(cookies)
        assert (await client.ask("GET", "/", headers=here))[0] == 200
        client.cookies = {BROWSER: cookies[BROWSER]}
        assert (await client.ask("GET", "/", headers=here))[0] == 401
        assert await client.log_in(headers=here) == 303
        # which does not make it one that may guess without end
        client.cookies = {BROWSER: cookies[BROWSER]}
        statuses = [await client.log_in(f"x{number}", headers=here) for number in range(6)]
        assert statuses == [403] * 5 + [429]


async def test_a_browser_is_not_known_by_its_own_word(tmp_path: Path) -> None:
    async with door(tmp_path, PASSWORD) as client:
        statuses = []
        for number in range(6):
            client.cookies = {BROWSER: f"made-up-{number}.{'0' * 64}"}
            statuses.append(await client.log_in(str(number)))
        assert statuses == [403] * 5 + [429]


async def test_many_names_of_this_machine_are_one(tmp_path: Path) -> None:
    """A proxy that lets its callers say who they are does not let them guess for ever."""
    async with door(tmp_path, PASSWORD) as client:
        statuses = [
            await client.log_in(str(number), headers={"X-Forwarded-For": f"127.0.0.{number}"})
            for number in range(1, 7)
        ]
        assert statuses == [403] * 5 + [429]


@pytest.mark.parametrize("made_up", [["198.51.100.{}", "203.0.113.9"], ["198.51.100.{}, 203.0.113.9"]])
async def test_what_stands_before_a_proxys_own_word_counts_for_nothing(
    tmp_path: Path, made_up: list[str]
) -> None:
    """Some proxies add whom they heard in a line of their own, below what the caller sent."""
    async with door(tmp_path, PASSWORD) as client:
        statuses = []
        for number in range(6):
            headers = [("X-Forwarded-For", line.format(number)) for line in made_up]
            statuses.append(await client.log_in(str(number), headers=CIMultiDict(headers)))
        assert statuses == [403] * 5 + [429]


async def test_a_proxy_elsewhere_is_believed_where_it_is_named(tmp_path: Path) -> None:
    """The one on this machine names it, and it names who guesses: only who guesses has to wait."""
    chain = "198.51.100.1, {}, 172.18.0.2"
    async with door(tmp_path, PASSWORD, ["172.18.0.0/16"]) as client:
        for guesser in ("203.0.113.9", "203.0.113.10"):
            headers = {"X-Forwarded-For": chain.format(guesser)}
            statuses = [await client.log_in(f"{guesser} {number}", headers=headers) for number in range(6)]
            assert statuses == [403] * 5 + [429]
    (tmp_path / "other").mkdir()
    async with door(tmp_path / "other", PASSWORD) as client:
        headers = [{"X-Forwarded-For": chain.format(f"203.0.113.{number}")} for number in range(6)]
        assert [await client.log_in(str(number), headers=each) for number, each in enumerate(headers)] == [
            *[403] * 5,
            429,
        ]


async def test_many_tries_at_once_are_as_many_tries(tmp_path: Path) -> None:
    async with door(tmp_path, PASSWORD) as client:
        root = client.root

        async def attempt(session: aiohttp.ClientSession, number: int) -> int:
            async with session.post(f"{root}/login", data={"password": str(number)}) as answer:
                return answer.status

        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
            tasks = [group.create_task(attempt(session, number)) for number in range(20)]
        assert sorted(task.result() for task in tasks) == [403] * 5 + [429] * 15


async def test_the_same_wrong_password_again_is_no_other_guess(tmp_path: Path) -> None:
    """Monitoring that was given the wrong one asks every few seconds, and locks out nobody."""
    async with door(tmp_path, PASSWORD) as client:
        wrong = {"Authorization": "Bearer wrong"}
        for _ in range(20):
            assert (await client.ask("GET", "/metrics", headers=wrong))[0] == 401
        right = {"Authorization": aiohttp.encode_basic_auth("me", PASSWORD, "utf-8")}
        for _ in range(20):
            assert (await client.ask("GET", "/metrics", headers=right))[0] == 200


async def test_cookies_are_for_the_login_and_for_nobody_else(tmp_path: Path) -> None:
    async with door(tmp_path, PASSWORD) as client:
        headers = (await client.ask("POST", "/login", data={"password": PASSWORD}))[1]
        cookies = {line.partition("=")[0]: line for line in headers.getall("Set-Cookie")}
        assert set(cookies) == {SESSION, BROWSER}
        for line in cookies.values():
            assert "HttpOnly" in line
            assert "SameSite=Strict" in line
            assert "Domain" not in line
        assert "Path=/login" in cookies[BROWSER]
        # what the browser is known by opens nothing
        client.cookies = {SESSION: cookies[BROWSER].partition("=")[2].partition(";")[0]}
        assert (await client.ask("GET", "/"))[0] == 401
        client.cookies = {BROWSER: cookies[BROWSER].partition("=")[2].partition(";")[0]}
        assert (await client.ask("GET", "/"))[0] == 401


# --- gateway hash-password


def test_the_command_makes_a_hash_of_the_line_it_reads(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\r\nanother line\n"))
    assert main(["hash-password"]) == 0
    printed = capsys.readouterr().out
    assert verify(printed.strip(), PASSWORD)
    assert PASSWORD not in printed


def test_the_command_wants_a_password(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    assert main(["hash-password"]) == 2
    assert "there is no password" in capsys.readouterr().err


async def test_at_a_terminal_it_asks_twice_and_shows_nothing_that_is_typed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gateway", "hash-password"]
    for second, code in (("correct horse", 0), ("incorrect horse", 2)):
        async with Person(command, tmp_path, {"PATH": os.environ["PATH"]}) as person:
            await person.reads("Password: ")
            person.types("correct horse")
            await person.reads("Once more: ")
            person.types(second)
            assert await person.ended() == code
            assert "horse" not in person.said
            assert ("$argon2id$" in person.said) == (code == 0)
