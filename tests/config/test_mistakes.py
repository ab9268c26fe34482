"""Every kind of mistake, with the exact place it is reported at."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config import Mistake, Mistakes, load

ENVIRON = {"KEY": "sk-real-key", "TOKEN": "12345:abcdef"}
TELEGRAM = '"channels": {"telegram": {"token": "env:TOKEN"}}'


def mistakes(tmp_path: Path, text: str, **environ: str) -> tuple[Mistake, ...]:
    file = tmp_path / "config.json"
    file.write_text(text, "utf-8")
    with pytest.raises(Mistakes) as caught:
        load(file, ENVIRON | environ)
    return caught.value.mistakes


# A caret in the text marks the place (it is taken out before it is read).
CASES: dict[str, tuple[str, str, str]] = {
    "unknown key": (
        '{"api_key": "env:KEY", ^"modle": "x", ' + TELEGRAM + "}",
        'unknown key "modle"',
        'did you mean "model"?',
    ),
    "unknown key in capitals": (
        '{"api_key": "env:KEY", ^"Max_Tokens": 5, ' + TELEGRAM + "}",
        'unknown key "Max_Tokens"',
        'did you mean "max_tokens"?',
    ),
    "unknown key of a part": (
        '{"api_key": "env:KEY", "access": {^"alow": ["*"]}, ' + TELEGRAM + "}",
        'unknown key "alow"',
        'did you mean "allow"?',
    ),
    "unknown key of a model": (
        '{"api_key": "env:KEY", "models": {"a": {^"mdl": "x", "base_url": "http://127.0.0.1/v1"}}, '
        + TELEGRAM
        + "}",
        'unknown key "mdl"',
        'did you mean "model"?',
    ),
    "unknown key of a channel": (
        '{"api_key": "env:KEY", "channels": {"telegram": {"token": "env:TOKEN", ^"sytem_prompt": ""}}}',
        'unknown key "sytem_prompt"',
        'did you mean "system_prompt"?',
    ),
    "unknown key of an adapter": (
        '{"api_key": "env:KEY", "channels": {"telegram": {"token": "env:TOKEN", ^"api_rot": ""}}}',
        'unknown key "api_rot"',
        'did you mean "api_root"?',
    ),
    "unknown key inside an adapter's option": (
        '{"api_key": "env:KEY", "channels": {"telegram": {"token": "env:TOKEN", "pacing": {^"per_cat": 1}}}}',
        'unknown key "per_cat"',
        'did you mean "per_chat"?',
    ),
    "wrong type": (
        '{"api_key": "env:KEY", "max_tokens": ^"512", ' + TELEGRAM + "}",
        '"max_tokens" must be a whole number, not text',
        "",
    ),
    "wrong type in a list": (
        '{"api_key": "env:KEY", "access": {"admins": [^12345]}, ' + TELEGRAM + "}",
        '"admins": must be text in quotation marks, not a number',
        "",
    ),
    "wrong type of a secret": (
        '{"api_key": ^["x"], ' + TELEGRAM + "}",
        '"api_key" must be text in quotation marks, not a list',
        "",
    ),
    "models is no object": (
        '{"api_key": "env:KEY", "models": ^[], ' + TELEGRAM + "}",
        '"models" must be an object in { }, not a list',
        "",
    ),
    "channel is no object": (
        '{"api_key": "env:KEY", "channels": {"console": {}, "telegram": ^"x"}}',
        '"telegram" must be an object in { }, not text',
        "",
    ),
    "out of range": (
        '{"api_key": "env:KEY", "temperature": ^3, ' + TELEGRAM + "}",
        '"temperature" must be at most 2, not 3',
        "",
    ),
    "none of the choices": (
        '{"api_key": "env:KEY", "group": {"context": ^"membre"}, ' + TELEGRAM + "}",
        '"context" must be "chat" or "member", not "membre"',
        'did you mean "member"?',
    ),
    "missing in a channel": (
        '{"api_key": "env:KEY", "channels": {^"telegram": {}}}',
        '"token" is missing in channels.telegram',
        'for example "token": "env:TELEGRAM_TOKEN"',
    ),
    "an adapter's own check": (
        '{"api_key": "env:KEY", "channels": {"telegram": {"token": ^"a b"}}}',
        '"token": this is not a token from @BotFather',
        "",
    ),
    "an adapter's check of all together": (
        '{"api_key": "env:KEY", "channels": {^"telegram": {"token": "env:TOKEN", "mode": "webhook"}}}',
        "webhook_url",
        "",
    ),
    "unset variable": (
        '{"api_key": ^"env:NOBODY", ' + TELEGRAM + "}",
        "the environment variable NOBODY is not set",
        "set it: export NOBODY=…",
    ),
    "missing file": (
        '{"api_key": ^"file:nowhere", ' + TELEGRAM + "}",
        'cannot read the file "nowhere": No such file or directory',
        "",
    ),
    "placeholder": (
        '{"api_key": ^"your api key", ' + TELEGRAM + "}",
        '"api_key" is still a placeholder: "your api key"',
        "",
    ),
    "placeholder in a channel": (
        '{"api_key": "env:KEY", "channels": {"telegram": {"token": ^"YOUR_TOKEN"}}}',
        '"token" is still a placeholder: "YOUR_TOKEN"',
        "",
    ),
    "no api key": (
        "^{" + TELEGRAM + "}",
        'the model "default" has no "api_key", and api.openai.com wants one',
        'add "api_key": "env:OPENAI_API_KEY" and set that variable',
    ),
    "no api key for a named model": (
        '{"api_key": "env:KEY", "models": {^"far": {"base_url": "https://far.example.org/v1"}}, '
        + TELEGRAM
        + "}",
        'the model "far" has no "api_key", and far.example.org wants one',
        "",
    ),
    "a model called default": (
        '{"api_key": "env:KEY", "models": {^"default": {}}, ' + TELEGRAM + "}",
        'a model cannot be called "default"',
        'the flat keys are the one called "default"',
    ),
    "address of the model": (
        '{"api_key": "env:KEY", "base_url": ^"api.example.org", ' + TELEGRAM + "}",
        '"base_url" must be an address that begins with http:// or https://',
        "",
    ),
    "whole address of the model": (
        '{"api_key": "env:KEY", "base_url": ^"https://x.org/v1/chat/completions", ' + TELEGRAM + "}",
        '"base_url" must end before /chat/completions',
        "usually it ends with /v1",
    ),
    "scheme of a proxy": (
        '{"api_key": "env:KEY", "proxy": ^"sock5://127.0.0.1:1080", ' + TELEGRAM + "}",
        '"proxy" must be an address that begins with one of http://, https://, socks5://, socks5h://',
        'did you mean "socks5"?',
    ),
    "proxy of a model": (
        '{"api_key": "env:KEY", "models": {"a": {"base_url": "http://x/v1", "proxy": ^"127.0.0.1:1080"}}, '
        + TELEGRAM
        + "}",
        '"proxy" must be an address that begins with',
        "for example",
    ),
    "proxy of a channel": (
        '{"api_key": "env:KEY", "channels": {"telegram": {"token": "env:TOKEN", "proxy": ^"ftp://x"}}}',
        '"proxy" must be an address that begins with',
        "",
    ),
    "unknown fallback": (
        '{"api_key": "env:KEY", "fallback": [^"chep"], "models": {"cheap": {"base_url": "http://x/v1"}}, '
        + TELEGRAM
        + "}",
        'there is no model "chep" in "models"',
        'did you mean "cheap"?',
    ),
    "no channels": (
        '^{"api_key": "env:KEY"}',
        "no channels: there is nowhere to listen",
        'add "channels": {"telegram": {"token": "env:TELEGRAM_TOKEN"}}',
    ),
    "no channels in wechatbot's file": (
        '^{"api_key": "env:KEY", "auto_pass": true}',
        "no channels: there is nowhere to listen",
        '{"wechat": {"type": "wechat_web"}}, WeChat as wechatbot had it, '
        'or {"weixin": {"type": "wechat_ilink"}}',
    ),
    "empty channels in wechatbot's file": (
        '{"api_key": "env:KEY", "session_clear_token": "anew", "channels": ^{}}',
        "no channels: there is nowhere to listen",
        "wechat_web",
    ),
    "no channels, and more than wechatbot knows": (
        '^{"api_key": "env:KEY", "session_timeout": 60, "system_prompt": "Be brief."}',
        "no channels: there is nowhere to listen",
        'add "channels": {"telegram"',
    ),
    "empty channels": (
        '{"api_key": "env:KEY", "channels": ^{}}',
        "no channels: there is nowhere to listen",
        'add "channels"',
    ),
    "unknown adapter": (
        '{"api_key": "env:KEY", "channels": {"a": {"type": ^"telegrm"}}}',
        "there is no adapter 'telegrm'",
        'did you mean "telegram"?',
    ),
    "unknown adapter by the channel's name": (
        '{"api_key": "env:KEY", "channels": {^"telegrm": {}}}',
        "there is no adapter 'telegrm'",
        'did you mean "telegram"?',
    ),
    "name of a channel": (
        '{"api_key": "env:KEY", "channels": {^"a:b": {"type": "console"}}}',
        'a channel cannot be called "a:b"',
        "letters, digits",
    ),
    "concurrency in a channel": (
        '{"api_key": "env:KEY", "channels": {"console": {"limits": {^"concurrency": 3}}}}',
        '"concurrency" holds for the whole gateway and cannot stand in a channel',
        "",
    ),
    "one account twice": (
        '{"api_key": "env:KEY", "channels": {"a": {"type": "telegram", "token": "env:TOKEN", '
        '"webhook_secret": "s"}, "b": {"type": "telegram", "token": ^"env:TOKEN"}}}',
        'the channels "a" and "b" have the same account',
        "",
    ),
    "entry for no channel": (
        '{"api_key": "env:KEY", "access": {"deny": [^"telegrm:5"]}, ' + TELEGRAM + "}",
        'there is no channel "telegrm"',
        'did you mean "telegram:5"?',
    ),
    "entry without a channel": (
        '{"api_key": "env:KEY", "access": {"allow": [^"555"]}, ' + TELEGRAM + "}",
        '"555" must be "channel:id" or "*"',
        'did you mean "telegram:555"?',
    ),
    "a proxy that is nowhere": (
        '{"api_key": "env:KEY", "web": {"proxies": ^["traefik"]}, ' + TELEGRAM + "}",
        '"proxies": must hold addresses or networks as "172.18.0.0/16", not "traefik"',
        "",
    ),
    "a proxy that is everywhere": (
        '{"api_key": "env:KEY", "web": {"proxies": ^["10.0.0.1", "0.0.0.0/0"]}, ' + TELEGRAM + "}",
        '"proxies": must not be everybody, as "0.0.0.0/0" is',
        "",
    ),
    "an admin by a name": (
        '{"api_key": "env:KEY", "channels": {"wechat": {"type": "wechat_web",'
        ' "access": {"admins": ["wechat:1", "wechat:remark:Ann", ^"wechat:member:Ann"]}}}}',
        '"wechat:member:Ann" cannot be an admin: anybody can call themselves that',
        "",
    ),
    "an admin by a nickname": (
        '{"api_key": "env:KEY", "access": {"admins": [^"wechat:nick:Ann"]},'
        ' "channels": {"wechat": {"type": "wechat_web"}}}',
        '"wechat:nick:Ann" cannot be an admin: anybody can call themselves that',
        "",
    ),
    "everybody an admin": (
        '{"api_key": "env:KEY", "access": {"admins": [^"*"]}, ' + TELEGRAM + "}",
        '"*" cannot stand in "admins": name each as "channel:id"',
        "",
    ),
    "access of a channel": (
        '{"api_key": "env:KEY", "channels": {"console": {"access": {"groups": [^"consle:1"]}}}}',
        'there is no channel "consle"',
        'did you mean "console:1"?',
    ),
    "operator": (
        '{"api_key": "env:KEY", "operator": [^"telegra:1"], ' + TELEGRAM + "}",
        'there is no channel "telegra"',
        'did you mean "telegram:1"?',
    ),
    "operator whom nobody can write to": (
        '{"api_key": "env:KEY", "operator": [^"telegram:@ann"], ' + TELEGRAM + "}",
        '"telegram:@ann" cannot be told anything: "@ann" is no id of Telegram',
        "",
    ),
    "operator on a page": (
        '{"api_key": "env:KEY", "operator": [^"webchat:me"], "channels": {"webchat": {}}}',
        '"me" is no conversation',
        "",
    ),
    "open web server": (
        '{"api_key": "env:KEY", "web": {"host": ^"0.0.0.0"}, ' + TELEGRAM + "}",
        "the web server on 0.0.0.0 can be reached from other machines and has no password",
        "127.0.0.1",
    ),
    "placeholder of the web server": (
        '{"api_key": "env:KEY", "web": {"password": ^"changeme"}, ' + TELEGRAM + "}",
        '"password" is still a placeholder: "changeme"',
        "",
    ),
    "half a hash of the web server": (
        '{"api_key": "env:KEY", "web": {"password": ^"$argon2id$v=19$m=19456"}, ' + TELEGRAM + "}",
        '"password" is no whole argon2 hash',
        "gateway hash-password",
    ),
    "not an object": ("^[1]", "a configuration is an object in { }, not a list", ""),
    "twice": (
        '{"api_key": "env:KEY", "stream": true, ^"stream": false, ' + TELEGRAM + "}",
        '"stream" is here twice; the first is on line 2',
        "",
    ),
    "home of nobody": (
        '{"api_key": "env:KEY", "data_dir": ^"~nobody-of-this-name/x", ' + TELEGRAM + "}",
        "there is no home folder",
        "",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_mistake_is_the_only_one_and_at_its_place(name: str, tmp_path: Path) -> None:
    marked, says, hint = CASES[name]
    offset = marked.index("^")
    text = marked[:offset] + marked[offset + 1 :]
    [mistake] = mistakes(tmp_path, f"// first line\n{text}\n")
    assert (mistake.line, mistake.column) == (2, offset + 1), mistake
    assert says in mistake.text
    assert hint in mistake.hint
    head, row, caret, *_ = str(mistake).split("\n")
    assert head.startswith(f"{tmp_path / 'config.json'}:2:{offset + 1}: ")
    assert row[caret.index("^")] == text[offset]


def test_all_mistakes_are_reported_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    found = mistakes(
        tmp_path,
        """{
          "api_key": "your api key",
          "max_tokens": "many",
          "temprature": 1,
          "models": {"a": {"model": 5}},
          "fallback": ["b"],
          "access": {"admins": ["nobody:1"]},
          "web": {"port": 70000},
          "channels": {
            "telegram": {"mode": "pull"},
            "console": {"stream": 1}
          }
        }""",
    )
    assert [mistake.line for mistake in found] == [2, 3, 4, 5, 5, 6, 7, 8, 10, 10, 11]
    assert str(Mistakes(found)).count("config.json:") == 11


def test_a_mistake_in_an_overridden_value_names_the_variable(tmp_path: Path) -> None:
    text = '{"api_key": "env:KEY", "max_tokens": 5, "web": {"port": 1}, ' + TELEGRAM + "}"
    found = mistakes(tmp_path, text, MAX_TOKENS="many", GATEWAY_WEB__PORT="high")
    assert {str(mistake) for mistake in found} == {
        'environment variable MAX_TOKENS: "max_tokens" must be a whole number, not text',
        'environment variable GATEWAY_WEB__PORT: "port" must be a whole number, not text',
    }


def test_a_file_that_cannot_be_read_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(Mistakes, match=r"missing\.json: cannot be read: No such file"):
        load(tmp_path / "missing.json", {})
