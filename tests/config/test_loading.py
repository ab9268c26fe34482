from __future__ import annotations

import json
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from gateway.access import Rules
from gateway.config import Loaded, Mistakes, embedded, load, report
from gateway.config.addresses import reachable
from gateway.message import Chat

EXAMPLE = Path(__file__).parents[2] / "config.example.json"
TOKEN = "12345:abcdef"
CHANNELS = {"telegram": {"token": TOKEN}}
DINGTALK = {"type": "dingtalk", "client_id": "ding0123", "client_secret": "secret"}
WECHATBOT = {
    "api_key": "sk-0123456789",
    "auto_pass": True,
    "session_timeout": 60,
    "max_tokens": 1024,
    "model": "text-davinci-003",
    "temperature": 1,
    "reply_prefix": "来自机器人回复：",
    "session_clear_token": "清空会话",
}


def loaded(tmp_path: Path, data: dict[str, Any], **environ: str) -> Loaded:
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"api_key": "sk-0123456789", "channels": CHANNELS} | data), "utf-8")
    return load(file, environ)


def secret(value: SecretStr | None) -> str | None:
    return value.get_secret_value() if value else None


def test_the_example_is_valid() -> None:
    found = load(EXAMPLE, {"OPENAI_API_KEY": "sk-0123456789", "TELEGRAM_TOKEN": TOKEN})
    assert list(found.config.channels) == ["telegram"]
    assert found.notes == []


def test_the_example_says_which_variables_it_needs() -> None:
    with pytest.raises(Mistakes) as caught:
        load(EXAMPLE, {})
    assert [mistake.text.split()[-4] for mistake in caught.value.mistakes] == [
        "OPENAI_API_KEY",
        "TELEGRAM_TOKEN",
    ]


def test_defaults_are_wechatbots(tmp_path: Path) -> None:
    config = loaded(tmp_path, {}).config
    talk = config.conversation("telegram")
    model = config.models["default"]
    assert (talk.session_timeout, talk.session_clear_token, talk.reply_prefix) == (60, "下一个问题", "")
    assert (model.model, model.max_tokens, model.temperature) == ("gpt-5.4-mini", 512, 0.9)
    assert talk.rules == Rules()
    assert config.settings.web is None
    assert config.settings.shutdown_grace == 20
    assert config.data_dir == tmp_path / "data"


def test_wechatbots_file_works_as_it_is_with_a_channel_beside_it(tmp_path: Path) -> None:
    found = loaded(tmp_path, WECHATBOT)
    talk = found.config.conversation("telegram")
    model = found.config.models["default"]
    assert (talk.session_timeout, talk.session_clear_token) == (60, "清空会话")
    assert talk.reply_prefix == "来自机器人回复："
    assert (secret(model.api_key), model.max_tokens, model.temperature) == ("sk-0123456789", 1024, 1)
    assert model.model == "gpt-5.4-mini"
    assert found.notes == [
        "OpenAI has retired text-davinci-003: gpt-5.4-mini answers in its place",
        '"auto_pass" has no effect: on no channel here can people ask to be friends',
    ]


def test_wechatbots_file_alone_has_no_channel_and_a_placeholder(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps(WECHATBOT | {"api_key": "your api key"}), "utf-8")
    with pytest.raises(Mistakes) as caught:
        load(file, {})
    assert [mistake.text.split(":")[0] for mistake in caught.value.mistakes] == [
        "no channels",
        '"api_key" is still a placeholder',
    ]


def test_another_server_may_serve_a_retired_name(tmp_path: Path) -> None:
    found = loaded(tmp_path, {"model": "gpt-4-32k", "base_url": "https://llm.example.org/v1"})
    assert found.config.models["default"].model == "gpt-4-32k"
    assert found.notes == []


def test_no_server_can_talk_through_a_model_of_before_chats(tmp_path: Path) -> None:
    found = loaded(tmp_path, {"model": "text-davinci-003", "base_url": "https://llm.example.org/v1"})
    assert found.config.models["default"].model == "gpt-5.4-mini"
    assert "text-davinci-003" in found.notes[0]


@pytest.mark.parametrize(
    ("text", "seconds"), [("60", 60), ("60s", 60), ("1m30s", 90), ("1.5h", 5400), ("500ms", 0.5), ("0", 0)]
)
def test_wechatbots_session_timeout_variable_is_a_duration_or_seconds(
    tmp_path: Path, text: str, seconds: float
) -> None:
    found = loaded(tmp_path, {}, SESSION_TIMEOUT=text)
    assert found.config.conversation("telegram").session_timeout == seconds


