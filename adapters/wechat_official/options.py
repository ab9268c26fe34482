"""What an official account's part of the configuration may hold."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator

from gateway import Chat, Options, RootUrl
from gateway.text import length

LONGEST_TEXT = 2048
"""Bytes in a text message, in a response and by customer service."""
_TOKEN = re.compile(r"[A-Za-z0-9]{3,32}")
_KEY = re.compile(r"[A-Za-z0-9+/]{43}")
_OPENID = re.compile(r"o[A-Za-z0-9_-]{27}")


class WechatOfficialOptions(Options):
    """One official account.

    `app_id` and `app_secret` (AppID, AppSecret), `token` and `encoding_aes_key` are those of its settings in
    WeChat's console; with a key, messages are encrypted both ways, and others are refused. WeChat posts to
    ``/hook/<channel>`` on the gateway's web server.

    `customer_service` says whether the account may write by itself: "auto" finds out; with false, WeChat's
    interfaces are not called. `greeting` is said to who begins to follow; "": nothing. `patience` is for
    how many seconds a request of WeChat's is good for an answer: it hangs up after five.
    """

    app_id: Annotated[str, Field(min_length=1)]
    app_secret: SecretStr
    token: SecretStr
    encoding_aes_key: SecretStr | None = None
    api_root: RootUrl = "https://api.weixin.qq.com"
    customer_service: Literal["auto"] | bool = "auto"
    greeting: str = ""
    patience: Annotated[float, Field(gt=0, le=4.8)] = 4.5

    def chat(self, channel: str, id: str) -> Chat:
        """See `Options.chat`: a follower's openid, who is reached within 48 hours of their last message."""
        if not _OPENID.fullmatch(id):
            raise ValueError(f'"{id}" is no openid: /status says it')
        if self.customer_service is False:
            raise ValueError("without customer service nobody can be written to first")
        return Chat(channel, id)

    @field_validator("app_secret")
    @classmethod
    def _secret_is_there(cls, secret: SecretStr) -> SecretStr:
        if not secret.get_secret_value().strip():
            raise ValueError("must not be empty")
        return secret

    @field_validator("token")
    @classmethod
    def _token_is_allowed(cls, token: SecretStr) -> SecretStr:
        if not _TOKEN.fullmatch(token.get_secret_value()):
            raise ValueError("must be 3 to 32 of A-Z, a-z and 0-9")
        return token

    @field_validator("encoding_aes_key")
    @classmethod
    def _key_is_one(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and not _KEY.fullmatch(key.get_secret_value()):
            raise ValueError("must be the 43 characters of EncodingAESKey")
        return key

    @field_validator("greeting")
    @classmethod
    def _greeting_fits(cls, greeting: str) -> str:
        if length(greeting, "bytes") > LONGEST_TEXT:
            raise ValueError(f"must be at most {LONGEST_TEXT} bytes: about 680 Chinese characters")
        return greeting
