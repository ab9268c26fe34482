from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.config import Loaded, Mistakes, load
from gateway.config.importer import convert, import_file
from gateway.errors import ConfigError

WECHATBOT = """{
  "api_key": "sk-0123456789",
  "auto_pass": true,
  "session_timeout": 60,
  "max_tokens": 1024,
  "model": "text-davinci-003",
  "temperature": 1,
  "reply_prefix": "来自机器人回复：",
  "session_clear_token": "清空会话"
}"""

COWAGENT = """{
  "channel_type": "wechatmp,wechatcom_app",
  "open_ai_api_key": "sk-0123456789",
  "open_ai_api_base": "https://api.example.org/v1",
  "proxy": "http://127.0.0.1:7890",
  "model": "gpt-4o",
  "temperature": 0.7,
  "top_p": 0.9,
  "request_timeout": 120,
  "conversation_max_tokens": 2500,
  "expires_in_seconds": 3600,
  "character_desc": "你是一个乐于助人的助手。",
  "single_chat_prefix": ["bot", "@bot"],
  "single_chat_reply_prefix": "[bot] ",
  "group_chat_prefix": ["@bot"],
  "group_chat_keyword": ["机器人"],
  "group_name_white_list": ["ALL_GROUP"],
  "group_chat_in_one_session": ["测试群"],
  "nick_name_black_list": ["坏人"],
  "image_create_prefix": ["画"],
  "concurrency_in_session": 1,
  "rate_limit_chatgpt": 20,
  "speech_recognition": true,
  "voice_reply_voice": false,
  "clear_memory_commands": ["#清除记忆", "#reset"],
  "wechatmp_app_id": "wx0123456789",
  "wechatmp_app_secret": "0123456789abcdef",
  "wechatmp_token": "tokenofmine",
  "wechatmp_port": 8080,
  "feishu_app_id": "cli_1",
  "xunfei_api_key": "",
  "zhipu_ai_api_key": "glm-key-0123",
  "subscribe_msg": "欢迎",
  "debug": true,
  "something_new": 1
}"""

DINGTALK = """
log_level: "debug"
run_mode: "stream"
api_key: "sk-0123456789"
base_url: "https://api.example.org"
model: "gpt-4o"
session_timeout: "600s"
http_proxy: "socks5://127.0.0.1:1080"
default_mode: "单聊"
max_request: 50
port: "8090"
service_url: "http://bot.example.org"
chat_type: "0"
allow_groups: ["cidAAA=="]
allow_outgoing_groups: []
allow_users: []
deny_users: ["1301691029702733"]
vip_users: ["1"]
admin_users: ["1301691029702722"]
app_secrets: ["s1"]
sensitive_words: ["秘密"]
help: "### 帮助"
azure_on: false
azure_resource_name: "unused"
max_question_len: 2048
max_answer_len: 2048
max_text: 4096
card_template_id: "tpl.schema"
something_new: true
credentials:
  - client_id: "ding0123"
    client_secret: "secret-of-mine"
"""


def written(tmp_path: Path, name: str, text: str) -> Path:
    file = tmp_path / name
    file.write_text(text, "utf-8")
    return file


def loads(tmp_path: Path, config: dict[str, Any]) -> Loaded:
    """*config* as the gateway understands it."""
    return load(written(tmp_path, "ours.json", json.dumps(config)), {})


def test_wechatbot_is_carried_over_whole(tmp_path: Path) -> None:
    imported = import_file(written(tmp_path, "config.json", WECHATBOT))
    assert imported.source == "wechatbot"
    assert imported.config == {
        **json.loads(WECHATBOT),
        "model": "gpt-5.4-mini",
        "channels": {"wechat": {"type": "wechat_web", "group_reply": "wechatbot"}},
    }
    assert imported.left_out == []
    assert [key for key, _ in imported.changed] == ["session_timeout", "model"]
    found = loads(tmp_path, imported.config)
    assert found.notes == []
    assert getattr(found.config.channels["wechat"].options, "auto_pass")  # noqa: B009 - of one adapter


