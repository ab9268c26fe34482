"""What an iLink channel's part of the configuration may hold."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from gateway import Chat, Options

_PERSON = "@im.wechat"


class Pacing(BaseModel):
    """How fast we send: `per_chat` is messages a second to one person."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    per_chat: Annotated[float, Field(gt=0)] = 1


class WechatIlinkOptions(Options):
    """One account; there is no key in the configuration: it comes with the login.

    `code_seconds` is how long a QR code is shown before a fresh one takes its place. `per_turn` is how many
    messages WeChat takes for each that the person wrote. `pacing` null: none.
    """

    api_root: str = "https://ilinkai.weixin.qq.com"
    cdn_root: str = "https://novac2c.cdn.weixin.qq.com/c2c"
    code_seconds: Annotated[float, Field(gt=0, le=300)] = 80
    per_turn: Annotated[int, Field(ge=1)] = 10
    pacing: Pacing | None = Pacing()

    def chat(self, channel: str, id: str) -> Chat:
        """See `Options.chat`: a person's, who must have written within a day all the same."""
        if not id.endswith(_PERSON):
            raise ValueError(f'"{id}" is no id of iLink: those end in {_PERSON}')
        return Chat(channel, id)

    @field_validator("api_root", "cdn_root")
    @classmethod
    def _root_is_a_url(cls, root: str) -> str:
        if urlsplit(root).scheme not in ("http", "https") or not urlsplit(root).hostname:
            raise ValueError("must be an http:// or https:// address")
        return root.rstrip("/")
