"""The models that an Ollama on this machine has."""

from __future__ import annotations

import aiohttp

_TAGS = "http://127.0.0.1:11434/api/tags"


async def ollama_models() -> list[str]:
    """The models of an Ollama on this machine; none where none answers."""
    timeout = aiohttp.ClientTimeout(total=1)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(_TAGS) as response:
            found = await response.json()
            return [str(model["name"]) for model in found["models"]]
    except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError):
        return []
