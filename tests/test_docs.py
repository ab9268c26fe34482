"""The documentation says what is true: examples load, commands and keys exist, links lead somewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_args
from xml.etree import ElementTree

import pytest
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from gateway.adapter import load as load_adapter
from gateway.backend.base import ModelOptions
from gateway.cli import main
from gateway.config import Loaded, load
from gateway.config.channels import adapters
from gateway.config.mistakes import Source
from gateway.config.reader import read
from gateway.config.settings import Settings
from tests.test_architecture import LEVELS

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
CONFIGURATION = ROOT / "docs" / "configuration.md"

_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_ROW = re.compile(r"^\| `([^`]+)` \| (.+?) \| .+ \| `(.+)` \|$", re.MULTILINE)
_REFERENCE = re.compile(r'"(env|file):([^"]+)"')
# What a telegram and a model need, for examples that are about something else.
_BESIDE = {"GATEWAY_API_KEY": "sk-test", "GATEWAY_WEB__PASSWORD": "secret"}
_CHANNELS = {
    "telegram": {"token": "1:test", "webhook_url": "https://bot.example.org"},
    "dingtalk": {"client_id": "ding-test", "client_secret": "secret"},
    "wechat_official": {"app_id": "wx-test", "app_secret": "secret", "token": "token"},
}
# Variables that must have a form.
_FORMED = {"GZH_TOKEN": "TokenOfTheAccount", "GZH_AES_KEY": "a" * 43}


@dataclass(frozen=True)
class Block:
    """A fenced block: where it stands, what it is written in, what it says."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


@cache
def text_of(page: Path) -> str:
    return page.read_text("utf-8")


def blocks(page: Path, *languages: str) -> list[Block]:
    text = text_of(page)
    return [
        Block(page, text.count("\n", 0, found.start()) + 1, found[2], found[3])
        for found in _FENCE.finditer(text)
        if not languages or found[2] in languages
    ]


def prose(page: Path) -> str:
    return _FENCE.sub("", text_of(page))


EXAMPLES = [block for page in PAGES for block in blocks(page, "json", "jsonc")]


def load_text(folder: Path, text: str, environ: Mapping[str, str]) -> Loaded:
    """Load a configuration whose references lead somewhere."""
    variables = dict(environ)
    (folder / "words.txt").write_text("word\n")
    for kind, name in _REFERENCE.findall(text):
        if kind == "env":
            variables[name] = _FORMED.get(name, f"value-of-{name}")
        else:
            (folder / name).write_text("value-in-a-file\n")
    file = folder / "config.json"
    file.write_text(text, "utf-8")
    return load(file, variables)


def load_part(folder: Path, part: dict[str, Any]) -> Loaded:
    """Load some keys of a configuration, with what they need beside them."""
    environ = dict(_BESIDE)
    if "channels" not in part:
        environ["GATEWAY_CHANNELS"] = json.dumps(_CHANNELS)
    return load_text(folder, json.dumps(part), environ)


@pytest.mark.parametrize("block", EXAMPLES, ids=str)
def test_an_example_of_a_configuration_loads(block: Block, tmp_path: Path) -> None:
    """A block that begins with a brace is a whole file, any other some keys of one."""
    if block.text.lstrip().startswith("{"):
        load_text(tmp_path, block.text, {})
        return
    keys = read(Source(str(block), f"{{{block.text}}}")).value
    assert isinstance(keys, dict)
    load_part(tmp_path, keys)


def test_the_example_file_loads(tmp_path: Path) -> None:
    loaded = load_text(tmp_path, text_of(ROOT / "config.example.json"), {})
    assert loaded.notes == []


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 10


# Commands.


def commands(page: Path) -> Iterator[tuple[str, ...]]:
    """The calls of `gateway` on *page*, each as its words up to a shell's own signs."""
    inline = re.findall(r"`(gateway [^`]+)`", prose(page))
    shell = [line for block in blocks(page, "sh") for line in block.text.splitlines()]
    for line in inline + shell:
        if found := re.search(r"(?:^|.*[\s/'])gateway ((?:--)?[a-z].*)", line.split(" #")[0]):
            yield tuple(word for word in re.split(r"[\s>|&;]+", found[1]) if word)