def test_cowagent_is_carried_over_and_every_other_key_named(tmp_path: Path) -> None:
    imported = import_file(written(tmp_path, "config.json", COWAGENT))
    assert imported.source == "chatgpt-on-wechat"
    assert imported.config == {
        "channels": {
            "gzh": {
                "type": "wechat_official",
                "app_id": "wx0123456789",
                "app_secret": "0123456789abcdef",
                "token": "tokenofmine",
                "greeting": "欢迎",
            }
        },
        "api_key": "sk-0123456789",
        "base_url": "https://api.example.org/v1",
        "proxy": "http://127.0.0.1:7890",
        "model": "gpt-4o",
        "temperature": 0.7,
        "max_tokens": None,
        "timeouts": {"total": 120},
        "context_tokens": 2500,
        "session_timeout": 3600,
        "system_prompt": "你是一个乐于助人的助手。",
        "reply_prefix": "[bot] ",
        "session_clear_token": "#清除记忆",
        "group": {"triggers": ["@bot"], "context": "member", "reply": "mention"},
        "access": {"groups": ["*"]},
        "web": {"port": 8080},
        "log": {"level": "debug"},
    }
    assert {key for key, _ in imported.left_out} == {
        *("channel_type", "top_p", "single_chat_prefix", "group_chat_keyword", "group_chat_in_one_session"),
        *("nick_name_black_list", "image_create_prefix", "rate_limit_chatgpt", "speech_recognition"),
        *("clear_memory_commands", "feishu_app_id", "zhipu_ai_api_key", "something_new"),
    }
    assert ("something_new", "not a key of chatgpt-on-wechat that is known") in imported.left_out
    assert all(why for _, why in imported.left_out + imported.changed)
    loads(tmp_path, imported.config)


def test_what_cowagent_does_when_a_key_is_absent_is_carried_over_too(tmp_path: Path) -> None:
    imported = import_file(written(tmp_path, "config.json", '{"open_ai_api_key": "sk-0123456789"}'))
    assert imported.config == {
        "api_key": "sk-0123456789",
        "session_timeout": 0,
        "context_tokens": 1000,
        "session_clear_token": "#清除记忆",
        "access": {"groups": []},
        "group": {"context": "member", "reply": "mention"},
        "channels": {"wechat": {"type": "wechat_web"}},
        "max_tokens": None,
    }
    assert imported.left_out == []


def test_cowagents_groups_go_by_name_where_names_are_known(tmp_path: Path) -> None:
    values = {
        "open_ai_api_key": "k",
        "group_name_white_list": ["Friends", "家人"],
        "channel_type": "wx,dingtalk",
    }
    imported = import_file(written(tmp_path, "config.json", json.dumps(values)))
    assert imported.config["access"] == {"groups": []}
    assert imported.config["channels"] == {
        "wechat": {"type": "wechat_web", "groups": ["Friends", "家人"], "access": {"groups": ["*"]}},
        "dingtalk": {"type": "dingtalk"},
    }
    assert [key for key, _ in imported.left_out] == ["group_name_white_list"]
    alone = convert({**values, "channel_type": "itchat"}, "config.json")
    assert alone.left_out == []
    loads(tmp_path, alone.config)


@pytest.mark.parametrize("kind", ["wechatmp", "wechatmp_service"])
def test_cowagents_official_account_greets_its_followers(kind: str) -> None:
    values: dict[str, Any] = {"channel_type": kind, "subscribe_msg": "欢迎！{trigger_prefix}请提问"}
    account = convert(values, "config.json").config["channels"]
    assert account == {"gzh": {"type": "wechat_official", "greeting": "欢迎！请提问"}}
    assert dict(convert({**values, "channel_type": "wx"}, "config.json").left_out).keys() == {"subscribe_msg"}


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (
            {"model": "glm-4", "zhipu_ai_api_key": "k"},
            {"base_url": "https://open.bigmodel.cn/api/paas/v4", "api_key": "k", "model": "glm-4"},
        ),
        (
            {
                "model": "moonshot-v1-8k",
                "moonshot_api_key": "k",
                "moonshot_base_url": "https://api.moonshot.cn/v1/chat/completions",
            },
            {"base_url": "https://api.moonshot.cn/v1", "api_key": "k", "model": "moonshot-v1-8k"},
        ),
        (
            {
                "use_azure_chatgpt": True,
                "open_ai_api_key": "k",
                "open_ai_api_base": "https://x.openai.azure.com/",
                "azure_deployment_id": "mine",
                "azure_api_version": "2024-10-21",
            },
            {
                "base_url": "https://x.openai.azure.com/openai/deployments/mine",
                "extra_headers": {"api-key": "k"},
                "extra_query": {"api-version": "2024-10-21"},
                "model": "mine",
            },
        ),
    ],
)
def test_cowagents_model_is_asked_at_its_own_server(
    tmp_path: Path, keys: dict[str, Any], expected: dict[str, Any]
) -> None:
    values = {"channel_type": "terminal", **keys}
    imported = import_file(written(tmp_path, "config.json", json.dumps(values)))
    assert {key: imported.config.get(key) for key in expected} == expected
    assert ("api_key" in imported.config) == ("api_key" in expected)
    assert imported.config["channels"] == {"console": {"type": "console"}}
    load(written(tmp_path, "ours.json", json.dumps(imported.config)), {})


