"""What the web chat answers to browsers, and to those who only say that they are one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.webchat.door import LARGEST_BODY
from gateway import Chat, Reply, Said
from gateway.errors import ChatGone

from .contract import Stage, staged
from .host import FakeHost, FakeInbox, until
from .webchat_platform import Browser, Browsers, new_id


@pytest.fixture
async def browsers() -> AsyncIterator[Browsers]:
    browsers = Browsers()
    yield browsers
    await browsers.close()


@pytest.fixture
async def stage(browsers: Browsers, host: FakeHost) -> AsyncIterator[Stage]:
    async with staged(browsers, host) as stage:
        await stage.up()
        yield stage


@pytest.fixture
def browser(stage: Stage, browsers: Browsers) -> Browser:
    return somebody(browsers)


def somebody(browsers: Browsers) -> Browser:
    """Somebody with a browser."""
    found: Browser = browsers.private().raw
    return found


def same(browsers: Browsers, browser: Browser) -> Browser:
    """Another tab, or another look, of the same person."""
    tab = somebody(browsers)
    assert browser.cookie
    tab.cookie, tab.conversation = browser.cookie, browser.conversation
    return tab


async def asked(stage: Stage, browser: Browser, text: str = "hello") -> tuple[Chat, str]:
    """Somebody asks; the chat and the id of the question."""
    before = len(stage.inbox.messages)
    await browser.say(text)
    message = (await stage.inbox.get(before + 1))[-1]
    return message.chat, message.id


# --- whose conversation is it?


async def test_a_conversation_belongs_to_one_browser_whatever_another_knows_of_it(
    stage: Stage, browsers: Browsers
) -> None:
    ann, eve = somebody(browsers), somebody(browsers)
    chat, question = await asked(stage, ann, "my secret")
    stage.host.said[chat.key] = [Said(question, "person", "my secret", 1.0)]
    eve.conversation = ann.conversation
    assert await eve.history() == []
    assert (await eve.ask("GET", "/chat/conversations"))[2]["conversations"] == []
    assert (await eve.ask("DELETE", eve.path))[0] == 404
    theirs, _ = await asked(stage, eve, "let me in")
    assert theirs.key != chat.key
    await stage.adapter.send(chat, Reply("for Ann", question=question))
    await stage.adapter.send(theirs, Reply("for Eve"))
    await until(lambda: eve.seen("exchange") and ann.seen("exchange"))
    assert "for Ann" not in json.dumps(eve.events)
    assert "Eve" not in json.dumps(ann.events)
    assert "my secret" not in json.dumps(await eve.history())


async def test_who_never_saw_the_page_is_a_stranger(browser: Browser) -> None:
    ours = (await browser.ask("GET", "/"))[1]["Set-Cookie"].partition("=")[2].partition(";")[0]
    secret, _, signature = ours.partition(".")
    other = "A" * len(secret)
    forged = (f"{other}.{signature}", f"{secret}.{signature[:-1]}", f"{secret}.", secret, f".{signature}")
    for cookie in ("x", "x" * 43, "ü" * 43, ".", *forged):
        browser.cookie = cookie
        for method, path in (
            ("GET", "/chat/conversations"),
            ("GET", "/chat/events"),
            ("GET", browser.path),
            ("DELETE", browser.path),
            ("POST", f"{browser.path}/messages"),
        ):
            assert (await browser.ask(method, path))[0] == 401


async def test_the_page_gives_a_browser_its_own_cookie_and_keeps_it(browser: Browser) -> None:
    await browser.introduced()
    first, cookie = browser.cookie, (await browser.ask("GET", "/"))[1]["Set-Cookie"]
    assert first in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie
    browser.cookie = "no-cookie-of-ours"
    headers = (await browser.ask("GET", "/", headers={"X-Forwarded-Proto": "https"}))[1]
    assert "no-cookie-of-ours" not in headers["Set-Cookie"]
    assert "Secure" in headers["Set-Cookie"]


async def test_nobody_is_new_as_often_as_they_like(stage: Stage, browsers: Browsers) -> None:
    """Limits are for each visitor, so an address does not become any number of them."""
    there, here = {"X-Forwarded-For": "203.0.113.7"}, {"X-Forwarded-For": "203.0.113.8"}
    visitor, seen, known = somebody(browsers), set(), ""
    visitor.cookie = unknown = "of somebody else"
    while await visitor.see(**there) == 200:
        seen.add(visitor.cookie)
        known, visitor.cookie = visitor.cookie, unknown
    assert 50 < len(seen) < 70
    status, headers, _ = await visitor.ask("GET", "/", headers=there)
    assert status == 429
    assert 0 < int(headers["Retry-After"]) <= 21
    assert "Set-Cookie" not in headers
    visitor.cookie = known
    assert await visitor.see(**there) == 200
    assert visitor.cookie == known
    visitor.cookie = unknown
    assert await visitor.see(**here) == 200


async def test_who_was_known_before_a_restart_is_known_after_it(browsers: Browsers, host: FakeHost) -> None:
    browser = somebody(browsers)
    async with staged(browsers, host) as stage:
        chat, _ = await asked(stage, browser)
    async with staged(browsers, host) as stage:
        again, _ = await asked(stage, browser, "once more")
    assert again.key == chat.key
    assert browser.cookie.partition(".")[0] not in json.dumps(host.values)


async def test_another_key_knows_nobody(browsers: Browsers, tmp_path: Path) -> None:
    browser = somebody(browsers)
    for folder in ("one", "two"):
        async with staged(browsers, FakeHost(tmp_path / folder)):
            assert (await browser.ask("GET", "/chat/conversations"))[0] == (200 if folder == "one" else 401)


# --- what is taken, and what is not


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b'"text"',
        b"null",
        b"[" * 5000,
        b'{"id": "aaaaaaaaaaaaaaaa"}',
        b'{"id": "aaaaaaaaaaaaaaaa", "text": ""}',
        b'{"id": "aaaaaaaaaaaaaaaa", "text": " \\n "}',
        b'{"id": "aaaaaaaaaaaaaaaa", "text": ["x"]}',
        b'{"id": "aaaaaaaaaaaaaaaa", "text": "x", "language": 7}',
        b'{"id": "../../../../../etc", "text": "x"}',
        b'{"id": "stop.aaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaa", "text": "/reset"}',
        b'{"id": "reset.aaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaa", "text": "/reset"}',
        json.dumps({"id": "a" * 16, "text": "x" * 50_001}).encode(),
    ],
)
async def test_what_is_no_message_is_refused(stage: Stage, browser: Browser, body: bytes) -> None:
    answer = await browser.ask(
        "POST", f"{browser.path}/messages", data=body, headers={"Content-Type": "application/json"}
    )
    assert answer[0] == 400
    assert stage.inbox.calls == 0


async def test_too_much_is_not_read(stage: Stage, browser: Browser) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b" " * (LARGEST_BODY // 2)

    headers = {"Content-Type": "application/json"}
    for body in (b" " * (LARGEST_BODY + 1), chunks()):
        assert (await browser.ask("POST", f"{browser.path}/messages", data=body, headers=headers))[0] == 413
    assert stage.inbox.calls == 0


async def test_a_change_needs_what_no_other_site_can_send(stage: Stage, browser: Browser) -> None:
    await asked(stage, browser)
    message = {"id": new_id(), "text": "forged"}
    calls = stage.inbox.calls
    assert browser.session is not None
    for method, path in (("POST", f"{browser.path}/messages"), ("DELETE", browser.path)):
        cookie = {"Cookie": f"gateway_visitor={browser.cookie}"}
        async with browser.session.request(
            method, browser.root + path, json=message, headers=cookie
        ) as answer:
            assert answer.status == 403
    plain = {"Content-Type": "text/plain"}
    body = json.dumps(message)
    assert (await browser.ask("POST", f"{browser.path}/messages", data=body, headers=plain))[0] == 415
    assert stage.inbox.calls == calls


@pytest.mark.parametrize(
    "path",
    [
        "/chat/static/../adapter.py",
        "/chat/static/..%2fadapter.py",
        "/chat/static/%2e%2e/%2e%2e/adapter.py",
        "/chat/static//etc/passwd",
        "/chat/static/vendor",
        "/chat/static/vendor/README.md",
        "/chat/static/index.html%00",
        "/chat/conversations/..%2f..%2fx",
        "/chat/conversations/" + "x" * 41,
    ],
)
async def test_there_is_nothing_but_the_page(browser: Browser, path: str) -> None:
    assert (await browser.ask("GET", path))[0] == 404


async def test_files_have_their_headers_and_are_sent_once(browser: Browser) -> None:
    for path in ("/", "/chat/static/app.js", "/chat/static/vendor/purify.es.mjs", "/chat/conversations"):
        status, headers, _ = await browser.ask("GET", path)
        assert status == 200
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        if tag := headers.get("ETag"):
            status, headers, body = await browser.ask("GET", path, headers={"If-None-Match": tag})
            assert (status, body) == (304, b"")


# --- nothing is lost, nothing comes twice


async def test_a_message_that_is_posted_again_is_one_message(stage: Stage, browser: Browser) -> None:
    message = {"id": new_id(), "text": "once"}
    assert await browser.post(message) == 200
    assert await browser.post(message) == 200
    assert [message.text for message in stage.inbox.messages] == ["once"]
    assert [exchange["question"] for exchange in await browser.history()] == ["once"]


async def test_what_was_not_kept_is_said_to_be(stage: Stage, browser: Browser) -> None:
    stage.inbox.failures = 1
    message = {"id": new_id(), "text": "keep me"}
    assert await browser.post(message) == 503
    assert await browser.history() == []
    assert await browser.post(message) == 200


async def test_nobody_is_told_200_while_the_channel_does_not_listen(
    browsers: Browsers, host: FakeHost
) -> None:
    async with staged(browsers, host) as stage:
        await stage.up()
        browser = somebody(browsers)
        stage.task.cancel()
        await asyncio.wait([stage.task])
        assert await browser.post({"id": new_id(), "text": "too late"}) == 503


async def test_all_tabs_of_a_person_see_the_same(stage: Stage, browsers: Browsers) -> None:
    first = somebody(browsers)
    chat, _ = await asked(stage, first)
    second = same(browsers, first)
    await second.start()
    await until(lambda: second.seen("ready"))
    _, question = await asked(stage, first, "and now?")
    await stage.adapter.draft(chat, 1, Reply("👍 gro", question=question))
    await stage.adapter.draft(chat, 1, Reply("👍 growing", question=question))
    await stage.adapter.send(chat, Reply("👍 grown", question=question))
    await until(lambda: first.seen("exchange") and second.seen("exchange"))
    for tab in (first, second):
        assert [(event["at"], event["tail"]) for event in tab.seen("growth")] == [(0, "👍 gro"), (6, "wing")]
        assert tab.seen("exchange")[-1]["exchange"]["answers"] == ["👍 grown"]
    assert second.seen("asked")[-1]["question"] == "and now?"


async def test_who_comes_back_loads_what_is_and_hears_what_comes(stage: Stage, browsers: Browsers) -> None:
    browser = somebody(browsers)
    chat, question = await asked(stage, browser)
    await browser.close()
    await stage.adapter.draft(chat, 1, Reply("half", question=question))
    again = same(browsers, browser)
    await again.start()
    await until(lambda: again.seen("ready"))
    state = (await again.ask("GET", again.path))[2]
    assert [(one["growing"], one["open"]) for one in state["exchanges"]] == [("half", True)]
    await stage.adapter.draft(chat, 1, Reply("half and half", question=question))
    await until(lambda: again.seen("growth"))
    (growth,) = again.seen("growth")
    assert growth["seq"] > state["seq"]
    assert (growth["at"], growth["tail"]) == (4, " and half")


async def test_the_numbers_of_events_grow_over_restarts(browsers: Browsers, host: FakeHost) -> None:
    browser, seen = somebody(browsers), []
    for _ in range(2):
        async with staged(browsers, host):
            await browser.start()
            await until(lambda: browser.seen("ready"))
            seen.append(browser.seen("ready")[-1]["seq"])
            browser.events.clear()
    assert seen[0] < seen[1]


async def test_the_transcript_and_what_goes_on_are_one_history(browsers: Browsers, host: FakeHost) -> None:
    inbox = FakeInbox(host)
    browser = somebody(browsers)
    async with staged(browsers, host, inbox) as stage:
        chat, first = await asked(stage, browser, "first")
        await stage.adapter.send(chat, Reply("kept elsewhere", question=first))
    host.said[chat.key] = [Said(first, "person", "first", 1.0), Said(first, "bot", "the answer", 2.0)]
    async with staged(browsers, host, inbox) as stage:
        assert await answers(browser) == [("first", ["the answer"])]
        _, second = await asked(stage, browser, "/help")
        await stage.adapter.send(chat, Reply("no part of the transcript", question=second))
        assert await answers(browser) == [
            ("first", ["the answer"]),
            ("/help", ["no part of the transcript"]),
        ]


async def answers(browser: Browser) -> list[tuple[str, list[str]]]:
    return [(exchange["question"], exchange["answers"]) for exchange in await browser.history()]


# --- stop, retry, delete


async def test_a_stopped_question_waits_no_longer(stage: Stage, browser: Browser) -> None:
    chat, question = await asked(stage, browser)
    stop = f"stop.{question}.{new_id()}"
    assert await browser.post({"id": stop, "text": "/stop"}) == 200
    assert (await stage.inbox.get(2))[-1].text == "/stop"
    await stage.adapter.send(chat, Reply("Stopped.", question=stop))
    (exchange,) = await browser.history()
    assert (exchange["open"], exchange["answers"]) == (False, [])
    await until(lambda: browser.seen("closed"))
    assert browser.seen("closed")[0]["text"] == "Stopped."


async def test_a_new_answer_takes_the_place_of_the_old_one(stage: Stage, browser: Browser) -> None:
    chat, question = await asked(stage, browser)
    await stage.adapter.send(chat, Reply("bad", question=question))
    stage.host.said[chat.key] = [Said(question, "person", "hello", 1.0), Said(question, "bot", "bad", 2.0)]
    retry = f"retry.{question}.{new_id()}"
    assert await browser.post({"id": retry, "text": "/retry"}) == 200
    assert [(one["open"], one["answers"]) for one in await browser.history()] == [(True, ["bad"])]
    await stage.adapter.draft(chat, 2, Reply("bet", question=retry))
    await stage.adapter.send(chat, Reply("better", question=retry))
    stage_said = [
        Said(question, "person", "hello", 1.0),
        Said(question, "bot", "bad", 2.0),
        Said(retry, "person", "hello", 3.0),
        Said(retry, "bot", "better", 4.0),
    ]
    stage.host.said[chat.key] = stage_said
    assert await answers(browser) == [("hello", ["better"])]


async def test_a_deleted_conversation_is_gone(stage: Stage, browser: Browser) -> None:
    chat, question = await asked(stage, browser)
    assert [one["title"] for one in await listed(browser)] == ["hello"]
    assert (await browser.ask("DELETE", browser.path))[0] == 200
    assert (await browser.ask("DELETE", browser.path))[0] == 404
    assert await listed(browser) == []
    assert await browser.history() == []
    assert [message.text for message in stage.inbox.messages] == ["hello", "/stop", "/forget"]
    seen = len(browser.events)
    await stage.adapter.send(chat, Reply("late", question=question))  # nobody waits for it any more
    await stage.adapter.draft(chat, 1, Reply("late", question=question))
    with pytest.raises(ChatGone):
        await stage.adapter.send(chat, Reply("a reminder"))
    await until(lambda: browser.seen("deleted"))
    assert not [event for event in browser.events[seen:] if event["type"] != "deleted"]


async def test_what_the_model_did_not_answer_last_is_asked_anew(stage: Stage, browser: Browser) -> None:
    chat, first = await asked(stage, browser, "first")
    _, second = await asked(stage, browser, "second")
    stage.host.said[chat.key] = [Said(first, "person", "first", 1.0), Said(first, "bot", "1", 2.0)]
    await stage.adapter.send(chat, Reply("the model failed", question=second))
    calls = stage.inbox.calls
    retry = {"id": f"retry.{second}.{new_id()}", "text": "/retry"}
    status, _, body = await browser.ask("POST", f"{browser.path}/messages", json=retry)
    assert (status, body) == (200, {"ask": True})
    assert stage.inbox.calls == calls


async def test_what_the_transcript_has_is_not_remembered_beside_it(stage: Stage, browser: Browser) -> None:
    chat, question = await asked(stage, browser, "a secret")
    stage.host.said[chat.key] = [
        Said(question, "person", "a secret", 1.0),
        Said(question, "bot", "the answer", 2.0),
    ]
    await stage.adapter.send(chat, Reply("the answer", question=question))
    assert await answers(browser) == [("a secret", ["the answer"])]
    # the answer to the post got lost, so the page posts again: nothing is waited for
    assert await browser.post({"id": question, "text": "a secret"}) == 200
    (exchange,) = await browser.history()
    assert not exchange["open"]
    assert len(browser.seen("asked")) == 1
    stage.host.said.clear()  # forgotten
    assert await browser.history() == []


async def listed(browser: Browser) -> list[dict[str, Any]]:
    return list((await browser.ask("GET", "/chat/conversations"))[2]["conversations"])


async def test_the_list_is_kept_over_restarts_and_has_an_end(browsers: Browsers, host: FakeHost) -> None:
    browser = somebody(browsers)
    async with staged(browsers, host) as stage:
        await asked(stage, browser, "the first\n  question " + "x" * 200)
    async with staged(browsers, host):
        (entry,) = await listed(browser)
    assert entry["title"].startswith("the first question xxx")
    assert len(entry["title"]) == 80


@asynccontextmanager
async def streams(browser: Browser, count: int) -> AsyncIterator[Callable[[], list[int]]]:
    """*count* open pages; yields what each of them was answered."""
    await browser.introduced()
    assert browser.session is not None
    cookie = {"Cookie": f"gateway_visitor={browser.cookie}"}
    open_pages = [
        await browser.session.get(f"{browser.root}/chat/events", headers=cookie) for _ in range(count)
    ]
    try:
        yield lambda: [page.status for page in open_pages]
    finally:
        for page in open_pages:
            page.close()


async def test_one_person_cannot_open_pages_without_end(browser: Browser) -> None:
    async with streams(browser, 30) as statuses:
        assert statuses().count(200) < 30
        assert statuses()[-1] == 503
