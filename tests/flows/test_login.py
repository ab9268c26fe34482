"""Logging in on a server without a screen: the terminal, the command, the picture."""

from __future__ import annotations

import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.config import Web
from tests import codes
from tests.adapters.host import until
from tests.flows.person import PATIENCE
from tests.flows.process import GatewayProcess
from tests.ports import free_port
from tests.servers.phone import NAME, PhonePlatform

ROOT = Path(__file__).parents[2]
MODULE = "tests.adapters.phone"


class PhoneGateway(GatewayProcess):
    """The gateway, with the phone's adapter among those that there are."""

    module = MODULE

    def __init__(self, folder: Path, phone: PhonePlatform, **keys: Any) -> None:
        config = {
            "models": {"parrot": {"type": "echo"}},
            "model": "parrot",
            "channels": {"phone": {"api_root": phone.root}},
            **keys,
        }
        super().__init__(folder, config, {"PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"})

    @property
    def files(self) -> set[str]:
        """What there is in the channel's folder."""
        return {path.name for path in self.channel_folder("phone").glob("*")}

    @property
    def picture(self) -> Path:
        return self.channel_folder("phone") / "login.png"

    async def has_no_files(self) -> None:
        """Wait until nothing of a login is left: the state of a channel is told before it is tidied up."""
        await until(lambda: not self.files, lambda: self.files, PATIENCE)


@pytest.fixture
async def phone() -> AsyncIterator[PhonePlatform]:
    async with PhonePlatform() as phone:
        yield phone


async def test_a_daemon_says_what_to_run_and_the_command_logs_it_in(
    tmp_path: Path, phone: PhonePlatform
) -> None:
    port = free_port()
    async with PhoneGateway(tmp_path, phone, web={"port": port}) as gateway:
        await until(lambda: "login.scan" in gateway.files, within=PATIENCE)
        assert codes.in_picture(gateway.picture.read_bytes()) == phone.codes
        assert stat.S_IMODE(gateway.picture.stat().st_mode) == 0o600
        assert "gateway login phone" in await gateway.shows(lambda said: "not logged in" in said)
        async with gateway.person("login", "phone", terminal=False) as person:
            await phone.scan(await person.sees_code())
            await person.reads("confirm it on the phone")
            await phone.show_digits("314159")
            await person.reads("type the digits")
            person.types("271828")
            await person.reads("those were not the digits; type the digits")
            person.types("３１４ 159")
            await person.reads("confirm it on the phone", 2)
            await phone.confirm()
            assert await person.ended() == 0
            assert person.said.endswith("phone: logged in\n")
        assert phone.typed == ["271828", "314159"]
        await gateway.shows(lambda said: " up " in said)
        await gateway.has_no_files()
        async with gateway.person("login", "phone", terminal=False) as person:
            assert await person.ended() == 0
            assert "phone: it is up; nothing to do" in person.said
        await phone.log_out()
        await until(lambda: gateway.log.count("wants a scan") == 2, lambda: gateway.log, PATIENCE)
        assert "login.scan" in gateway.files
    told = [line["text"] for line in gateway.lines("gateway login")]
    page = f"http://127.0.0.1:{port}/channels/phone"
    assert told == [f"channel phone wants a scan: run `gateway login phone`, or open {page}"] * 2
    assert len(phone.codes) == 2
    for secret in ("secret=opens", "48;5", "271828", "314159"):
        assert secret not in gateway.log


async def test_a_server_on_every_address_tells_one_that_can_be_opened_and_leads_to_the_channels(
    tmp_path: Path, phone: PhonePlatform
) -> None:
    port, password = free_port(), "correct horse"
    web = {"host": "0.0.0.0", "port": port, "password": password}
    async with (
        PhoneGateway(tmp_path, phone, web=web) as gateway,
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser,
    ):
        await until(lambda: "wants a scan" in gateway.log, lambda: gateway.log, PATIENCE)
        (told,) = [line["text"] for line in gateway.lines("wants a scan")]
        page = f"{Web(host='0.0.0.0', port=port).root}/channels/phone"
        assert told == f"channel phone wants a scan: run `gateway login phone`, or open {page}"
        root, html = f"http://127.0.0.1:{port}", {"Accept": "text/html"}
        async with browser.get(f"{root}/", headers=html) as answer:
            login = answer.url
        assert (login.path, login.query_string) == ("/login", "next=/")
        async with browser.post(login, data={"password": password}) as answer:
            assert (answer.status, str(answer.url)) == (200, f"{root}/channels")
            assert 'href="/channels/phone"' in await answer.text()


async def test_on_a_terminal_the_code_is_shown_and_digits_are_typed(
    tmp_path: Path, phone: PhonePlatform
) -> None:
    gateway = PhoneGateway(tmp_path, phone)
    async with gateway.person("run") as person:
        await person.sees_code()
        await phone.expire()
        await phone.scan(await person.sees_code(2))
        await person.reads("confirm it on the phone")
        await phone.show_digits("0042")
        await person.reads("phone: type the digits")
        person.types("forty two")
        await person.reads("those are no digits")
        person.types("0042")
        await person.reads("confirm it on the phone", 2)
        await phone.confirm()
        await person.reads("channel phone is up")
        await gateway.has_no_files()
        person.interrupts()
        assert await person.ended() == 0
    assert phone.typed == ["0042"]
    assert "Traceback" not in person.said


async def test_without_a_gateway_the_command_logs_in_by_itself(tmp_path: Path, phone: PhonePlatform) -> None:
    gateway = PhoneGateway(tmp_path, phone)
    async with gateway.person("login", "phone") as person:
        await person.sees_code()
        assert gateway.files == {"login.png", "login.scan"}
        person.interrupts()
        assert await person.ended() == 1
        assert "Traceback" not in person.said
        assert gateway.files == set()
    async with gateway.person("login", "phone", terminal=False, PYTHONIOENCODING="ascii") as person:
        await phone.scan(await person.sees_code())
        await person.reads("confirm it on the phone")
        await phone.show_digits("7")
        await person.reads("type the digits")
        person.types("7")
        await person.reads("confirm it on the phone", 2)
        await phone.confirm()
        assert await person.ended() == 0
        assert person.said.endswith(f"phone: logged in as {NAME}\n")
        assert person.said.isascii()
    async with gateway:
        await gateway.shows(lambda said: " up " in said)
    assert len(phone.codes) == 2
