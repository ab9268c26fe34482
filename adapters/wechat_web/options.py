"""What a wechat_web channel's part of the configuration may hold."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from gateway import Chat, Options, RootUrl


class Pacing(BaseModel):
    """How fast we write, over all chats of the account: like a person, since nothing else is meant to.

    `delay` is the shortest and the longest time before a message, in seconds; `per_minute` how many messages
    any minute may hold.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    delay: tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(ge=0, le=60)]] = (1, 4)
    per_minute: Annotated[float, Field(ge=1)] = 20

    @field_validator("delay")
    @classmethod
    def _delay_is_a_span(cls, delay: tuple[float, float]) -> tuple[float, float]:
        if delay[0] > delay[1]:
            raise ValueError("the first number must not be greater than the second")
        return delay


class WechatWebOptions(Options):
    """One personal account.

    `groups` are the names of the groups that are listened to, or ``*`` for all. `auto_pass`: accept requests
    to be friends, and greet with `greeting` where there is one. `group_reply`: answers in groups begin with a
    call of who asked, or look as wechatbot's did. `silence` is how many seconds without an answer make a
    question to WeChat a lost one. `pacing` null: none.
    """

    api_root: RootUrl = "https://login.weixin.qq.com"
    groups: tuple[str, ...] = ("*",)
    auto_pass: bool = False
    greeting: str = ""
    group_reply: Literal["call", "wechatbot"] = "call"
    silence: Annotated[float, Field(gt=0)] = 60
    pacing: Pacing | None = Pacing()

    def chat(self, channel: str, id: str) -> Chat:
        """See `Options.chat`; the ids are those of `contacts.py`."""
        if id.startswith(("login:", "member:")):
            raise ValueError(
                f'"{id}" cannot be written to first: it is no friend, or good for one login only'
            )
        return Chat(channel, id, "group" if id.startswith(("@@", "room:")) else "private")

    def identifies(self, id: str) -> bool:
        """See `Options.identifies`; a remark is the account's owner's own word."""
        return not id.startswith(("nick:", "member:", "login:"))

    def listens_to(self, group: str) -> bool:
        """True where the group with this name is to be listened to."""
        return "*" in self.groups or group in self.groups
