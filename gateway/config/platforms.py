"""The platforms on which people can be: what ``gateway init`` asks about each, and the channel it makes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.config.dialogue import Dialogue, Words
from gateway.config.placeholders import is_placeholder
from gateway.config.reader import Json

_REFERENCE = re.compile(r"(?:env|file):\S+")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A value that is asked for; it may also be a reference to where it stands.

    `form` is the pattern that it has. An environment variable called `variable`, where it is set, is offered
    in its place.
    """

    words: Words
    form: str
    complaint: Words
    variable: str = ""
    hidden: bool = True
    optional: bool = False

    def ask(self, dialogue: Dialogue, environ: Mapping[str, str]) -> str:
        """The value, or "" where it is left out. Raises `EOFError`."""
        held = f"env:{self.variable}" if environ.get(self.variable) else None
        default = held or ("" if self.optional else None)
        return dialogue.ask(self.words, self.complaint, self._is_usable, default=default, hidden=self.hidden)

    def _is_usable(self, answer: str) -> bool:
        fits = re.fullmatch(self.form, answer) and not is_placeholder(answer)
        return bool(fits or _REFERENCE.fullmatch(answer))


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform: the channel's `name` and `type`, a line for who chooses, and one for who answers.

    `wanted`: the channel's keys. `scanned`: it is entered by scanning a code. `afterwards`: what is left to
    be done there.
    """

    name: str
    type: str
    label: Words
    hint: Words
    wanted: Mapping[str, Wanted]
    scanned: bool = False
    afterwards: Words | None = None

    def channel(self, dialogue: Dialogue, environ: Mapping[str, str]) -> dict[str, Json]:
        """The channel's part of the configuration, without what is not asked of every platform."""
        dialogue.begin(self.hint)
        answers = {key: wanted.ask(dialogue, environ) for key, wanted in self.wanted.items()}
        kind: dict[str, Json] = {} if self.name == self.type else {"type": self.type}
        return kind | {key: answer for key, answer in answers.items() if answer}


TELEGRAM = Platform(
    "telegram",
    "telegram",
    ("Telegram", "Telegram"),
    (
        "Telegram: write /newbot to @BotFather (https://t.me/BotFather); it answers with a token.",
        "Telegram：向 @BotFather（https://t.me/BotFather）发送 /newbot，即可得到 token。",
    ),
    {
        "token": Wanted(
            ("Bot token", "机器人 token"),
            r"\d+:[A-Za-z0-9_-]{5,}",
            ("A token looks like 123456:ABC-DEF.", "token 的格式类似 123456:ABC-DEF。"),
            "TELEGRAM_TOKEN",
        )
    },
)

_DINGTALK = Platform(
    "dingtalk",
    "dingtalk",
    ("DingTalk", "钉钉"),
    (
        "DingTalk: at https://open-dev.dingtalk.com, make an application with a robot in Stream mode; "
        "凭证与基础信息 shows these two.",
        "钉钉：在 https://open-dev.dingtalk.com 创建应用并添加机器人（Stream 模式），"
        "以下两项见「凭证与基础信息」。",
    ),
    {
        "client_id": Wanted(
            ("Client ID (AppKey)", "Client ID（AppKey）"),
            r"[\w.-]{4,}",
            ("A Client ID is made of letters and digits.", "Client ID 由字母和数字组成。"),
            "DINGTALK_ID",
            hidden=False,
        ),
        "client_secret": Wanted(
            ("Client Secret (AppSecret)", "Client Secret（AppSecret）"),
            r"\S{8,}",
            ("A Client Secret is longer, and has no spaces.", "Client Secret 更长，且不含空格。"),
            "DINGTALK_SECRET",
        ),
    },
)

_WECHAT_ILINK = Platform(
    "weixin",
    "wechat_ilink",
    (
        "WeChat, its bot API for personal accounts (iLink): the safe one; private chats only",
        "微信，个人号的官方机器人接口（iLink）：安全，仅私聊",
    ),
    (
        "WeChat (iLink): there is nothing to type; you log in by scanning a code.",
        "微信（iLink）：无需填写，稍后扫码登录。",
    ),
    {},
    scanned=True,
)

_WECHAT_WEB = Platform(
    "wechat",
    "wechat_web",
    (
        "WeChat, a personal account over the web protocol: groups, too; WeChat may restrict the account",
        "微信，个人号的网页协议：支持群聊，但账号可能被微信限制",
    ),
    (
        "WeChat (web): accounts that are used this way get restricted now and then: take one that you can do "
        "without. You log in by scanning a code.",
        "微信（网页协议）：这样使用的账号有时会被限制，请使用可以承受损失的账号。稍后扫码登录。",
    ),
    {},
    scanned=True,
)

_WECHAT_OFFICIAL = Platform(
    "gzh",
    "wechat_official",
    (
        "WeChat, an official account: needs an address that WeChat can reach",
        "微信公众号：需要公网地址",
    ),
    (
        "Official account: 设置与开发 at https://mp.weixin.qq.com shows AppID and AppSecret; Token and "
        "EncodingAESKey are those that you set there for 服务器配置.",
        "公众号：AppID 与 AppSecret 见 https://mp.weixin.qq.com 的「设置与开发」；"
        "Token 与 EncodingAESKey 是您在「服务器配置」中填写的。",
    ),
    {
        "app_id": Wanted(
            ("AppID", "AppID"),
            r"wx\w{4,}",
            ("An AppID begins with wx.", "AppID 以 wx 开头。"),
            "GZH_APP_ID",
            hidden=False,
        ),
        "app_secret": Wanted(
            ("AppSecret", "AppSecret"),
            r"\w{8,}",
            ("An AppSecret is a longer row of letters and digits.", "AppSecret 是更长的一串字母和数字。"),
            "GZH_SECRET",
        ),
        "token": Wanted(
            ("Token", "Token（令牌）"),
            "[A-Za-z0-9]{3,32}",
            ("A Token is 3 to 32 letters and digits.", "Token 由 3 到 32 个字母和数字组成。"),
            "GZH_TOKEN",
        ),
        "encoding_aes_key": Wanted(
            ("EncodingAESKey (empty: plain mode)", "EncodingAESKey（留空则为明文模式）"),
            "[A-Za-z0-9+/]{43}",
            ("An EncodingAESKey has 43 characters.", "EncodingAESKey 共 43 个字符。"),
            "GZH_AES_KEY",
            optional=True,
        ),
    },
    afterwards=(
        "Once it runs, submit 服务器配置 at WeChat with the URL https://YOUR-ADDRESS/hook/gzh; "
        "it must lead to {web}/hook/gzh.",
        "启动后再提交微信后台的「服务器配置」，URL 填 https://您的地址/hook/gzh，"
        "并将其转发到 {web}/hook/gzh。",
    ),
)

WEB_PAGE = Platform(
    "web",
    "webchat",
    ("a web page of the gateway's own", "网关自带的网页"),
    (
        "The web page: without a password only this machine can open it; with one, others can, too.",
        "网页：不设密码时仅本机可以打开；设置密码后其他机器也可以。",
    ),
    {},
)

PASSWORD = Wanted(
    ("Password (empty: this machine alone)", "密码（留空则仅本机可用）"),
    r"\S.{6,}\S",
    ("Please take at least 8 characters.", "请至少输入 8 个字符。"),
    "WEB_PASSWORD",
    optional=True,
)

PLATFORMS = (TELEGRAM, _DINGTALK, _WECHAT_ILINK, _WECHAT_WEB, _WECHAT_OFFICIAL, WEB_PAGE)
