"""What a DingTalk channel's part of the configuration may hold."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from adapters.dingtalk.outgoing import is_staff
from gateway import Chat, Options, RootUrl

API_ROOT = "https://api.dingtalk.com"
_OLD_API_ROOT = "https://oapi.dingtalk.com"


class Pacing(BaseModel):
    """How fast we call DingTalk.

    `calls_per_second` is what it lets one application do with one interface: 20 in its standard edition, more
    in those that cost (https://open.dingtalk.com/document/orgapp/invocation-frequency-limit).
    `group_per_minute` is how many messages a group may get in any minute.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    calls_per_second: Annotated[float, Field(ge=1)] = 20
    group_per_minute: Annotated[float, Field(ge=1)] = 20


class DingTalkOptions(Options):
    """One robot.

    `client_id` and `client_secret` are the application's (once AppKey and AppSecret); `robot_code` is the
    client id, but for robots older than that rule. In http mode DingTalk posts messages to
    ``/hook/<channel>`` on the gateway's web server. With a `card_template_id` answers grow in an AI card,
    whose variable for the text is `card_key`. `silence` is how many seconds without a word from DingTalk
    make a stream connection suspicious. `media_root` is where files are uploaded to; left out, the old
    API's address beside DingTalk's own, or `api_root` where that is another. `pacing` null: none.
    """

    client_id: Annotated[str, Field(min_length=1)]
    client_secret: SecretStr
    mode: Literal["stream", "http"] = "stream"
    card_template_id: str | None = None
    card_key: Annotated[str, Field(min_length=1)] = "content"
    robot_code: str | None = None
    api_root: RootUrl = API_ROOT
    media_root: RootUrl | None = None
    silence: Annotated[float, Field(gt=0)] = 60
    pacing: Pacing | None = Pacing()

    @property
    def robot(self) -> str:
        """What messages that we send say of who sends them."""
        return self.robot_code or self.client_id

    @property
    def upload_root(self) -> str:
        """Where files are uploaded to."""
        return self.media_root or (_OLD_API_ROOT if self.api_root == API_ROOT else self.api_root)

    def chat(self, channel: str, id: str) -> Chat:
        """See `Options.chat`: a group's conversation, or a person's staff id."""
        if not is_staff(id):
            raise ValueError("people outside the organisation cannot be written to first")
        return Chat(channel, id, "group" if id.startswith("cid") else "private")

    @field_validator("client_secret")
    @classmethod
    def _secret_is_there(cls, secret: SecretStr) -> SecretStr:
        if not secret.get_secret_value().strip():
            raise ValueError("must not be empty")
        return secret