CALLS = sorted({call for page in PAGES for call in commands(page)})


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_a_command_that_is_named_exists(call: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    command = [word for word in call[:1] if not word.startswith("-")]
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    assert ended.value.code == 0
    words = set(re.findall(r"[\w-]+", capsys.readouterr().out))
    assert {word for word in call if word.startswith("--")} <= words
    if command == ["dead"]:
        assert set(call[1:2]) <= words


def test_every_command_is_documented(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    known = set(re.findall(r"^    ([\w-]+)", capsys.readouterr().out, re.MULTILINE))
    documented = {call[0] for call in commands(ROOT / "docs" / "operations.md")}
    assert len(known) > 5
    assert known <= documented


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([\w-]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    for page in PAGES:
        shell = "\n".join(block.text for block in blocks(page, "sh"))
        named = re.findall(r"^(?:sudo )?make (?:-C \S+ )?([\w-]+)", shell, re.MULTILINE)
        assert {*named, *re.findall(r"`make ([\w-]+)`", prose(page))} <= targets, page.name


# Keys.


@dataclass(frozen=True)
class Row:
    """A key in a table: its default and an example, as they stand there; `kind`: whose channels have it."""

    kind: str
    key: str
    default: str
    example: str

    def __str__(self) -> str:
        return _label(self.kind, self.key)


def _label(kind: str, key: str) -> str:
    return f"{kind}: {key}" if kind else key


def parts_of(annotation: Any) -> list[type[BaseModel]]:
    found = [annotation, *get_args(annotation)]
    return [kind for kind in found if isinstance(kind, type) and issubclass(kind, BaseModel)]


def leaves(kind: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every key of *kind*, dots between the names of a path, with its default."""
    for name, field in kind.model_fields.items():
        if parts := parts_of(field.annotation):
            yield from leaves(parts[0], f"{prefix}{name}.")
        else:
            yield prefix + name, field.get_default(call_default_factory=True, validated_data={})


def known_keys() -> dict[str, Any]:
    """Every key that there is, with its default; `PydanticUndefined` where it is required or inherited."""
    model = dict(leaves(ModelOptions))
    keys = {"models.NAME.type": model.pop("type"), "models": {}, "channels": {}}
    keys |= dict(leaves(Settings)) | model
    # A named model's "model" is the talk's name for it.
    keys["model"] = ModelOptions.model_fields["model"].default
    keys["channels.NAME.type"] = PydanticUndefined
    for kind in adapters():
        options = dict(leaves(load_adapter(kind).options_type, "channels.NAME."))
        del options["channels.NAME.proxy"]
        keys |= {_label(kind, key): default for key, default in options.items()}
    keys["channels.NAME.proxy"] = PydanticUndefined
    return keys


def rows() -> Iterator[Row]:
    """The keys in all tables; those below the heading of an adapter are its own."""
    for section in re.split(r"^#+ ", text_of(CONFIGURATION), flags=re.MULTILINE):
        heading = section.partition("\n")[0].lower().replace(" ", "_")
        for found in _ROW.findall(section):
            yield Row(heading if heading in adapters() else "", *found)


ROWS = list(rows())
# Objects that have a row of their own, beside those of their keys.
_OBJECTS = {
    f"{kind}: channels.NAME.pacing" for kind in ("telegram", "dingtalk", "wechat_ilink", "wechat_web")
}


def test_the_documented_keys_are_those_that_exist() -> None:
    documented = {str(row) for row in ROWS}
    assert sorted(documented - known_keys().keys() - _OBJECTS) == []
    assert sorted(known_keys().keys() - documented) == []
    assert len(ROWS) == len(documented)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_default_is_as_documented(row: Row) -> None:
    default = known_keys().get(str(row), PydanticUndefined)
    if default is PydanticUndefined:
        assert not row.default.startswith("`") or "proxy" in row.default
    else:
        wanted = json.loads(json.dumps(default))
        assert json.loads(row.default.strip("`")) == wanted


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_example_of_a_key_loads(row: Row, tmp_path: Path) -> None:
    part: dict[str, Any] = {
        "models": {"cheap": {"type": "echo"}},
        "channels": json.loads(json.dumps(_CHANNELS)),
    }
    names = row.key.split(".")
    if "NAME" in names:
        names[1] = {"models": "cheap", "channels": row.kind or "telegram"}[names[0]]
    node = part
    for name in names[:-1]:
        node = node.setdefault(name, {})
    node[names[-1]] = json.loads(row.example)
    load_part(tmp_path, part)


# The house.


def test_the_levels_are_as_documented() -> None:
    rows = re.findall(r"^\| (\d+) \| (`[^|]+`) \|", text_of(ROOT / "docs" / "architecture.md"), re.MULTILINE)
    assert {int(level): set(re.findall(r"`(\w+)`", names)) for level, names in rows} == dict(
        enumerate(LEVELS)
    )


def test_every_table_is_documented() -> None:
    made = re.findall(r"CREATE TABLE (\w+)", text_of(ROOT / "gateway" / "store" / "migrations.py"))
    page = text_of(ROOT / "docs" / "architecture.md")
    assert [name for name in made if f"`{name}`" not in page] == []


# Links and pictures.


def slug(heading: str) -> str:
    """The anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def headings(page: Path) -> list[str]:
    return re.findall(r"^#+ .*$", prose(page), re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", prose(page))
    for link in (link for link in links if not re.match(r"\w+:", link)):
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        if anchor:
            assert anchor in {slug(heading.lstrip("#")) for heading in headings(target)}, link


def test_the_picture_is_well_formed() -> None:
    picture = ElementTree.parse(ROOT / "docs" / "overview.svg").getroot()  # our own file
    assert picture.tag.endswith("svg")


# The two languages.


def test_both_readmes_have_the_same_structure() -> None:
    english, chinese = ROOT / "README.md", ROOT / "README.zh-CN.md"
    levels = [[heading.split()[0] for heading in headings(page)] for page in (english, chinese)]
    assert levels[0] == levels[1]
    languages = [[block.language for block in blocks(page)] for page in (english, chinese)]
    assert languages[0] == languages[1]
    tables = [len(re.findall(r"^\|", text_of(page), re.MULTILINE)) for page in (english, chinese)]
    assert tables[0] == tables[1]


def test_both_readmes_show_the_same_commands_and_configurations() -> None:
    def without_comments(page: Path) -> list[str]:
        return [re.sub(r"#.*", "#", block.text) for block in blocks(page)]

    assert without_comments(ROOT / "README.md") == without_comments(ROOT / "README.zh-CN.md")


_PROMISED = re.findall(r"`([\w/]+\.py)(?:::(\w+))?`", text_of(ROOT / "docs" / "reliability.md"))


@pytest.mark.parametrize(("file", "test"), _PROMISED)
def test_the_test_behind_a_promise_exists(file: str, test: str) -> None:
    assert f"def {test}" in text_of(ROOT / "tests" / file)


def test_every_promise_has_a_test() -> None:
    promised = text_of(ROOT / "docs" / "reliability.md").partition("## Promised")[2].partition("\n## ")[0]
    rows = [line for line in promised.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 10
    assert [row for row in rows if "`" not in row.rpartition(" | ")[2]] == []
