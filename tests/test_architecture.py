"""The house keeps its shape: levels, budgets, no cycles.

``python -m tests.test_architecture`` prints the table.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Words at the bottom, doors at the top; a module imports only from levels below its own (a package's
# modules may import each other).
LEVELS = [
    {"errors", "message", "text", "payloads", "backoff", "newest", "metrics"}
    | {"stops", "tasks", "files", "watchdog"},
    {"markdown", "log", "http", "login", "pacing", "password", "qr"},
    {"adapter", "session", "access", "limits", "calendar", "scans"},
    {"conversation", "health", "texts", "backend", "store"},
    {"case", "limiter", "statement", "moderation"},
    {"commands", "inbox", "scheduler", "channels", "presentation"},
    {"draft", "showing"},
    {"delivery", "dispatcher", "summary", "notices"},
    {"asking"},
    {"responder"},
    {"config", "web"},
    {"app"},
    {"cli"},
    {"__main__"},
]
FACADE = {
    "gateway",
    "gateway.errors",
    "gateway.http",
    "gateway.backoff",
    "gateway.health",
    "gateway.markdown",
    "gateway.newest",
    "gateway.pacing",
    "gateway.payloads",
    "gateway.text",
}

LONGEST_FILE = 500
LONGEST_FUNCTION = 50
MOST_METHODS = 12
MOST_ARGUMENTS = 7
# Who may catch everything: what runs other people's code for ever, and hands the error on.
BROAD_EXCEPTS = {"gateway/dispatcher.py", "gateway/channels.py", "gateway/store/database.py"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """A module of ours: its dotted name, where it is, what it says."""

    name: str
    path: Path
    text: str

    @property
    def tree(self) -> ast.Module:
        return parsed(self.path)

    @property
    def where(self) -> str:
        return str(self.path.relative_to(ROOT))


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def sources(package: str) -> list[Source]:
    found = []
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found.append(Source(name, path, path.read_text()))
    return found


def imports(source: Source) -> Iterator[str]:
    """What a module imports, by dotted names of modules."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source.where}:{node.lineno}: a relative import"
            assert node.module is not None
            for name in node.names:
                member = f"{node.module}.{name.name}"
                yield member if is_module(member) else node.module


@cache
def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def functions(source: Source) -> list[Function]:
    return [node for node in ast.walk(source.tree) if isinstance(node, Function)]


def classes(source: Source) -> list[ast.ClassDef]:
    return [node for node in ast.walk(source.tree) if isinstance(node, ast.ClassDef)]


def lines(node: Function) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def level(part: str) -> int:
    for number, names in enumerate(LEVELS):
        if part in names:
            return number
    raise AssertionError(f"gateway.{part} has no level: give it one in LEVELS")


def part_of(name: str) -> str:
    return name.split(".")[1]


OURS = [*sources("gateway"), *sources("adapters")]


def test_gateway_imports_point_down() -> None:
    wrong = [
        f"{source.where} (level {level(part_of(source.name))}) imports {target}"
        for source in sources("gateway")
        if source.name != "gateway"
        for target in imports(source)
        if target.startswith("gateway.") and part_of(target) != part_of(source.name)
        if level(part_of(target)) >= level(part_of(source.name))
    ]
    assert wrong == []


def test_gateway_never_names_an_adapter() -> None:
    wrong = [s.where for s in sources("gateway") if any(t.split(".")[0] == "adapters" for t in imports(s))]
    assert wrong == []


def test_adapters_see_the_facade_and_the_leaves_and_no_other_adapter() -> None:
    wrong = []
    for source in sources("adapters"):
        own = ".".join(source.name.split(".")[:2])
        for target in imports(source):
            ours = target.split(".")[0] in {"gateway", "adapters"}
            if ours and target not in FACADE and not (target == own or target.startswith(f"{own}.")):
                wrong.append(f"{source.where} imports {target}")
    assert wrong == []


def test_only_the_app_and_the_command_line_see_the_whole_configuration() -> None:
    allowed = {"config", "app", "cli"}
    wrong = [
        source.where
        for source in sources("gateway")
        if source.name != "gateway" and part_of(source.name) not in allowed
        if any(target.startswith("gateway.config") for target in imports(source))
    ]
    assert wrong == []


def test_there_is_no_cycle_of_modules() -> None:
    assert cycles() == []


