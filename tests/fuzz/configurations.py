"""Configurations, ours and those of other bots, and the addresses that platforms name."""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from adapters.wechat_ilink.addresses import moved
from gateway.config import Mistakes, load, report
from gateway.config.importer import import_file
from gateway.errors import AdapterError, ConfigError, Rejected
from gateway.http import Places, Transport
from gateway.text import clean
from tests.config.test_importer import COWAGENT, WECHATBOT

from .target import Target, decoded

FOLDER = Path(tempfile.mkdtemp(prefix="fuzz-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)

CONFIG = {
    "api_key": "sk-0123456789",
    "base_url": "https://api.example.org/v1",
    "model": "m",
    "models": {"m": {"base_url": "http://127.0.0.1/v1", "max_tokens": 5, "timeouts": {"total": 60}}},
    "fallback": ["m"],
    "channels": {
        "telegram": {"token": "12:ab", "access": {"allow": ["*"], "admins": ["telegram:1"]}},
        "ding": {"type": "dingtalk", "client_id": "a", "client_secret": "0123456789ab", "pacing": None},
        "weixin": {"type": "wechat_ilink"},
        "wechat": {"type": "wechat_web", "auto_pass": True, "greeting": "hello"},
        "gzh": {"type": "wechat_official", "app_id": "wx", "app_secret": "0123456789ab", "token": "token"},
        "web": {"type": "webchat"},
    },
    "group": {"triggers": ["bot"], "context": "member", "reply": "quote"},
    "access": {"allow": ["*"], "deny": [], "admins": [], "groups": ["*"]},
    "web": {"host": "127.0.0.1", "port": 8080},
    "session_timeout": 3600,
    "operator": ["telegram:1"],
    "timezone": "Europe/Berlin",
    "log": {"level": "info", "format": "auto"},
}
_EXAMPLE = Path(__file__).parents[2] / "config.example.json"
_TEXTS = (
    json.dumps(CONFIG, indent=1),
    '{\n  // comment\n  "api_key": "env:KEY", /* more */\n  "channels": {"web": {"type": "webchat"},},\n}',
    _EXAMPLE.read_text("utf-8"),
)
_YAML = (
    "api_key: sk-1\nbase_url: ''\nmodel: gpt-4o\nsession_timeout: 600\nmax_question_len: 2048\nport: 8090\n"
    "credentials:\n  - client_id: a\n    client_secret: 0123456789ab\n"
)
_VARIABLES = {"KEY": "value", "OPENAI_API_KEY": "sk-0123456789", "TELEGRAM_TOKEN": "12:ab"}
_ADDRESSES = (
    "https://sz.weixin.qq.com:443/x?a=b#c",
    "http://user:pass@[::1]:80/",
    "wx.co.uk",
    "http://x.aliyuncs.com/f",
)
_PLACES = Places(("https://ilinkai.weixin.qq.com",), ("aliyuncs.com",))
_TRANSPORT = Transport(None, _PLACES)


def _config(data: bytes) -> None:
    file = FOLDER / "config.json"
    file.write_bytes(data)
    try:
        loaded = load(file, _VARIABLES)
    except Mistakes as exc:
        str(exc).encode()
        raise
    report(loaded).encode()
    loaded.config.secrets()
    loaded.config.operators()


def _imported(data: bytes, name: str) -> None:
    file = FOLDER / name
    file.write_bytes(data)
    found = import_file(file)
    "".join(f"{key}{why}" for key, why in (*found.left_out, *found.changed))
    text = json.dumps(found.config, ensure_ascii=False)
    _config(text.encode("utf-8", "surrogatepass"))


def _foreign(data: bytes) -> None:
    _imported(data, "foreign.json")


def _foreign_yaml(data: bytes) -> None:
    _imported(data, "foreign.yml")


def _address(data: bytes) -> None:
    """Where a platform wants us to go."""
    text = clean(decoded(data))  # as it is read from an answer
    _PLACES.permit(_PLACES.secured(text))
    for root in ("https://ilinkai.weixin.qq.com", "http://127.0.0.1:80"):
        with suppress(Rejected):
            moved(root, text).encode()
    _TRANSPORT.session_for(text)


_SIGNS = (*'{}[],:"-\t，“', "//", "/*", "*/", "\\", "\\u", "True", "1e999", "env:", "file:")
_VALUES = (*_SIGNS, "telegram", "echo", "*", "telegram:1")
_IN_YAML = ("&a", "*a", "!!", "- ", ": ", "|", "client_id: ")
_IN_ADDRESSES = ("//", "@", ":", "[", "]", "\\", "%", ".", "https://")
_KNOWN = (ConfigError,)
TARGETS = (
    Target("config texts", _config, texts=_TEXTS, allowed=_KNOWN, words=_SIGNS),
    Target("config values", _config, [CONFIG], allowed=_KNOWN, words=_VALUES),
    Target("config of wechatbot", _foreign, [json.loads(WECHATBOT)], allowed=_KNOWN),
    Target("config of chatgpt-on-wechat", _foreign, [json.loads(COWAGENT)], allowed=_KNOWN),
    Target(
        "config of chatgpt-dingtalk",
        _foreign_yaml,
        texts=(_YAML,),
        allowed=_KNOWN,
        words=_IN_YAML,
    ),
    Target("addresses", _address, texts=_ADDRESSES, allowed=(AdapterError,), words=_IN_ADDRESSES),
)
