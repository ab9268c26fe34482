"""The models of a configuration: the flat keys are the one called "default", the others have names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import SecretStr

from gateway.backend.base import ModelOptions, Price
from gateway.backend.retired import answers_chats, retired
from gateway.config.addresses import check_server, effective_proxy, is_local, split, without_login
from gateway.config.findings import Findings
from gateway.config.mistakes import did_you_mean
from gateway.config.placeholders import is_placeholder
from gateway.config.reader import Json, Path
from gateway.config.settings import MODEL_KEYS
from gateway.config.validation import describe, validate

DEFAULT: Final = "default"

_OPENAI = "api.openai.com"
_AUTHORIZATION = {"authorization", "api-key", "x-api-key"}


class Models:
    """Every model by name; where each one stands in the file is kept for what there is to say about it."""

    def __init__(self, tree: Mapping[str, Json], environ: Mapping[str, str], findings: Findings) -> None:
        self._tree = tree
        self._environ = environ
        self._findings = findings
        self.by_name: dict[str, ModelOptions] = {}
        self._places: dict[str, Path] = {}
        self._flat = self._read({key: tree[key] for key in tree if key in MODEL_KEYS}, ()) or ModelOptions()
        for name, entry in objects(tree, "models", findings).items():
            self._add(name, entry)
        self._add_default()

    def want(self, name: str, path: Path) -> None:
        """Take note that *path* asks for the model *name*, and record what keeps it from being asked.

        What is no name in "models" is the id of a model on the default server.
        """
        if name not in self.by_name:
            if hint := did_you_mean(name, self.by_name):
                self._findings.note(
                    f'"{name}" is no name in "models", so it is asked of the default server; {hint}'
                )
            self.by_name[name] = self.by_name[DEFAULT].model_copy(update={"model": name, "price": Price()})
            self._places[name] = path
        self.check(name)

    def check_named(self) -> None:
        """Check every model of "models", whether or not it is in use."""
        for name in [name for name, place in self._places.items() if place == ("models", name)]:
            self.check(name)

    def check(self, name: str) -> None:
        """Record what keeps the model called *name* from being asked."""
        options = self.by_name[name]
        place = self._places[name]
        if options.type == "echo":
            return
        # A model asked for by its id has the default's server and key.
        at = () if place[:1] == ("channels",) else place
        check_server(options.base_url, (*at, "base_url"), self._findings)
        self._check_key(name, options, at)
        self._replace_retired(name, options)

    def _read(self, entry: dict[str, Json], path: Path) -> ModelOptions | None:
        data = dict(entry)
        if "proxy" in data:
            data["proxy"] = self._proxy(data["proxy"], str(data.get("base_url", f"https://{_OPENAI}")), path)
        return validate(ModelOptions, data, path, self._findings)

    def _proxy(self, value: Json, url: str, path: Path) -> Json:
        return effective_proxy(value, url, (*path, "proxy"), self._environ, self._findings)

    def _add(self, name: str, entry: dict[str, Json]) -> None:
        path: Path = ("models", name)
        if name in ("", DEFAULT):
            text = f'a model cannot be called "{name}"'
            self._findings.wrong(path, text, f'the flat keys are the one called "{DEFAULT}"', key=True)
            return
        options = self._read(entry, path) or ModelOptions()
        self.by_name[name] = options.model_copy(update=self._inherited(name, entry, options.base_url))
        self._places[name] = path

    def _inherited(self, name: str, entry: Mapping[str, Json], url: str) -> dict[str, object]:
        """What a named model has of the flat keys: the timeouts and the proxy, where it has none itself."""
        found: dict[str, object] = {} if "timeouts" in entry else {"timeouts": self._flat.timeouts}
        proxy = None if "proxy" in entry else self._proxy(self._tree.get("proxy"), url, ())
        if isinstance(proxy, str):
            found["proxy"] = SecretStr(proxy)
            if is_local(url):
                text = f'model "{name}" at {without_login(url)} is asked through the proxy'
                self._findings.note(f'{text}; add "proxy": null to it if it should not be')
        return found

    def _add_default(self) -> None:
        """Make "default" what the flat keys say; a flat `model` may also be one of the names."""
        name = self._flat.model
        if name not in self.by_name:
            self.by_name[DEFAULT] = self._flat
            self._places[DEFAULT] = ()
            return
        self.by_name[DEFAULT] = self.by_name[name]
        self._places[DEFAULT] = self._places[name]
        unused = sorted(self._flat.model_fields_set - {"model", "proxy", "timeouts"})
        if unused:
            keys = ", ".join(unused)
            self._findings.note(
                f'"model" is the one called "{name}" in "models", so {keys} beside it has no effect'
            )

    def _check_key(self, name: str, options: ModelOptions, path: Path) -> None:
        key = options.api_key.get_secret_value() if options.api_key else ""
        local = is_local(options.base_url)
        server = split(options.base_url)
        place = (*path, "api_key")
        if key and not local and is_placeholder(key):
            self._findings.wrong(
                place, f'"api_key" is still a placeholder: "{key}"', 'for example "env:OPENAI_API_KEY"'
            )
        declined = "api_key" in options.model_fields_set and options.api_key is None
        keyless = path != () and declined and server is not None and server.hostname != _OPENAI
        if key or local or keyless or _AUTHORIZATION & {header.lower() for header in options.extra_headers}:
            return
        host = server.hostname if server else options.base_url
        text = f'the model "{name}" has no "api_key", and {host} wants one'
        self._findings.wrong(place, text, 'add "api_key": "env:OPENAI_API_KEY" and set that variable')

    def _replace_retired(self, name: str, options: ModelOptions) -> None:
        server = split(options.base_url)
        instead = retired(options.model)
        # Another server may well serve something of its own under an old name, if it can be talked to.
        elsewhere = server is None or server.hostname != _OPENAI
        if instead and not (elsewhere and answers_chats(options.model)):
            self._findings.note(f"OpenAI has retired {options.model}: {instead} answers in its place")
            self.by_name[name] = options.model_copy(update={"model": instead})


def objects(tree: Mapping[str, Json], key: str, findings: Findings) -> dict[str, dict[str, Json]]:
    """The objects by name that stand in *tree* under *key*; anything else there is a mistake."""
    found = tree.get(key, {})
    if not isinstance(found, dict):
        findings.wrong((key,), f'"{key}" must be an object in {{ }}, not {describe(found)}')
        return {}
    for name, entry in found.items():
        if not isinstance(entry, dict):
            findings.wrong((key, name), f'"{name}" must be an object in {{ }}, not {describe(entry)}')
    return {name: entry for name, entry in found.items() if isinstance(entry, dict)}
