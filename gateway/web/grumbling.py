"""What the HTTP server has to say of those who call it, without their words and not at length."""

from __future__ import annotations

import logging
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

# Somebody speaks no HTTP, or hangs up: nothing of ours is wrong.
_THEIRS = (HttpProcessingError, web.RequestPayloadError, ConnectionError)


class Grumbling(logging.LoggerAdapter[logging.Logger]):
    """A log in which errors of callers are one line at debug: aiohttp writes a traceback with their bytes."""

    def exception(self, msg: object, *args: object, exc_info: Any = True, **kwargs: Any) -> None:
        """See `logging.Logger`."""
        if isinstance(exc_info, _THEIRS):
            self.debug("a request that could not be read: %s", type(exc_info).__name__)
        else:
            super().exception(msg, *args, exc_info=exc_info, **kwargs)

    def debug(self, msg: object, *args: object, exc_info: Any = None, **kwargs: Any) -> None:
        """See `logging.Logger`; never with a traceback."""
        super().debug(msg, *args, **kwargs)
