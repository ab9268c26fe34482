"""Models that their vendor has switched off, and what takes their place."""

from __future__ import annotations

# https://platform.openai.com/docs/deprecations
_SMALL = "gpt-5.4-mini"
_LARGE = "gpt-5.4"
_RETIRED: dict[str, str] = {
    **dict.fromkeys(
        (
            *("ada", "babbage", "curie", "davinci"),
            *("text-ada-001", "text-babbage-001", "text-curie-001"),
            *("text-davinci-001", "text-davinci-002", "text-davinci-003"),
            *("code-cushman-001", "code-cushman-002", "code-davinci-001", "code-davinci-002"),
            *("code-davinci-edit-001", "text-davinci-edit-001"),
            *("gpt-3.5-turbo-0301", "gpt-3.5-turbo-0613"),
            *("gpt-3.5-turbo-16k", "gpt-3.5-turbo-16k-0613"),
            "o1-mini",
        ),
        _SMALL,
    ),
    **dict.fromkeys(
        (
            *("gpt-4-0314", "gpt-4-32k", "gpt-4-32k-0314", "gpt-4-32k-0613"),
            *("gpt-4-vision-preview", "gpt-4-1106-vision-preview", "gpt-4.5-preview", "o1-preview"),
        ),
        _LARGE,
    ),
}


def retired(name: str) -> str | None:
    """The model to use instead of *name* where api.openai.com no longer serves it; None where it may."""
    return _RETIRED.get(name.strip().lower())


def answers_chats(name: str) -> bool:
    """False for the models of before chat completions: no server can serve them to us under that name."""
    return retired(name) is None or name.strip().lower().startswith(("gpt-", "o1-"))
