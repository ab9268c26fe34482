"""What an iLink channel's part of the configuration may hold."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from gateway import Chat, Options, RootUrl

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

    api_root: RootUrl = "https://ilinkai.weixin.qq.com"
    cdn_root: RootUrl = "https://novac2c.cdn.weixin.qq.com/c2c"
    code_seconds: Annotated[float, Field(gt=0, le=300)] = 80
    per_turn: Annotated[int, Field(ge=1)] = 10
    pacing: Pacing | None = Pacing()

    def chat(self, channel: str, id: str) -> Chat:
        """See `Options.chat`: a person's, who must have written within a day all the same."""
        if not id.endswith(_PERSON):
            raise ValueError(f'"{id}" is no id of iLink: those end in {_PERSON}')
        return Chat(channel, id)
