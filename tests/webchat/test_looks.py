"""How the page looks and sounds, languages, themes, sizes, and what axe-core says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.judges import npm
from tests.servers.model import ModelServer

from .conftest import Site, Visit
from .samples import CHINESE, ENGLISH

pytestmark = [pytest.mark.asyncio(loop_scope="package"), pytest.mark.browser]

PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True}


async def test_code_is_copied(visit: Visit, site: Site) -> None:
    page = await visit(permissions=["clipboard-read", "clipboard-write"])
    site.model.answer = "Here:\n\n```python\nprint('<b>&amp;')\n```\n\ndone"
    await page.say("code?")
    await page.tab.locator(".code .copy").click()
    await page.has(page.tab.locator(".code .copy"), "Copied")
    assert await page.tab.evaluate("navigator.clipboard.readText()") == "print('<b>&amp;')\n"
    await page.tab.locator(".copy.answer").click()
    await page.has(page.tab.locator(".copy.answer"), "Copied")
    assert await page.tab.evaluate("navigator.clipboard.readText()") == site.model.answer


async def test_the_language_is_the_browsers_until_another_is_chosen(visit: Visit) -> None:
    page = await visit(locale="zh-CN")
    assert await page.tab.locator("html").get_attribute("lang") == "zh-CN"
    assert await page.text.get_attribute("placeholder") == "写点什么"
    await page.tab.locator("#language").click()
    assert await page.text.get_attribute("placeholder") == "Write a message"
    await page.tab.reload()
    assert await page.tab.locator("html").get_attribute("lang") == "en"


async def test_the_theme_is_the_systems_until_another_is_chosen(visit: Visit) -> None:
    page = await visit(color_scheme="dark")
    theme = page.tab.locator("html")
    assert await theme.get_attribute("data-theme") == "dark"
    await page.tab.emulate_media(color_scheme="light")
    await page.tab.locator("[data-theme=light]").wait_for()
    await page.tab.locator("#theme").click()
    assert await theme.get_attribute("data-theme") == "dark"
    await page.tab.reload()
    assert await theme.get_attribute("data-theme") == "dark"


async def test_an_answer_is_spoken_when_it_is_whole(visit: Visit, site: Site) -> None:
    page = await visit()
    site.model.answer = "It is **bold** and `code`."
    await page.say("speak")
    await page.has(page.tab.locator("#spoken"), "Answer: It is bold and code.")


async def test_who_reads_above_is_not_pulled_down(visit: Visit, site: Site) -> None:
    page = await visit()
    site.model.answer = "\n\n".join(f"word{number}" for number in range(200))
    site.model.chunks, site.model.delay = 40, 0.05
    await page.say("long")
    await page.has(page.answers, "word60")
    await page.tab.locator("#log").hover()
    await page.tab.mouse.wheel(0, -4000)
    await page.tab.locator("#down").wait_for()
    top = await page.tab.evaluate("document.getElementById('log').scrollTop")
    await page.has(page.answers, "word100")
    assert await page.tab.evaluate("document.getElementById('log').scrollTop") == top
    await page.tab.locator("#down").click()
    await page.tab.locator("#down").wait_for(state="hidden")
    await page.idle()
    below = await page.tab.locator("#log").evaluate(
        "(log) => log.scrollHeight - log.scrollTop - log.clientHeight"
    )
    assert below < 5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_it_looks_right_and_everybody_can_use_it(
    visit: Visit, site: Site, pictures: Path, language: str, width: int, theme: str
) -> None:
    phone = PHONE if width == 390 else {}
    locale = "en-GB" if language == "en" else "zh-CN"
    page = await visit(locale=locale, color_scheme=theme, **phone)
    first, question, answer = ENGLISH if language == "en" else CHINESE
    site.model.answer = first
    await page.say(first)
    await page.idle()
    await page.tab.evaluate("document.getElementById('new').click()")
    await page.shows(page.answers)
    await axe(page, f"empty {language} {width} {theme}")
    await page.picture(pictures / f"empty-{language}-{theme}-{width}.png")
    site.model.answer = answer
    await page.say(question)
    await page.tab.locator(".retry").wait_for()
    await axe(page, f"talk {language} {width} {theme}")
    await page.picture(pictures / f"talk-{language}-{theme}-{width}.png")
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert await page.tab.evaluate(overflow) == 0
    if width == 390:
        await page.tab.locator("#menu").click()
        await page.titles.nth(1).wait_for()
        await axe(page, f"list {language} {width} {theme}")
        await page.picture(pictures / f"list-{language}-{theme}-{width}.png")
        await page.titles.nth(1).click()
        await page.shows(page.questions, first)


async def test_the_login_lets_in_and_out(
    visit: Visit, tmp_path: Path, model: ModelServer, pictures: Path
) -> None:
    site = Site(tmp_path, model, web={"password": "open sesame"})
    async with site.process:
        await site.answering()
        page = await visit(url=site.url)
        page.visitor.patient = True  # the browser tells of the refused password
        password = page.tab.get_by_label("Password")
        await axe(page, "login")
        await page.picture(pictures / "login.png")
        await password.fill("open barley")
        await password.press("Enter")
        await page.has(page.tab.locator("#error"), "That is not the password")
        await axe(page, "login refused")
        await page.tab.get_by_label("Password").fill("open sesame")
        await page.tab.get_by_label("Password").press("Enter")
        await page.tab.wait_for_url(f"{site.url}/")
        await page.say("hello")
        await page.answered("hello (1 turns)")
        await page.tab.locator("#logout button").click()
        await page.tab.get_by_label("Password").wait_for()
        page.visitor.complaints = [one for one in page.visitor.complaints if "403" not in one]


async def axe(page: Any, what: str) -> None:
    """No finding of axe-core's that is serious or critical."""
    source = (npm.find(npm.AXE) / "axe.min.js").read_text()
    # In a world of its own, where the page's policy does not forbid it.
    session = await page.visitor.context.new_cdp_session(page.tab)
    frame = (await session.send("Page.getFrameTree"))["frameTree"]["frame"]["id"]
    world = await session.send("Page.createIsolatedWorld", {"frameId": frame, "worldName": "axe"})
    run = f"{source};axe.run(document).then((found) => JSON.stringify(found.violations))"
    result = await session.send(
        "Runtime.evaluate",
        {
            "expression": run,
            "contextId": world["executionContextId"],
            "awaitPromise": True,
            "returnByValue": True,
        },
    )
    assert "exceptionDetails" not in result, result["exceptionDetails"]
    await session.detach()
    findings = [
        (finding["id"], finding["impact"], [node["target"] for node in finding["nodes"]])
        for finding in json.loads(result["result"]["value"])
        if finding["impact"] in ("serious", "critical")
    ]
    assert findings == [], what
