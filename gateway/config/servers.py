"""The servers of models: what ``gateway init`` asks of each, and the keys that come of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from gateway.config.addresses import is_local, split
from gateway.config.dialogue import Dialogue, Words
from gateway.config.loading import OLLAMA
from gateway.config.platforms import Wanted
from gateway.config.reader import Json

_WHICH: Words = ("Which model answers?", "由哪个模型回答？")
_MODEL: Words = ("Model", "模型")
_NO_MODEL: Words = ("Please name a model.", "请输入模型名称。")
_BASE_URL: Words = (
    "Its address, for example https://llm.example.org/v1",
    "服务地址，例如 https://llm.example.org/v1",
)
_NO_ADDRESS: Words = (
    "An address begins with http:// or https:// and ends before /chat/completions, mostly with /v1.",
    "地址以 http:// 或 https:// 开头，到 /chat/completions 之前为止，通常以 /v1 结尾。",
)
_KEY_FORM = r"\S{4,}"
_NO_KEY: Words = ("This is no key.", "这不是有效的 key。")


@dataclass(frozen=True, slots=True)
class _Vendor:
    """A server that is known: the page where its `keys` are, the environment `variable` that may hold one."""

    name: str
    base_url: str
    model: str
    keys: str
    variable: str

    def ask(self, dialogue: Dialogue, environ: Mapping[str, str]) -> dict[str, Json]:
        """What to write."""
        words = (f"API key, from {self.keys}", f"API key（见 {self.keys}）")
        key = Wanted(words, _KEY_FORM, _NO_KEY, self.variable).ask(dialogue, environ)
        return {"base_url": self.base_url, "api_key": key, "model": _model(dialogue, self.model)}


_VENDORS = (
    _Vendor(
        "OpenAI",
        "https://api.openai.com/v1",
        "gpt-5.4-mini",
        "https://platform.openai.com/api-keys",
        "OPENAI_API_KEY",
    ),
    _Vendor(
        "DeepSeek",
        "https://api.deepseek.com/v1",
        "deepseek-chat",
        "https://platform.deepseek.com/api_keys",
        "DEEPSEEK_API_KEY",
    ),
)
_OTHER: Words = ("another server that speaks OpenAI's protocol", "其他兼容 OpenAI 接口的服务")
_OLLAMA: Words = ("Ollama on this machine: {found}", "本机的 Ollama：{found}")
_NOT_THERE: Words = ("none answers at the moment", "目前没有响应")
_ECHO: Words = ("none yet: an echo says back what is said", "暂不使用模型：回声，原样返回消息")


def ask_model(dialogue: Dialogue, environ: Mapping[str, str], ollama: Sequence[str]) -> dict[str, Json]:
    """The keys that describe the model; *ollama* are those that an Ollama on this machine has."""
    found = ", ".join(ollama) or dialogue.text(_NOT_THERE)
    ways: list[tuple[str, Callable[[], dict[str, Json]]]] = [
        *((vendor.name, partial(vendor.ask, dialogue, environ)) for vendor in _VENDORS),
        (dialogue.text(_OTHER), partial(_other, dialogue, environ)),
        (dialogue.text(_OLLAMA, found=found), partial(_ollama, dialogue, ollama)),
        (dialogue.text(_ECHO), _echo),
    ]
    chosen = dialogue.choose(_WHICH, [label for label, _ in ways], _likely(environ, ollama))
    return ways[chosen][1]()


def _likely(environ: Mapping[str, str], ollama: Sequence[str]) -> int:
    """The row that somebody will choose: what there is a key for, what runs here, the first."""
    keys = [at for at, vendor in enumerate(_VENDORS) if environ.get(vendor.variable)]
    return keys[0] if keys else len(_VENDORS) + 1 if ollama else 0


def _other(dialogue: Dialogue, environ: Mapping[str, str]) -> dict[str, Json]:
    url = dialogue.ask(_BASE_URL, _NO_ADDRESS, _is_address)
    words = ("API key (empty: none)", "API key（留空则不使用）") if is_local(url) else ("API key", "API key")
    key = Wanted(words, _KEY_FORM, _NO_KEY, optional=is_local(url)).ask(dialogue, environ)
    keys: dict[str, Json] = {"api_key": key} if key else {}
    return {"base_url": url, **keys, "model": _model(dialogue)}


def _ollama(dialogue: Dialogue, found: Sequence[str]) -> dict[str, Json]:
    return {"base_url": OLLAMA, "model": _model(dialogue, found[0] if found else "qwen3")}


def _echo() -> dict[str, Json]:
    return {"models": {"echo": {"type": "echo"}}, "model": "echo"}


def _model(dialogue: Dialogue, default: str | None = None) -> str:
    return dialogue.ask(_MODEL, _NO_MODEL, bool, default=default)


def _is_address(answer: str) -> bool:
    parts = split(answer)
    known = parts is not None and parts.scheme in ("http", "https")
    return known and not answer.rstrip("/").endswith("/completions")
