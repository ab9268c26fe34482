"""What the configuration says about moderation."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class ModerationOptions(BaseModel):
    """What is forbidden, and who says so; nothing is where both `words` and `endpoint` are off.

    `words`: the path of a word list. `endpoint`: ask the moderation endpoint of the default model's server,
    there for `model`. `on_error`: what to do with a text that the endpoint did not judge.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    words: str = ""
    endpoint: bool = False
    model: str = Field("omni-moderation-latest", min_length=1)
    on_error: Literal["allow", "refuse"] = "refuse"
