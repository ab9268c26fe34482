"""python-telegram-bot's Bot, with answers as they come and our errors."""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from typing import Any
from urllib.parse import quote

import telegram
from telegram import InputFile
from telegram.error import InvalidToken, TelegramError

from adapters.telegram.errors import translate
from adapters.telegram.request import Request
from gateway.errors import OutcomeUnknown, Rejected

_DOWNLOAD_SECONDS = 120.0
# At debug it writes addresses, and the token is part of them.
logging.getLogger("telegram.Bot").setLevel(logging.INFO)


class Bot(telegram.Bot):
    """Every method raises `AdapterError`s; `call` gives the plain answer to plain parameters.

    Building their objects costs ten times the request itself (0.3 ms against 0.02 ms for a message with ten
    entities), so the calls that come by the thousand use `call`, the others the typed methods.
    """

    __slots__ = ("_calls", "_polls")

    def __init__(self, token: str, root: str, calls: Request, polls: Request) -> None:
        super().__init__(
            token,
            base_url=f"{root}/bot",
            base_file_url=f"{root}/file/bot",
            request=calls,
            get_updates_request=polls,
        )
        self._calls, self._polls = calls, polls

    async def call(self, method: str, parameters: dict[str, Any], within: float | None = None) -> Any:
        """What the Bot API answers to *method*, *within* so many seconds. Raises `AdapterError`."""
        if any(isinstance(value, InputFile) for value in parameters.values()):
            return await self._post(method, parameters)
        pool = self._polls if method == "getUpdates" else self._calls
        return await self._answer(pool.call(f"{self.base_url}/{method}", parameters, within))

    async def download(self, file_id: str) -> bytes:
        """The bytes of a file. Raises `Rejected`: there is none, or it is larger than 20 MB."""
        file = await self.call("getFile", {"file_id": file_id})
        path = file.get("file_path") if isinstance(file, dict) else None
        if not isinstance(path, str):
            raise Rejected("the file cannot be downloaded")
        try:
            url = f"{self.base_file_url}/{quote(path)}"
            return await self.request.retrieve(url, read_timeout=_DOWNLOAD_SECONDS)
        except InvalidToken as exc:  # their word for every 404; getFile has just taken the token
            raise Rejected("the file is gone") from exc
        except TelegramError as exc:
            raise translate(exc, self.token) from None

    async def _do_post(self, endpoint: str, data: dict[str, Any], **options: Any) -> Any:
        """Do what every method ends in, and translate its errors."""
        return await self._answer(super()._do_post(endpoint, data, **options))

    async def _answer(self, asking: Awaitable[Any]) -> Any:
        """What *asking* ends with, its errors in our words."""
        try:
            return await asking
        except TelegramError as exc:
            raise translate(exc, self.token) from None
        except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as exc:
            raise OutcomeUnknown("the answer is not one of the Bot API's") from exc
