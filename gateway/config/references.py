"""Values that stand elsewhere: ``env:NAME`` and ``file:PATH``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path as FilePath

from gateway.config.findings import Findings
from gateway.config.mistakes import Mistakes, Source
from gateway.config.reader import Json, Path, read
from gateway.text import clean


def parsed(text: str) -> Json:
    """*text* as JSON where it is some, else as it is."""
    try:
        document = read(Source("", text))
    except Mistakes:
        return text
    return text if document.mistakes else document.value


class References:
    """Replaces references by what they refer to; files are looked for in *folder*."""

    def __init__(self, findings: Findings, environ: Mapping[str, str], folder: FilePath) -> None:
        self._findings = findings
        self._environ = environ
        self._folder = folder

    def resolved(self, tree: dict[str, Json], path: Path = ()) -> dict[str, Json]:
        """*tree* with every reference in it replaced. One that leads nowhere is a mistake."""
        return {key: self._value(item, (*path, key)) for key, item in tree.items()}

    def _value(self, value: Json, path: Path) -> Json:
        if isinstance(value, dict):
            return self.resolved(value, path)
        if isinstance(value, list):
            return [self._value(item, (*path, number)) for number, item in enumerate(value)]
        if not isinstance(value, str):
            return value
        kind, colon, target = value.partition(":")
        if not colon or kind not in ("env", "file"):
            return value
        text = self._variable(target, path) if kind == "env" else self._file(target, path)
        if not isinstance(other := parsed(text), (str, dict, list)):
            self._findings.alternatives[path] = other
        return text

    def _variable(self, name: str, path: Path) -> str:
        text = self._environ.get(name, "")
        if not text:
            hint = f"set it: export {name}=…"
            self._findings.wrong(path, f"the environment variable {name} is not set", hint)
        if clean(text) != text:
            self._findings.wrong(path, f"the environment variable {name} is not UTF-8 text")
        return clean(text)

    def _file(self, name: str, path: Path) -> str:
        try:
            return (self._folder / name).read_text("utf-8-sig").rstrip("\r\n")
        except OSError as exc:
            self._findings.wrong(path, f'cannot read the file "{name}": {exc.strerror}')
        except ValueError:
            self._findings.wrong(path, f'the file "{name}" is not UTF-8 text')
        return ""
