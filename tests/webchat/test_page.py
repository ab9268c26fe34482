"""The page in a real browser: what people see and do, and what nobody may make it do."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.servers.model import Fault, ModelServer, Refusal

from .conftest import Site, Visit
from .samples import EVIL

pytestmark = [pytest.mark.asyncio(loop_scope="package"), pytest.mark.browser]

LONG = " ".join(f"word{number}" for number in range(200))
LARGEST_PAGE = 300_000
"""Bytes, with everything that it loads, not compressed."""


def slow(site: Site) -> str:
    """The model takes its time; returns what it will have said."""
    answer = f"first {LONG} last"
    site.model.answer, site.model.chunks, site.model.delay = answer, 40, 0.05
    return answer


def stuck(site: Site) -> None:
    """The model begins to say something, and never ends."""
    site.model.answer, site.model.chunks = f"plums {LONG} last", 40
    site.model.faults.append(Fault(20, end="hang"))


# --- talking


async def test_an_answer_grows_and_is_there_after_a_reload(visit: Visit, site: Site) -> None:
    page = await visit()
    answer = slow(site)
    await page.say("Tell me a lot")
    await page.has(page.answers, "word20")
    assert "last" not in await page.answers.inner_text()
    await page.tab.reload()  # while it grows
    await page.has(page.answers, "word40")
    assert await page.tab.locator("#stop").is_visible()
    await page.answered(answer)
    await page.tab.reload()
    await page.shows(page.questions, "Tell me a lot")
    await page.answered(answer)
    assert len(site.model.requests) == 1


async def test_a_click_and_escape_both_stop_an_answer(visit: Visit, site: Site) -> None:
    page = await visit()
    for number, stop in enumerate(("click", "Escape")):
        stuck(site)
        await page.say(f"question {number}")
        await page.has(page.answers.nth(number), "word10")
        if stop == "click":
            await page.tab.locator("#stop").click()
        else:
            await page.tab.keyboard.press("Escape")
        await page.idle()
        assert "last" not in await page.answers.nth(number).inner_text()
        assert "word10" in await page.answers.nth(number).inner_text()
    assert site.model.aborted >= 2
    await page.shows(page.questions, "question 0", "question 1")
    await page.tab.reload()
    await page.has(page.answers.nth(1), "word10")
    await page.shows(page.questions, "question 0", "question 1")


async def test_what_was_stopped_before_its_first_word_says_so(visit: Visit, site: Site) -> None:
    page = await visit()
    site.model.latency = 30
    await page.say("anybody?")
    await site.model.until(lambda: site.model.open > 0)
    await page.tab.keyboard.press("Escape")
    await page.has(page.tab.locator(".bot .state"), "Stopped")
    await page.idle()


async def test_an_answer_can_be_asked_for_again(visit: Visit, site: Site) -> None:
    page = await visit()
    site.model.answer = "bad"
    await page.say("a question")
    await page.answered("bad")
    site.model.answer = "better"
    await page.tab.locator(".retry").click()
    await page.answered("better")
    await page.shows(page.questions, "a question")
    await page.tab.reload()
    await page.answered("better")
    await page.shows(page.questions, "a question")


async def test_several_questions_are_answered_in_order(visit: Visit, site: Site) -> None:
    page = await visit()
    site.model.delay = 0.05
    for word in ("one", "two", "three"):
        await page.say(word)
    await page.answered("one (1 turns)", "two (3 turns)", "three (5 turns)")


async def test_a_command_is_answered_where_it_was_given(visit: Visit, site: Site) -> None:
    page = await visit()
    await page.say("/status")
    await page.has(page.answers, "Model:")
    await page.tab.reload()
    await page.has(page.answers, "Model:")
    await page.say("/reset")
    await page.has(page.answers.nth(1), "cleared")


async def test_a_failing_model_is_told_of(visit: Visit, site: Site) -> None:
    page = await visit()
    site.model.faults.append(Refusal(401, "Incorrect API key provided", "invalid_api_key"))
    await page.say("hello?")
    await page.has(page.answers, "cannot answer right now")
    await page.tab.reload()
    await page.shows(page.questions, "hello?")
    await page.has(page.answers, "cannot answer right now")
    await page.tab.locator(".retry").click()
    await page.shows(page.questions, "hello?", "hello?")
    await page.has(page.answers.nth(1), "hello? (1 turns)")


# --- conversations


async def test_conversations_are_made_switched_and_deleted(visit: Visit) -> None:
    page = await visit()
    await page.say("about cats")
    await page.answered("about cats (1 turns)")
    await page.tab.locator("#new").click()
    await page.shows(page.answers)
    await page.say("about dogs")
    await page.answered("about dogs (1 turns)")
    await page.shows(page.titles, "about dogs", "about cats")
    await page.titles.nth(1).click()
    await page.answered("about cats (1 turns)")
    await page.say("more")
    await page.answered("about cats (1 turns)", "more (3 turns)")
    await page.shows(page.titles, "about cats", "about dogs")
    await page.tab.go_back()
    await page.answered("about dogs (1 turns)")
    page.tab.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
    await page.tab.locator("#conversations .delete").nth(1).click()
    await page.shows(page.titles, "about cats")
    await page.shows(page.answers)
    await page.tab.reload()
    await page.shows(page.titles, "about cats")


async def test_a_conversation_deleted_in_mid_answer_troubles_nobody(visit: Visit, site: Site) -> None:
    page = await visit()
    stuck(site)
    await page.say("Tell me a lot")
    await page.has(page.answers, "word10")
    page.tab.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
    await page.tab.locator("#conversations .delete").click()
    await page.shows(page.titles)
    await page.shows(page.answers)
    await site.model.until(lambda: site.model.open == 0)
    await site.process.idle()
    assert len((await site.process.command("dead", "list"))[1].splitlines()) == 1


async def test_an_answer_elsewhere_is_marked_in_the_list(visit: Visit, site: Site) -> None:
    page = await visit()
    site.model.latency = 0.5
    await page.say("slow one")
    await page.shows(page.titles, "slow one")
    await page.tab.locator("#new").click()
    await page.tab.locator("#conversations .unread").wait_for()
    await page.titles.first.click()
    await page.answered("slow one (1 turns)")
    assert await page.tab.locator("#conversations .unread").count() == 0


async def test_two_visitors_see_nothing_of_each_other(visit: Visit) -> None:
    ann, bob = await visit(), await visit()
    await ann.say("a secret")
    await ann.answered("a secret (1 turns)")
    address = ann.tab.url
    await bob.tab.goto(address)
    await bob.say("who is here?")
    await bob.answered("who is here? (1 turns)")
    await bob.shows(bob.titles, "who is here?")
    await ann.shows(ann.questions, "a secret")


async def test_two_tabs_stay_in_step(visit: Visit, site: Site) -> None:
    first = await visit()
    await first.say("one")
    await first.answered("one (1 turns)")
    second = await first.visitor.open(first.tab.url.removeprefix(site.url))
    await second.answered("one (1 turns)")
    stuck(site)
    await second.say("two")
    await first.has(first.answers.nth(1), "word20")
    await first.tab.locator("#stop").click()
    await second.idle()
    await first.idle()
    async with asyncio.timeout(5):
        while await first.answers.all_inner_texts() != await second.answers.all_inner_texts():
            await first.tab.wait_for_timeout(50)
    await first.shows(first.questions, "one", "two")


# --- when something is down


async def test_what_is_written_while_the_network_is_gone_is_sent_when_it_is_back(
    visit: Visit, site: Site
) -> None:
    page = await visit()
    page.visitor.patient = True
    await page.say("before")
    await page.answered("before (1 turns)")
    await page.visitor.context.set_offline(True)
    await page.has(page.tab.locator("#offline"), "No connection")
    await page.say("meanwhile")
    await page.has(page.tab.locator(".unsent .person .state").first, "Not sent yet")
    await page.say("and this")
    await page.visitor.context.set_offline(False)
    await page.answered("before (1 turns)", "meanwhile (3 turns)", "and this (5 turns)")
    await page.tab.locator("#offline").wait_for(state="hidden")
    await page.shows(page.questions, "before", "meanwhile", "and this")


async def test_what_is_accepted_while_the_page_loads_anew_stays_in_its_place(visit: Visit) -> None:
    page = await visit()
    await page.say("before")
    await page.answered("before (1 turns)")
    loaded, accepted, shown = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def old_state(route: Any) -> None:
        response = await route.fetch()
        loaded.set()
        await accepted.wait()
        await route.fulfill(response=response)

    async def message(route: Any) -> None:
        await (shown if "and this" in route.request.post_data else loaded).wait()
        await route.fulfill(response=await route.fetch())

    await page.tab.route("**/chat/conversations/*", old_state)
    await page.tab.route("**/chat/conversations/*/messages", message)
    await page.say("meanwhile")
    await page.say("and this")
    async with page.tab.expect_response("**/messages"):
        await page.tab.evaluate("dispatchEvent(new Event('online'))")
    accepted.set()
    await page.shows(page.questions, "before", "meanwhile", "and this")
    shown.set()
    await page.answered("before (1 turns)", "meanwhile (3 turns)", "and this (5 turns)")


async def test_a_gateway_that_is_killed_comes_back_and_answers(
    visit: Visit, tmp_path: Path, model: ModelServer
) -> None:
    site = Site(tmp_path, model)
    async with site.process:
        await site.answering()
        page = await visit(url=site.url)
        page.visitor.patient = True
        answer = slow(site)
        await page.say("Tell me a lot")
        await page.has(page.answers, "word20")
        await site.process.kill()
        await page.tab.locator("#offline").wait_for()
        await page.say("written meanwhile")
        await page.has(page.tab.locator(".unsent .person .state").first, "Not sent yet")
        model.delay = 0
        await site.up()
        await page.answered(answer, answer)
        await page.shows(page.questions, "Tell me a lot", "written meanwhile")
        assert len(model.requests) == 3


async def test_a_stop_of_the_gateway_does_not_wait_for_open_pages(
    visit: Visit, tmp_path: Path, model: ModelServer
) -> None:
    site = Site(tmp_path, model)
    async with site.process:
        await site.answering()
        page = await visit(url=site.url)
        page.visitor.patient = True
        await page.say("hello")
        await page.answered("hello (1 turns)")
        async with asyncio.timeout(3):
            assert await site.process.terminate() == 0


# --- the keyboard


async def test_everything_is_reached_with_the_keyboard(visit: Visit, site: Site) -> None:
    page = await visit()
    keyboard = page.tab.keyboard
    await keyboard.type("line one")
    await keyboard.press("Shift+Enter")
    await keyboard.type("line two")
    await keyboard.press("Enter")
    await page.answered("line oneline two (1 turns)")
    await page.tab.reload()
    await page.answered("line oneline two (1 turns)")
    assert await page.questions.inner_text() == "line one\nline two"
    await page.tab.locator(".skip").focus()
    names = []
    for _ in range(9):
        names.append(await page.tab.evaluate(FOCUSED))
        await keyboard.press("Tab")
    assert names == [
        "Skip to the message box",
        "New conversation",
        "line one line two",
        "Delete: line one line two",
        "中文",
        "Dark",
        "Messages",
        "Copy",
        "Try again",
    ]
    await page.tab.locator(".skip").focus()
    await keyboard.press("Enter")
    await keyboard.type("again")
    await keyboard.press("Enter")
    await page.has(page.questions.nth(1), "again")
    await page.idle()


FOCUSED = """() => {
  const one = document.activeElement;
  return one.getAttribute("aria-label") ?? one.textContent.trim();
}"""


async def test_enter_that_ends_a_chinese_word_does_not_send(visit: Visit) -> None:
    page = await visit()
    await page.text.fill("你好")
    await page.text.dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    assert await page.questions.count() == 0
    await page.text.press("Enter")
    await page.answered("你好 (1 turns)")


# --- what must not happen


@pytest.mark.parametrize("where", ["answer", "question"])
async def test_nothing_that_is_said_is_ever_run(visit: Visit, site: Site, where: str) -> None:
    page = await visit()
    await page.tab.add_init_script("window.ran = 0; window.alert = () => window.ran++")
    await page.tab.reload()
    if where == "answer":
        site.model.answer = EVIL
        await page.say("show me")
    else:
        await page.say(EVIL)
    await page.idle()
    await page.has(page.answers, "the end")
    for _ in range(2):
        links = await page.tab.evaluate("[...document.querySelectorAll('.text a')].map((a) => a.href)")
        assert all(link.startswith(("https://example.org/", "")) for link in links)
        assert not [link for link in links if link.lower().startswith(("javascript", "data", "vbscript"))]
        dangers = "script, img, svg, iframe, object, embed, form, input, style, link, base, meta, math"
        assert await page.tab.locator(".text").locator(dangers).count() == 0
        names = "[...document.querySelectorAll('.text *')].flatMap((one) => one.getAttributeNames())"
        allowed = {"href", "title", "target", "rel", "class", "type", "tabindex", "aria-label"}
        assert set(await page.tab.evaluate(names)) <= allowed | {"data-say", "data-label"}
        for link in await page.tab.locator(".text a").all():
            assert "noopener" in (await link.get_attribute("rel") or "")
        assert await page.tab.evaluate("window.ran") == 0
        await page.tab.reload()
        await page.has(page.answers, "the end")


async def test_the_page_weighs_little_and_asks_nobody_else(visit: Visit) -> None:
    page = await visit()
    await page.say("hello")
    await page.answered("hello (1 turns)")
    await page.tab.wait_for_load_state()
    weights = page.visitor.weights
    assert "/chat/static/vendor/purify.es.mjs" in weights
    assert sum(weights.values()) <= LARGEST_PAGE, weights