def cycles() -> list[str]:
    """Modules that import themselves through others, inside packages as well."""
    names = {source.name for source in OURS}
    graph = {source.name: {target for target in imports(source) if target in names} for source in OURS}
    # The facade is a door of the package, not a part of it: its imports are for adapter authors.
    graph["gateway"] = set()
    found, state = [], dict.fromkeys(graph, 0)

    def visit(name: str, path: list[str]) -> None:
        state[name] = 1
        for target in sorted(graph[name]):
            if state[target] == 1:
                found.append(" -> ".join([*path[path.index(target) :], target]))
            elif state[target] == 0:
                visit(target, [*path, target])
        state[name] = 2

    for name in sorted(graph):
        if state[name] == 0:
            visit(name, [name])
    return found


@pytest.mark.parametrize("source", OURS, ids=lambda source: source.where)
def test_a_module_keeps_its_budgets(source: Source) -> None:
    assert source.text.count("\n") <= LONGEST_FILE
    for function in functions(source):
        assert lines(function) <= LONGEST_FUNCTION, f"{source.where}:{function.lineno} {function.name}"
    for cls in classes(source):
        methods = [node for node in cls.body if isinstance(node, Function)]
        public = [node.name for node in methods if not node.name.startswith("_")]
        assert len(public) <= MOST_METHODS, f"{source.where}:{cls.lineno} {cls.name}: {len(public)} methods"
        for method in methods:
            if method.name == "__init__":
                count = len(method.args.args) + len(method.args.kwonlyargs) - 1
                assert count <= MOST_ARGUMENTS, f"{source.where}:{cls.lineno} {cls.name}: {count} arguments"


def test_broad_excepts_are_where_they_must_be() -> None:
    found = {source.where for source in OURS if broad(source)}
    assert found <= BROAD_EXCEPTS


def broad(source: Source) -> int:
    caught = [node.type for node in ast.walk(source.tree) if isinstance(node, ast.ExceptHandler)]
    names = [ast.unparse(kind) if kind is not None else "BaseException" for kind in caught]
    return sum(name in {"Exception", "BaseException"} for name in names)


def test_no_import_hides_in_a_function_or_behind_type_checking() -> None:
    # uvloop may be absent, and is asked for only when a process starts; the openai SDK is large, and most
    # gateways need it for nothing
    allowed = {("gateway/cli/run.py", "uvloop"), ("gateway/moderation/moderator.py", "ModerationClient")}
    wrong = []
    for source in OURS:
        assert "TYPE_CHECKING" not in source.text, source.where
        for function in functions(source):
            for node in ast.walk(function):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    names = {alias.name for alias in node.names}
                    wrong += [
                        f"{source.where}:{node.lineno}" for n in names if (source.where, n) not in allowed
                    ]
    assert wrong == []


def test_the_facade_exports_what_it_imports() -> None:
    (facade,) = [source for source in OURS if source.name == "gateway"]
    nodes = [node for node in ast.walk(facade.tree) if isinstance(node, ast.ImportFrom)]
    assert all(alias.asname == alias.name for node in nodes for alias in node.names)


def test_there_are_hardly_any_mocks() -> None:
    assert mocks_per_100_lines() < 0.5


def mocks_per_100_lines() -> float:
    texts = [source.text for source in sources("tests") if source.name != "tests.test_architecture"]
    mocks = sum(
        len(re.findall(r"\b(?:Mock|AsyncMock|MagicMock|monkeypatch\.setattr|patch)\(", text))
        for text in texts
    )
    return 100 * mocks / sum(text.count("\n") for text in texts)


def table() -> str:
    """The figures of the house."""
    rows = [f"{'lines':>6} {'longest function':>17} {'broad excepts':>14}  module"]
    for source in OURS:
        longest = max((lines(function) for function in functions(source)), default=0)
        rows.append(f"{source.text.count(chr(10)):6} {longest:17} {broad(source):14}  {source.where}")
    total = sum(source.text.count("\n") for source in OURS)
    tests = sum(source.text.count("\n") for source in sources("tests"))
    rows.append(f"{total} lines in {len(OURS)} modules; {tests} lines of tests")
    rows.append(f"{mocks_per_100_lines():.2f} mocks in 100 lines of tests; {len(cycles())} cycles")
    return "\n".join(rows)


if __name__ == "__main__":
    sys.stdout.write(table() + "\n")
