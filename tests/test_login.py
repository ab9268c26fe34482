"""What a login asks of a person, and who hears of it."""

from __future__ import annotations

import asyncio

from gateway.login import Login, Scan, Step


def heard(login: Login) -> list[Scan | None]:
    told: list[Scan | None] = []
    login.watch(told.append)
    return told


def steps(told: list[Scan | None]) -> list[Step | None]:
    return [scan.step if scan else None for scan in told]


def test_a_code_is_shown_scanned_and_done() -> None:
    login = Login()
    told = heard(login)
    login.show("https://example.org/x", 60)
    login.scanned()
    login.scanned()
    login.done()
    login.done()
    assert steps(told) == [Step.SCAN, Step.CONFIRM, None]


def test_who_comes_later_sees_what_is_asked_now() -> None:
    login = Login()
    login.show("first", 60)
    login.show("second", 60)
    assert [scan.text for scan in heard(login) if scan] == ["second"]


async def test_digits_are_asked_for_until_they_are_right() -> None:
    login = Login()
    told = heard(login)
    assert not login.answer("12")  # nobody asked
    login.show("code", 60)
    for digits, wrong in (("12", False), ("34", True)):
        asking = asyncio.create_task(login.digits(wrong=wrong))
        await asyncio.sleep(0)
        assert login.scan is not None
        assert login.scan.step is Step.DIGITS
        assert login.scan.wrong is wrong
        assert login.answer(digits)
        assert not login.answer("too late")
        assert await asking == digits
    assert steps(told) == [Step.SCAN, Step.DIGITS, Step.CONFIRM, Step.DIGITS, Step.CONFIRM]
