"""What pages may do in a browser, whoever made them: nothing that is not in a file of ours."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path

import pytest

from adapters.webchat import assets
from gateway.web import pages
from tests.webchat.test_door import PASSWORD, door

FILES = [
    file
    for package in ("gateway.web", "adapters.webchat")
    for file in resources.files(package).joinpath("static").iterdir()
    if file.name.endswith((".html", ".svg"))
]
ADDRESSES = ("src", "href", "action", "formaction", "poster", "data", "xlink:href")


class Reader(HTMLParser):
    """Notes what a page would have a browser do."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        for name, value in attrs:
            if name.startswith("on") or name in ("style", "srcdoc"):
                self.found.append(f"<{tag} {name}>")
            if name in ADDRESSES and re.match(r"(?i)\s*(javascript:|https?:|//)", value or ""):
                self.found.append(f"<{tag} {name}={value}>")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside in ("script", "style") and data.strip():
            self.found.append(f"<{self._inside}> {data[:40]}")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_nothing_stands_in_a_page_that_its_policy_forbids(file: Path) -> None:
    reader = Reader()
    reader.feed(file.read_text())
    assert reader.found == []


def test_there_are_pages() -> None:
    assert len(FILES) > 4


@pytest.mark.parametrize("policy", [assets.HEADERS["Content-Security-Policy"], pages._POLICY])
def test_a_policy_lets_nothing_in_but_our_files(policy: str) -> None:
    rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["frame-ancestors"] == "'none'"
    assert rules["form-action"] == "'self'"
    for name, sources in rules.items():
        assert "unsafe" not in sources
        assert "*" not in sources
        assert "http" not in sources
        assert name in ("img-src",) or "data:" not in sources


@pytest.mark.parametrize("password", [None, PASSWORD])
async def test_every_answer_has_its_headers(tmp_path: Path, password: str | None) -> None:
    async with door(tmp_path, password) as client:
        for path in ("/", "/healthz", "/login", "/channels", "/nothing", "/pages/style.css", "/metrics"):
            headers = (await client.ask("GET", path))[1]
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["X-Frame-Options"] == "DENY"
            assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
            assert "default-src 'none'" in headers["Content-Security-Policy"]


@pytest.mark.parametrize("origin", ["http://[bad", "http://", "//evil.example", "x" * 4000, "null", ""])
async def test_an_odd_origin_is_another_site(tmp_path: Path, origin: str) -> None:
    async with door(tmp_path, None) as client:
        assert (await client.ask("POST", "/chat/say", headers={"Origin": origin}))[0] == 403


@pytest.mark.parametrize(
    "path", ["/hook/../chat/say", "/hook/%2e%2e/chat/say", "/hook//../chat/say", "/healthz/"]
)
async def test_no_path_leads_around_the_door(tmp_path: Path, path: str) -> None:
    async with door(tmp_path, PASSWORD) as client:
        assert (await client.ask("POST", path))[0] in (401, 404)


@pytest.mark.parametrize("next", ["//[bad", "/[bad", "/%00", "/%E2%80%A8", "x" * 3000])
async def test_an_odd_target_of_a_login_is_no_failure(tmp_path: Path, next: str) -> None:
    async with door(tmp_path, PASSWORD) as client:
        status, headers, _ = await client.ask("POST", f"/login?next={next}", data={"password": PASSWORD})
        assert status == 303
        assert headers["Location"].startswith("/")
        assert not headers["Location"].startswith("//")
