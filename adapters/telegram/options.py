"""What a Telegram channel's part of the configuration may hold."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from gateway import Chat, Options, RootUrl

_ID = re.compile(r"-?[1-9]\d{0,17}", re.ASCII)


class Pacing(BaseModel):
    """How fast we send. https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this

    `per_chat` and `overall` in messages a second, `group_per_minute` in any minute.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    per_chat: Annotated[float, Field(gt=0)] = 1
    group_per_minute: Annotated[float, Field(ge=1)] = 20
    overall: Annotated[float, Field(gt=0)] = 30


class TelegramOptions(Options):
    """One bot.

    `poll_timeout` is how long, in seconds, Telegram keeps a poll open. In webhook mode `webhook_url` is where
    Telegram reaches the gateway's web server: ``https://bot.example.org`` stands for
    ``https://bot.example.org/hook/<channel>``. Without a `webhook_secret` one is drawn and kept. `pacing`
    null: none.
    """

    token: SecretStr
    api_root: RootUrl = "https://api.telegram.org"
    mode: Literal["polling", "webhook"] = "polling"
    poll_timeout: Annotated[int, Field(ge=1, le=50)] = 50
    webhook_url: str | None = None
    webhook_secret: SecretStr | None = None
    pacing: Pacing | None = Pacing()

    def chat(self, channel: str, id: str) -> Chat:
        """See `Options.chat`; the ids of groups are negative."""
        if not _ID.fullmatch(id):
            raise ValueError(f'"{id}" is no id of Telegram: those are numbers')
        return Chat(channel, id, "group" if id.startswith("-") else "private")

    @field_validator("token")
    @classmethod
    def _token_fits_a_url(cls, token: SecretStr) -> SecretStr:
        value = token.get_secret_value()
        if not value or not value.isascii() or any(sign in value for sign in " \t\r\n/?#%{}"):
            raise ValueError("this is not a token from @BotFather")
        return token

    @field_validator("webhook_secret")
    @classmethod
    def _secret_is_allowed(cls, secret: SecretStr | None) -> SecretStr | None:
        # https://core.telegram.org/bots/api#setwebhook
        if secret is not None:
            value = secret.get_secret_value().replace("-", "_")
            if not (1 <= len(value) <= 256 and value.isascii() and value.replace("_", "a").isalnum()):
                raise ValueError("must be 1 to 256 of A-Z, a-z, 0-9, _ and -")
        return secret

    @model_validator(mode="after")
    def _webhook_has_an_address(self) -> Self:
        if self.mode == "webhook" and not self.webhook_url:
            raise ValueError('"mode": "webhook" needs a "webhook_url"')
        return self