@pytest.mark.parametrize("text", ["soon", "-5", "1x", "5 s"])
def test_a_session_timeout_that_is_neither_is_a_mistake(tmp_path: Path, text: str) -> None:
    with pytest.raises(Mistakes, match='environment variable SESSION_TIMEOUT: "session_timeout" must be'):
        loaded(tmp_path, {}, SESSION_TIMEOUT=text)


def test_wechatbots_variables_set_its_keys(tmp_path: Path) -> None:
    environ = {
        "APIKEY": "sk-other",
        "AUTO_PASS": "True",
        "MODEL": "gpt-5.4",
        "MAX_TOKENS": "77",
        "TEMPREATURE": "0.5",
        "REPLY_PREFIX": "5",
        "SESSION_CLEAR_TOKEN": "null",
    }
    found = loaded(tmp_path, {}, **environ)
    model = found.config.models["default"]
    talk = found.config.conversation("telegram")
    assert (secret(model.api_key), model.model, model.max_tokens, model.temperature) == (
        "sk-other",
        "gpt-5.4",
        77,
        0.5,
    )
    assert (talk.reply_prefix, talk.session_clear_token) == ("5", "null")
    assert not found.config.settings.auto_pass, 'only "true" counts'
    assert found.overrides["TEMPREATURE"] == "temperature"
    assert found.overrides.keys() == environ.keys()


def test_a_variable_sets_any_key_and_comes_before_wechatbots(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        {"channels": {"Support-Bot": {"type": "telegram", "token": TOKEN}}},
        GATEWAY_MODEL="4",
        MODEL="five",
        GATEWAY_CHANNELS__SUPPORT_BOT__TOKEN="9:other",
        GATEWAY_CHANNELS__SUPPORT_BOT__PACING="null",
        GATEWAY_CHANNELS__MORE="{}",
        GATEWAY_CHANNELS__MORE__TYPE="console",
        GATEWAY_ACCESS__ADMINS='["more:1"]',
        GATEWAY_WEB__PASSWORD="12345678",
        GATEWAY_STREAM="false",
    )
    config = found.config
    assert config.models["default"].model == "4"
    options = config.channels["Support-Bot"].options.model_dump()
    assert (options["token"].get_secret_value(), options["pacing"]) == ("9:other", None)
    assert config.channels["more"].type == "console"
    assert config.conversation("more").rules.admins == {"more:1"}
    assert not config.conversation("more").stream
    assert config.settings.web is not None
    assert secret(config.settings.web.password) == "12345678"


def test_an_empty_variable_says_nothing(tmp_path: Path) -> None:
    found = loaded(tmp_path, {"reply_prefix": "x"}, APIKEY="", GATEWAY_REPLY_PREFIX="", GATEWAY_MODEL="")
    assert found.overrides == {}
    assert found.config.conversation("telegram").reply_prefix == "x"
    assert (
        loaded(tmp_path, {"reply_prefix": "x"}, GATEWAY_REPLY_PREFIX='""')
        .config.conversation("telegram")
        .reply_prefix
        == ""
    )


def test_a_variable_that_sets_nothing_is_named_and_no_mistake(tmp_path: Path) -> None:
    found = loaded(tmp_path, {}, GATEWAY_SERVICE_HOST="10.0.0.1", GATEWAY_MODLE="x")
    assert found.notes == [
        'GATEWAY_MODLE sets nothing: there is no such key; did you mean "model"?',
        "GATEWAY_SERVICE_HOST sets nothing: there is no such key",
    ]


@pytest.mark.parametrize(
    "variable", ["GATEWAY_API_KEY__X", "GATEWAY_WEB__PROT", "GATEWAY_LOG", "GATEWAY_WEB__"]
)
def test_a_variable_that_cannot_be_used_is_a_mistake(tmp_path: Path, variable: str) -> None:
    with pytest.raises(Mistakes, match=f"environment variable {variable}: "):
        loaded(tmp_path, {}, **{variable: "5"})


def test_a_variable_that_is_not_utf_8_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(Mistakes, match="environment variable APIKEY: this is not UTF-8 text"):
        loaded(tmp_path, {}, APIKEY="\udcff")
    with pytest.raises(Mistakes, match="NAME is not UTF-8 text"):
        loaded(tmp_path, {"system_prompt": "env:NAME"}, NAME="\udcff")