def test_chatgpt_dingtalk_is_carried_over_and_every_other_key_named(tmp_path: Path) -> None:
    imported = import_file(written(tmp_path, "config.yml", DINGTALK))
    assert imported.source == "chatgpt-dingtalk"
    assert imported.config == {
        "api_key": "sk-0123456789",
        "base_url": "https://api.example.org/v1",
        "model": "gpt-4o",
        "session_timeout": 600,
        "max_tokens": 2048,
        "temperature": 0.6,
        "session_clear_token": "重置",
        "proxy": "socks5://127.0.0.1:1080",
        "limits": {"messages_per_day": 50},
        "web": {"port": 8090},
        "log": {"level": "debug"},
        "access": {
            "groups": ["dingtalk:cidAAA=="],
            "deny": ["dingtalk:1301691029702733"],
            "admins": ["dingtalk:1301691029702722"],
        },
        "channels": {
            "dingtalk": {
                "type": "dingtalk",
                "client_id": "ding0123",
                "client_secret": "secret-of-mine",
                "mode": "stream",
                "card_template_id": "tpl.schema",
            }
        },
    }
    assert {key for key, _ in imported.left_out} == {
        *("default_mode", "service_url", "vip_users", "sensitive_words", "help", "max_question_len"),
        "something_new",
    }
    loads(tmp_path, imported.config)


def test_chatgpt_dingtalk_with_azure_and_without_credentials(tmp_path: Path) -> None:
    text = """
run_mode: http
azure_on: true
azure_resource_name: mine
azure_deployment_name: gpt-4o
azure_api_version: 2024-10-21
azure_openai_token: k
session_timeout: 600
chat_type: "1"
app_secrets: [s1, s2]
"""
    imported = import_file(written(tmp_path, "config.yaml", text))
    config = imported.config
    assert config["base_url"] == "https://mine.openai.azure.com/openai/deployments/gpt-4o"
    assert config["extra_query"] == {"api-version": "2024-10-21"}
    assert config["extra_headers"] == {"api-key": "k"}
    assert config["access"] == {"groups": []}
    assert config["session_timeout"] == 600
    assert config["channels"] == {
        "dingtalk": {"type": "dingtalk", "client_id": "", "client_secret": "s1", "mode": "http"}
    }
    assert [key for key, _ in imported.left_out] == ["app_secrets"]


def test_several_accounts_become_several_channels(tmp_path: Path) -> None:
    text = "credentials:\n- {client_id: a, client_secret: b}\n- {client_id: c, client_secret: d}\n"
    imported = import_file(written(tmp_path, "config.yml", text))
    channels = imported.config["channels"]
    assert isinstance(channels, dict)
    assert list(channels) == ["dingtalk", "dingtalk2"]
    assert "credentials" in dict(imported.changed)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        (
            "config.json",
            '{"a": 1}',
            "is no configuration of wechatbot, chatgpt-on-wechat, chatgpt-dingtalk",
        ),
        ("config.json", "[]", "is no configuration of a bot"),
        ("config.json", '{"api_key": }', ":1:13: a value is expected here"),
        ("config.yml", "a: [1", "is no YAML that can be used"),
        ("config.yml", "a: &x [*x]", "is no YAML that can be used"),
        ("config.yml", "just text", "is no configuration of a bot"),
    ],
)
def test_what_is_no_bots_configuration_is_refused(tmp_path: Path, name: str, text: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        import_file(written(tmp_path, name, text))
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "ours",
    [
        {"api_key": "sk-0123456789", "model": "gpt-5.4", "channels": {"console": {}}},
        {**json.loads(WECHATBOT), "channels": {"wechat": {"type": "wechat_web"}}},
        {"api_key": "sk-0123456789", "model": "gpt-5.4", "system_prompt": "Be brief."},
    ],
    ids=["with a channel", "wechatbot's with a channel", "without channels"],
)
def test_our_own_configuration_is_not_taken_for_another_bots(tmp_path: Path, ours: dict[str, Any]) -> None:
    """Nearly all of wechatbot's keys are ours, so that ours looked like wechatbot's."""
    with pytest.raises(ConfigError, match="is a configuration of this gateway already"):
        import_file(written(tmp_path, "config.json", json.dumps(ours)))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        import_file(tmp_path / "config.json")


def test_another_bots_file_given_as_ours_is_one_mistake_that_says_what_to_do(tmp_path: Path) -> None:
    file = written(tmp_path, "config.json", COWAGENT)
    with pytest.raises(Mistakes) as caught:
        load(file, {})
    [mistake] = caught.value.mistakes
    assert mistake.text == "this is a configuration of chatgpt-on-wechat"
    assert mistake.hint.endswith(f"gateway import {file}")
