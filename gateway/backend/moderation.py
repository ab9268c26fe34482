"""The moderation endpoint of an OpenAI-compatible server.

https://platform.openai.com/docs/api-reference/moderations
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from gateway.backend.base import ModelOptions
from gateway.backend.sdk import headers, make_client, translated
from gateway.errors import BackendBusy, BackendError
from gateway.http import is_deep
from gateway.text import clean

_TIMEOUT = 10.0  # seconds
_PAUSE = 0.2  # seconds before the second and last try
# Characters in one input: Chinese, too, stays below the 32,000 tokens that omni-moderation takes.
_MOST_TEXT = 20_000


class ModerationClient:
    """Asks the server of *options* what its moderation *model* thinks.

    Raises `ConfigError` where the proxy's address cannot be one.
    """

    def __init__(self, options: ModelOptions, model: str) -> None:
        self._client = make_client(options)
        self._headers = headers(options)
        self._model = model

    async def judge(self, text: str) -> list[str]:
        """The categories that *text* is flagged for, none where it is harmless.

        Tries a second time where that may help. Raises `BackendError`: there is no judgement.
        """
        try:
            return await self._ask(text)
        except BackendError as exc:
            if not exc.retryable or (exc.retry_after or 0.0) > _TIMEOUT:
                raise
            await asyncio.sleep(exc.retry_after or _PAUSE)
        return await self._ask(text)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _ask(self, text: str) -> list[str]:
        pieces = [clean(text[at : at + _MOST_TEXT]) for at in range(0, len(text), _MOST_TEXT)]
        if not pieces:
            return []
        with translated():
            try:
                async with asyncio.timeout(_TIMEOUT):
                    answer = await self._client.post(
                        "/moderations",
                        cast_to=object,
                        body={"model": self._model, "input": pieces},
                        options={"headers": self._headers},
                    )
            except TimeoutError as error:
                raise BackendBusy(f"no judgement in {_TIMEOUT:g} s") from error
            except (ValueError, RecursionError) as error:  # as the SDK reads JSON
                raise BackendBusy("the moderation endpoint sent what is no JSON") from error
        return _flagged(None if is_deep(answer) else answer)


def _flagged(answer: object) -> list[str]:
    """The categories of the results that are flagged. Raises `BackendBusy` where these are no results."""
    results = answer.get("results") if isinstance(answer, Mapping) else None
    if not isinstance(results, list) or not results or not all(map(_is_result, results)):
        raise BackendBusy(f"the moderation endpoint sent what is no judgement: {str(answer)[:100]}")
    found: dict[str, None] = {}
    for result in results:
        if result["flagged"]:
            found.update(dict.fromkeys(_categories(result) or ["flagged"]))
    return list(found)


def _is_result(result: object) -> bool:
    return isinstance(result, Mapping) and isinstance(result.get("flagged"), bool)


def _categories(result: Mapping[str, Any]) -> list[str]:
    categories = result.get("categories")
    if not isinstance(categories, Mapping):
        return []
    return sorted(str(name) for name, flagged in categories.items() if flagged is True)
