"""From tokens to a page: how each construct of a document reads in a chat."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from markdown_it.common.normalize_url import normalizeLinkText
from markdown_it.token import Token

from gateway.markdown.links import is_linkable
from gateway.markdown.page import Page
from gateway.markdown.tables import Align, draw

_BULLETS = "•◦▪"
_RULE = "—" * 8
_BOX = re.compile(r"\[([ xX])\] ")
_SOFT = {"strong": "bold", "em": "italic", "s": "strikethrough", "spoiler": "spoiler"}


def write(tokens: Sequence[Token], *, plain: bool) -> Page:
    """*tokens* of a whole document as a page: with spans for Telegram or, *plain*, in signs alone."""
    writer = _Writer(plain)
    stream = iter(tokens)
    for token in stream:
        writer.block(token, stream)
    return writer.page


@dataclass(frozen=True, slots=True)
class _Link:
    """A link that is being written: whether it is one on the page, else the address to add."""

    linked: bool
    address: str


class _Writer:
    """The state of one walk: the lists it is in, the link it is in."""

    def __init__(self, plain: bool) -> None:
        self.page = Page()
        self._plain = plain
        self._numbers: list[int | None] = []
        self._links: list[_Link] = []
        self._blocks: dict[str, Callable[[Token], None]] = {
            "paragraph_close": lambda token: self.page.gap(1 if token.hidden else 2),
            "heading_open": lambda _: self.page.begin("bold"),
            "heading_close": lambda _: self._close_heading(),
            "inline": lambda token: self._inline(token.children or ()),
            "fence": lambda token: self._code(token.content, token.info),
            "code_block": lambda token: self._code(token.content, ""),
            "hr": lambda _: self._rule(),
            "blockquote_open": lambda _: self._open_quote(),
            "blockquote_close": lambda _: self._close_quote(),
            "bullet_list_open": lambda _: self._numbers.append(None),
            "ordered_list_open": lambda token: self._numbers.append(int(token.attrs.get("start", 1))),
            "bullet_list_close": lambda _: self._close_list(),
            "ordered_list_close": lambda _: self._close_list(),
            "list_item_open": lambda _: self._open_item(),
            "list_item_close": lambda _: self._close_item(),
        }

    def block(self, token: Token, rest: Iterator[Token]) -> None:
        """Write one block token; a table takes its own tokens from the *rest*."""
        if token.type == "table_open":
            self._table(rest)
        elif handler := self._blocks.get(token.type):
            handler(token)

    def _part(self) -> None:
        """Set the next block apart: less in a list than outside."""
        self.page.gap(1 if self._numbers else 2)

    def _close_heading(self) -> None:
        self.page.end()
        self._part()

    def _rule(self) -> None:
        self.page.write(_RULE)
        self._part()

    def _code(self, content: str, info: str) -> None:
        content = content.strip("\n").rstrip()
        if self._plain:
            self.page.write_lines(content)
        else:
            self._pre(content, next(iter(info.split()), ""))
        self._part()

    def _pre(self, content: str, language: str = "") -> None:
        self.page.begin("pre", language=language)
        self.page.write_block(content)
        self.page.end()

    def _open_quote(self) -> None:
        if self._plain:
            self.page.indent("> ", "> ")
        else:
            self.page.begin("blockquote", whole_lines=True)

    def _close_quote(self) -> None:
        if self._plain:
            self.page.dedent()
        else:
            self.page.end()
        self._part()

    def _close_list(self) -> None:
        self._numbers.pop()
        self._part()

    def _open_item(self) -> None:
        number = self._numbers[-1]
        if number is None:
            depth = self._numbers.count(None)
            sign = _BULLETS[min(depth, len(_BULLETS)) - 1] + " "
        else:
            sign = f"{number}. "
            self._numbers[-1] = number + 1
        self.page.indent(sign, " " * len(sign))

    def _close_item(self) -> None:
        self.page.dedent()
        self.page.gap(1)

    def _table(self, tokens: Iterator[Token]) -> None:
        rows: list[list[str]] = []
        aligns: list[Align] = []
        for token in tokens:
            if token.type == "table_close":
                break
            if token.type == "tr_open":
                rows.append([])
            elif token.type == "th_open":
                aligns.append(_align(token))
            elif token.type == "inline":
                rows[-1].append(self._cell(token))
        if self._plain:
            self.page.write_lines("\n".join(" | ".join(row) for row in rows))
        else:
            self._pre(draw(rows, aligns))
        self._part()

    def _cell(self, token: Token) -> str:
        """The text of a table's cell; a link in it keeps its address."""
        cell = _Writer(plain=True)
        cell._inline(token.children or ())
        return " ".join(cell.page.text.split())

    def _inline(self, tokens: Sequence[Token]) -> None:
        for index, token in enumerate(tokens):
            kind, _, edge = token.type.rpartition("_")
            if kind in _SOFT:
                self.page.begin(_SOFT[kind]) if edge == "open" else self.page.end()
            elif token.type == "link_open":
                self._open_link(str(token.attrs["href"]), tokens[index + 1])
            elif token.type == "link_close":
                self._close_link()
            else:
                self._leaf(token, first=index == 0)

    def _leaf(self, token: Token, *, first: bool) -> None:
        match token.type:
            case "text":
                self.page.write(self._box(token.content) if first else token.content)
            case "softbreak" | "hardbreak":
                self.page.gap(1)
            case "code_inline" | "formula":
                self.page.begin("code")
                self.page.write(token.content)
                self.page.end()
            case "image":
                self._image(token)

    def _box(self, text: str) -> str:
        """The text of a list item with its "[ ]" as a box."""
        box = _BOX.match(text) if self._numbers else None
        return ("☐ " if box[1] == " " else "☑ ") + text[box.end() :] if box else text

    def _image(self, token: Token) -> None:
        url, text = str(token.attrs["src"]), token.content.strip()
        if self._links:
            self.page.write(text or url)
            return
        self._open_link(url, Token("text", "", 0, content=text))
        self.page.write(text)
        self._close_link()

    def _open_link(self, url: str, label: Token) -> None:
        """Begin a link; what is no link on this page has its address behind its text."""
        address = normalizeLinkText(url).removeprefix("mailto:")
        linked = not self._plain and is_linkable(url)
        if linked:
            self.page.begin("text_link", url=url)
        if label.type == "link_close" or (label.type == "text" and not label.content):
            self.page.write(address)
            address = ""
        self._links.append(_Link(linked, "" if linked or label.content in (address, url) else address))

    def _close_link(self) -> None:
        link = self._links.pop()
        if link.linked:
            self.page.end()
        if link.address:
            self.page.write(f" ({link.address})")


def _align(token: Token) -> Align:
    style = str(token.attrs.get("style", ""))
    return "right" if "right" in style else "center" if "center" in style else "left"