def test_everything_may_stand_in_the_environment() -> None:
    environ = {"APIKEY": "sk-0123456789", "GATEWAY_CHANNELS__TELEGRAM__TOKEN": TOKEN}
    assert list(load(None, environ).config.channels) == ["telegram"]
    with pytest.raises(Mistakes, match="the environment: no channels"):
        load(None, {"APIKEY": "sk-0123456789"})


def test_values_come_from_variables_and_files_anywhere(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk-from-a-file\r\n")
    (tmp_path / "prompt.txt").write_text("\ufeffBe kind.\nBe brief.\n", "utf-8")
    found = loaded(
        tmp_path,
        {
            "api_key": "file:key",
            "system_prompt": "file:prompt.txt",
            "max_tokens": "env:MOST",
            "operator": ["env:ME"],
        },
        MOST="77",
        ME="telegram:1",
    )
    model = found.config.models["default"]
    assert (secret(model.api_key), model.max_tokens) == ("sk-from-a-file", 77)
    assert found.config.conversation("telegram").system_prompt == "Be kind.\nBe brief."
    assert found.config.settings.operator == ("telegram:1",)


def test_a_named_model_inherits_only_proxy_and_timeouts(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        {
            "max_tokens": 9,
            "extra_headers": {"X-Title": "t"},
            "proxy": "http://127.0.0.1:3128",
            "timeouts": {"total": 5},
            "models": {
                "far": {"base_url": "https://a.example.org/v1", "api_key": "k-far", "model": "x"},
                "near": {"base_url": "http://127.0.0.1:1/v1", "api_key": None, "proxy": None, "timeouts": {}},
                "close": {"base_url": "http://ollama:11434/v1"},
            },
        },
    )
    models = found.config.models
    assert models.keys() == {"default", "far", "near", "close"}
    assert (models["far"].max_tokens, models["far"].extra_headers) == (512, {})
    assert (secret(models["far"].proxy), models["far"].timeouts.total) == ("http://127.0.0.1:3128", 5)
    assert (models["near"].proxy, models["near"].timeouts.total) == (None, 600)
    assert [note.split(" is asked")[0] for note in found.notes] == ['model "close" at http://ollama:11434/v1']


def test_a_channel_chooses_a_model_by_name_or_by_id(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        {
            "base_url": "https://llm.example.org/v1",
            "models": {"cheap": {"base_url": "http://127.0.0.1:1/v1", "model": "qwen3"}},
            "channels": {
                "a": {"type": "console", "model": "cheap"},
                "b": {"type": "console", "model": "big-one"},
                "c": {"type": "console", "model": "chep"},
            },
        },
    )
    config = found.config
    models = config.models
    assert models[config.conversation("a").model].model == "qwen3"
    derived = models[config.conversation("b").model]
    assert (derived.model, derived.base_url, secret(derived.api_key)) == (
        "big-one",
        "https://llm.example.org/v1",
        "sk-0123456789",
    )
    assert [note for note in found.notes if "chep" in note and 'did you mean "cheap"?' in note]


def test_the_flat_model_may_be_one_of_the_names(tmp_path: Path) -> None:
    found = loaded(tmp_path, {"model": "echo", "models": {"echo": {"type": "echo"}}, "max_tokens": 5})
    assert found.config.models["default"].type == "echo"
    assert found.notes == [
        '"model" is the one called "echo" in "models", so api_key, max_tokens beside it has no effect'
    ]


@pytest.mark.parametrize(
    "model",
    [
        {"base_url": "http://127.0.0.1:1/v1"},
        {"base_url": "http://localhost:1/v1"},
        {"base_url": "http://192.168.1.5/v1"},
        {"base_url": "http://ollama:11434/v1"},
        {"base_url": "http://host.docker.internal:11434/v1"},
        {"base_url": "https://vpn.example.org/v1", "api_key": None},
        {"base_url": "https://x.openai.azure.com/openai", "extra_headers": {"api-key": "k"}},
        {"type": "echo"},
    ],
)
def test_a_model_that_wants_no_key_has_none(tmp_path: Path, model: dict[str, Any]) -> None:
    assert loaded(tmp_path, {"models": {"m": model}, "fallback": ["m"]}).config.models["m"].api_key is None


def test_a_model_that_nobody_asks_needs_no_key(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text('{"models": {"e": {"type": "echo"}}, "channels": {"console": {"model": "e"}}}')
    assert load(file, {}).config.models["default"].api_key is None


def test_what_stands_in_a_channel_holds_there_key_by_key(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        {
            "system_prompt": "general",
            "access": {"admins": ["a:1"], "deny": ["a:2"]},
            "group": {"triggers": ["bot"]},
            "channels": {
                "a": {
                    "type": "console",
                    "system_prompt": "special",
                    "session_timeout": 0,
                    "access": {"deny": []},
                    "group": {"context": "member"},
                },
                "b": {"type": "console"},
            },
        },
    ).config
    a, b = config.conversation("a"), config.conversation("b")
    assert (a.system_prompt, a.session_timeout, b.system_prompt, b.session_timeout) == (
        "special",
        0,
        "general",
        60,
    )
    assert (a.rules.admins, a.rules.deny, b.rules.deny) == (
        frozenset({"a:1"}),
        frozenset(),
        frozenset({"a:2"}),
    )
    assert (a.group_context, a.rules.triggers, b.group_context) == ("member", ("bot",), "chat")


def test_a_channel_has_its_own_proxy_or_the_general_one(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        {
            "proxy": "socks5://u:p@10.0.0.1:1080",
            "channels": {
                "a": {"type": "telegram", "token": "1:a"},
                "b": {"type": "telegram", "token": "2:b", "proxy": None},
                "c": {"type": "telegram", "token": "3:c", "proxy": "http://10.0.0.2:3128"},
            },
        },
    ).config
    proxies = [secret(channel.options.proxy) for channel in config.channels.values()]
    assert proxies == ["socks5://u:p@10.0.0.1:1080", None, "http://10.0.0.2:3128"]
    assert secret(config.models["default"].proxy) == "socks5://u:p@10.0.0.1:1080"


def test_no_proxy_is_taken_from_the_environment_unless_asked(tmp_path: Path) -> None:
    environ = {"HTTPS_PROXY": "http://10.0.0.1:3128", "no_proxy": "telegram.org, 10.0.0.9"}
    assert loaded(tmp_path, {}, **environ).config.models["default"].proxy is None
    config = loaded(tmp_path, {"proxy": "env"}, **environ).config
    assert secret(config.models["default"].proxy) == "http://10.0.0.1:3128"
    assert config.channels["telegram"].options.proxy is None
    with pytest.raises(Mistakes, match=r'"proxy" \(from all_proxy\) must be an address'):
        loaded(tmp_path, {"proxy": "env"}, all_proxy="socks://127.0.0.1:7890")


def test_two_accounts_may_have_one_token_on_different_servers(tmp_path: Path) -> None:
    channels = {
        "a": {"type": "telegram", "token": TOKEN},
        "b": {"type": "telegram", "token": TOKEN, "api_root": "http://127.0.0.1:1"},
    }
    assert len(loaded(tmp_path, {"channels": channels}).config.channels) == 2


def test_an_operator_is_a_chat(tmp_path: Path) -> None:
    channels = {"telegram": {"token": TOKEN}, "ding": DINGTALK, "console": {}}
    operators = ["telegram:1", "telegram:-1001", "ding:manager42", "ding:cidAAA==", "telegram:1"]
    found = loaded(tmp_path, {"operator": operators, "channels": channels})
    assert found.config.operators() == [
        Chat("telegram", "1"),
        Chat("telegram", "-1001", "group"),
        Chat("ding", "manager42"),
        Chat("ding", "cidAAA==", "group"),
    ]
    assert found.notes == []
    assert "  operator  telegram:1, telegram:-1001," in report(found)
    left = replace(found.config, channels={"console": found.config.channels["console"]})
    assert left.operators() == []


def test_auto_pass_holds_for_the_channels_that_know_it(tmp_path: Path) -> None:
    channels = {
        "telegram": {"token": TOKEN},
        "wechat": {"type": "wechat_web"},
        "shy": {"type": "wechat_web", "auto_pass": False},
    }
    found = loaded(tmp_path, {"auto_pass": True, "channels": channels})
    passes = {
        name: getattr(channel.options, "auto_pass", None) for name, channel in found.config.channels.items()
    }
    assert passes == {"telegram": None, "wechat": True, "shy": False}
    assert found.notes == []
    with pytest.raises(Mistakes, match='"auto_pass" must be true or false') as caught:
        loaded(tmp_path, {"auto_pass": "yes", "channels": channels})
    assert len(caught.value.mistakes) == 1


def test_no_secret_is_shown_and_all_of_them_are_known(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        {
            "api_key": "secret-key",
            "base_url": "https://user:secret-login@llm.example.org/v1",
            "proxy": "http://u:secret%2Dpw@10.0.0.1:3128",
            "extra_headers": {"Authorization": "Bearer secret-header", "X-Title": "open"},
            "web": {"password": "secret-word"},
            "models": {"m": {"base_url": "http://u:secret-too@x/v1", "api_key": "secret-named"}},
            "channels": {"telegram": {"token": "1:secret-token", "webhook_secret": "secret-hook"}},
        },
        GATEWAY_SYSTEM_PROMPT="open",
    )
    secrets = found.config.secrets()
    assert {text.removeprefix("1:").removeprefix("Bearer ") for text in secrets} == {
        *("secret-key", "secret-login", "secret-too", "secret-pw", "secret%2Dpw", "secret-header"),
        *("secret-word", "secret-named", "secret-token", "secret-hook"),
    }
    assert "secret-" not in report(found)
    for part in (found.config.settings, found.config.channels["telegram"].options):
        assert "secret-" not in repr(part)


def test_the_report_tells_what_is_configured(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        {
            "models": {"cheap": {"base_url": "http://127.0.0.1:1/v1", "model": "qwen3"}},
            "fallback": ["cheap"],
            "web": {"port": 9000},
            "access": {"allow": ["telegram:1"], "groups": [], "admins": ["telegram:1"]},
            "operator": ["telegram:1"],
        },
        GATEWAY_LANGUAGE="zh",
    )
    assert report(found).split("\n") == [
        "models",
        "  default  gpt-5.4-mini at https://api.openai.com/v1, with a key",
        "  cheap    qwen3 at http://127.0.0.1:1/v1, without a key",
        "channels",
        "  telegram  telegram, model default, people: 1 listed, groups: none, admins: 1",
        "gateway",
        f"  data      {tmp_path / 'data'}",
        "  language  zh",
        "  web       http://127.0.0.1:9000",
        "  log       info, auto",
        "  operator  telegram:1",
        "  fallback  cheap",
        "environment",
        "  GATEWAY_LANGUAGE  sets language",
        "notes",
        '  nobody is told of trouble of "telegram": "operator" names no other channel',
    ]


@pytest.mark.parametrize(
    ("host", "machine", "named"),
    [
        ("127.0.0.1", "server", "127.0.0.1"),
        ("::1", "server", "[::1]"),
        ("bot.example.org", "server", "bot.example.org"),
        ("0.0.0.0", "server", "server"),
        ("::", "server.example.org", "server.example.org"),
        ("0:0::0", "server", "server"),
        ("0.0.0.0", "Ann's computer", "localhost"),
        ("::", "", "localhost"),
    ],
)
def test_a_web_server_is_named_as_a_browser_finds_it(host: str, machine: str, named: str) -> None:
    """Nobody can open http://0.0.0.0:8080, which the log and the operators were told."""
    assert reachable(host, machine) == named


def test_the_report_names_the_machine_of_a_server_on_all_addresses(tmp_path: Path) -> None:
    found = loaded(tmp_path, {"web": {"host": "0.0.0.0", "password": "long enough"}})
    address = f"http://{reachable('0.0.0.0', socket.gethostname())}:8080"
    assert f"  web       {address}, on every address of this machine" in report(found).split("\n")


def test_without_a_configuration_the_model_at_hand_answers_on_the_page() -> None:
    key = embedded({"OPENAI_API_KEY": "sk-0123456789", "OPENAI_MODEL": "gpt-5.4"}, ["qwen3"])
    assert (key.models["default"].model, secret(key.models["default"].api_key)) == (
        "gpt-5.4",
        "sk-0123456789",
    )
    local = embedded({}, ["qwen3", "other"]).models["default"]
    assert (local.model, local.base_url) == ("qwen3", "http://127.0.0.1:11434/v1")
    echo = embedded({})
    assert echo.models["default"].type == "echo"
    assert list(echo.channels) == ["web"]
    assert echo.channels["web"].type == "webchat"
    assert echo.settings.web is not None
    assert (echo.settings.web.host, echo.settings.web.port) == ("127.0.0.1", 8080)
    assert echo.data_dir == Path.cwd() / "data"
    assert secret(embedded({"APIKEY": "sk-other"}, ["qwen3"]).models["default"].api_key) == "sk-other"


def test_without_a_configuration_a_wrong_variable_is_named() -> None:
    with pytest.raises(Mistakes, match='environment variable OPENAI_BASE_URL: "base_url" must be an address'):
        embedded({"OPENAI_API_KEY": "sk-0123456789", "OPENAI_BASE_URL": "ftp://x"})
