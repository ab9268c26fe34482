"""docs/commands.md names every command, for every channel, with a test that exists."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from gateway.commands import COMMANDS
from tests.flows.commands import SCENES
from tests.test_docs import ROOT, text_of

PAGE = ROOT / "docs" / "commands.md"
TESTS = re.findall(r"`(\w+\.py)::(\w+)(?:\[(\w+)\])?`", text_of(PAGE))


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
        assert "'command', SCENES" in found_in(file)[test]
        assert command in SCENES


def test_every_command_has_a_test_on_every_channel() -> None:
    rows = re.findall(r"^\| `/(\w+)` \| (`test_.*) \|$", text_of(PAGE), re.MULTILINE)
    assert [name for name, _ in rows] == [command.names[0] for command in COMMANDS] == [*SCENES]
    for name, cells in rows:
        shown = [re.fullmatch(r"`.+::(\w+)\[(\w+)\]`", cell) for cell in cells.split(" | ")]
        assert {found[2] for found in shown if found} == {name}
        assert len({found[1] for found in shown if found}) == 6


@pytest.mark.parametrize("page", ["docs/commands.md", "README.md", "README.zh-CN.md"])
def test_every_name_of_a_command_is_documented(page: str) -> None:
    text = text_of(ROOT / page)
    names = [name for command in COMMANDS for name in command.names]
    assert [name for name in names if (f"`/{name}" if name.isascii() else name) not in text] == []
