"""docs/commands.md names every command, for every channel, with a test that exists."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from gateway.commands import COMMANDS
from gateway.config.channels import adapters
from tests.flows.commands import SCENES, every_command
from tests.test_docs import ROOT, text_of

PAGE = ROOT / "docs" / "commands.md"
TESTS = re.findall(r"`(\w+\.py)::(\w+)(?:\[(\w+)\])?`", text_of(PAGE))
_TABLE = re.compile(r"^\| command \| `.+\n(?:\|.+\n)+", re.MULTILINE)
_HEADING = re.compile(r"`(\w+)`, (?:private · 私聊|group · 群聊)")
_CELL = re.compile(r"`(?P<test>\w+\.py::\w+)\[(?P<command>\w+)\]`")


@cache
def found_in(name: str) -> dict[str, str]:
    """The tests of a file of flows, each with what its decorators say."""
    tree = ast.parse(text_of(ROOT / "tests" / "flows" / name))
    found = [node for node in tree.body if isinstance(node, ast.AsyncFunctionDef)]
    return {node.name: " ".join(map(ast.unparse, node.decorator_list)) for node in found}


@pytest.mark.parametrize(("file", "test", "command"), TESTS)
def test_a_test_that_is_named_exists(file: str, test: str, command: str) -> None:
    assert test in found_in(file)
    if command:
        assert every_command.__name__ in found_in(file)[test].split()
        assert command in SCENES


def columns() -> list[tuple[str, dict[str, str]]]:
    """The columns of all tables of commands: what stands above, and the cell of each command."""
    found = []
    for table in _TABLE.findall(text_of(PAGE)):
        head, _, *rows = (line.strip("| ").split(" | ") for line in table.splitlines())
        commands, *cells = zip(*rows, strict=True)
        found += [
            (name, dict(zip(commands, column, strict=True)))
            for name, column in zip(head[1:], cells, strict=True)
        ]
    return found


def test_every_command_has_a_test_on_every_channel() -> None:
    assert [command.names[0] for command in COMMANDS] == [*SCENES]
    shown = set()
    for heading, cells in columns():
        assert [*cells] == [f"`/{name}`" for name in SCENES], heading
        named = [_CELL.fullmatch(cell) for cell in cells.values()]
        assert [found and found["command"] for found in named] == [*SCENES], heading
        (test,) = {found["test"] for found in named if found}
        shown.add(test)
    assert len(shown) == len(columns()), "two columns show the same test"


def test_every_channel_has_a_column() -> None:
    headings = [heading for heading, _ in columns()]
    found = [_HEADING.fullmatch(heading) for heading in headings]
    assert {channel[1] for channel in found if channel} == {*adapters()}
    assert len({*headings}) == len(headings) == len([*filter(None, found)])


@pytest.mark.parametrize("page", ["docs/commands.md", "README.md", "README.zh-CN.md"])
def test_every_name_of_a_command_is_documented(page: str) -> None:
    text = text_of(ROOT / page)
    names = [name for command in COMMANDS for name in command.names]
    assert [name for name in names if (f"`/{name}" if name.isascii() else name) not in text] == []
