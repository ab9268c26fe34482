"""DingTalk's part of Markdown: headings, quotes, bold, italic, links, images, lists.

Line breaks get the two spaces that it wants before them, and what it does not know is put in what it
does (https://open.dingtalk.com/document/orgapp/message-type). All else of the source stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from markdown_it.token import Token

_BOX = re.compile(r"^([ \t>]*(?:[-+*]|\d+[.)])[ \t]+)\[([ xX])\] ")
_MARGIN = re.compile(r"[ \t]*+(?:>[ \t]*+)*+")
_UNKNOWN = {"s_open": "~~", "spoiler_open": "||"}

_Lines = list[str | None]


def to_dingtalk(text: str, tokens: Sequence[Token]) -> str:
    """*text* in DingTalk's Markdown; *tokens* are what it was parsed into."""
    lines: _Lines = [*text.split("\n")]
    table: list[Token] = []
    for token in tokens:
        if table or token.type == "table_open":
            table.append(token)
            if token.type == "table_close":
                _replace_table(lines, table)
                table = []
        elif token.type == "heading_open" and token.markup in ("=", "-"):
            _replace_underline(lines, token)
        elif token.type == "inline":
            _replace_inline(lines, token)
    return "\n".join(line for line in lines if line is not None).strip("\n").rstrip()


def _replace_table(lines: _Lines, tokens: Sequence[Token]) -> None:
    """One line a row, the header bold."""
    first, end = tokens[0].map or (0, 0)
    match = _MARGIN.match(lines[first] or "")
    margin = match[0] if match else ""
    rows: list[list[str]] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append(token.content)
    drawn = [" | ".join(f"**{cell}**" for cell in rows[0] if cell), *(" | ".join(row) for row in rows[1:])]
    lines[first:end] = [
        margin + drawn[index] + "  " if index < len(drawn) else None for index in range(end - first)
    ]


def _replace_underline(lines: _Lines, token: Token) -> None:
    """A heading that is underlined gets a mark."""
    first, end = token.map or (0, 0)
    match = _MARGIN.match(lines[first] or "")
    margin = match[0] if match else ""
    lines[first] = f"{margin}{'#' * int(token.tag[1:])} {(lines[first] or '')[len(margin) :]}"
    lines[end - 1] = None


def _replace_inline(lines: _Lines, token: Token) -> None:
    """Line breaks and check boxes in DingTalk's way, marks that it does not know taken off."""
    first, end = token.map or (0, 0)
    children = token.children or ()
    code = any(child.type in ("code_inline", "formula") for child in children)
    marks = {_UNKNOWN[child.type] for child in children if child.type in _UNKNOWN and not code}
    for number in range(first, end):
        line = lines[number]
        if line is None:
            continue
        for mark in marks:
            line = line.replace(mark, "")
        line = _BOX.sub(lambda box: box[1] + ("☐ " if box[2] == " " else "☑ "), line)
        if number < end - 1 and not line.endswith(("  ", "\\")):
            line = line.rstrip() + "  "
        lines[number] = line
