"""What a model is to the gateway."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from gateway.session import Turn


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one answer, as the model's server counted them (or as estimated)."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


class Backend(Protocol):
    """Anything that can carry a conversation on."""

    def stream(self, turns: Sequence[Turn], whole: bool = False) -> AsyncGenerator[str | Usage]:
        """Yield the answer piece by piece, and its usage once. Raises `BackendError`.

        *whole* asks for the answer in one piece, of servers that cannot stream. Closing the iterator early
        ends the request.
        """
        ...

    async def aclose(self) -> None:
        """Release connections."""
        ...


class Timeouts(BaseModel):
    """How long to wait for a model, in seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    connect: float = Field(10, gt=0)
    first_token: float = Field(120, gt=0)
    idle: float = Field(60, gt=0)
    total: float = Field(600, gt=0)


class Price(BaseModel):
    """What a model's server asks for a million tokens, of the prompt and of the answer, in `currency`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: float = Field(0, ge=0)
    output: float = Field(0, ge=0)
    currency: str = Field("USD", min_length=1)

    def cost(self, prompt_tokens: int, completion_tokens: int) -> float:
        """What one answer costs, in whole units of `currency`."""
        return (self.input * prompt_tokens + self.output * completion_tokens) / 1_000_000


class ModelOptions(BaseModel):
    """One model by name: where it is and how to ask it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["openai", "echo"] = "openai"
    model: str = "gpt-5.4-mini"
    api_key: SecretStr | None = None
    base_url: str = "https://api.openai.com/v1"
    proxy: SecretStr | None = None
    temperature: float | None = Field(0.9, ge=0, le=2)
    max_tokens: int | None = Field(512, gt=0)
    context_tokens: int = Field(8000, gt=0)
    extra_headers: dict[str, str] = {}
    extra_query: dict[str, str] = {}
    timeouts: Timeouts = Timeouts()
    price: Price = Price()
