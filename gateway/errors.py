"""Everything the gateway raises.

GatewayError
├── ConfigError                the configuration cannot be used
├── AdapterError
│   ├── AuthError              deferrable: the platform refuses our credentials
│   ├── NetworkError           retryable: the request did not reach the platform
│   │   └── OutcomeUnknown     retryable: it may have reached the platform (a timeout is not a refusal)
│   ├── Unconfirmed            it may have arrived, and sent once more people might see it twice: never retry
│   ├── RateLimited            retryable, after `retry_after` seconds
│   ├── Rejected               the platform refuses this message: never retry
│   ├── WindowClosed           deferrable, wants_message: we may write again once the person has written
│   ├── ChatGone               the chat cannot be written to any more (blocked, deleted, removed)
│   └── ChatMoved              the chat has another id now, `to`
├── BackendError
│   ├── BackendBusy            retryable: overloaded, unreachable or too slow
│   ├── ContextTooLong         the turns are more than the model takes
│   └── BackendRefused         the model's server refuses the request (key, model name, quota)
├── TooManyAnswers             retryable, after `retry_after` seconds: a loop breaker
├── StoreError                 deferrable: the database cannot be read or written
└── InboxError                 deferrable: a message could not be made durable

Code asks `exc.retryable` (the same may succeed soon, by itself), `exc.deferrable` (it may succeed when
somebody has mended something) and `exc.wants_message` (… when the person has written), never a class's name.
Foreign errors are translated at one place per library.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class GatewayError(Exception):
    """Base of every error below. `retry_after` is in seconds, None where nothing is known."""

    retryable = False
    deferrable = False
    wants_message = False
    retry_after: float | None = None


class ConfigError(GatewayError):
    """The configuration cannot be used."""


class AdapterError(GatewayError):
    """A platform did not do what it was asked."""


class AuthError(AdapterError):
    """The platform refuses our credentials."""

    deferrable = True


class NetworkError(AdapterError):
    """The platform could not be reached: nothing of the request was acted on."""

    retryable = True


class OutcomeUnknown(NetworkError):
    """No answer came, and the platform may have acted all the same."""


@contextmanager
def unseen() -> Iterator[None]:
    """For calls of which people see nothing, an upload say: what may have been done can be done again.

    `OutcomeUnknown` from within is raised as a `NetworkError`.
    """
    try:
        yield
    except OutcomeUnknown as exc:
        raise NetworkError(str(exc)) from exc


class Unconfirmed(AdapterError):
    """A message may have reached people; sent once more, they might see it twice."""


class RateLimited(AdapterError):
    """The platform asks us to slow down for `retry_after` seconds."""

    retryable = True

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Rejected(AdapterError):
    """The platform refuses this message, now and ever."""


class WindowClosed(AdapterError):
    """The platform lets us write again once the person has written, or maybe in `retry_after` seconds."""

    deferrable = True
    wants_message = True

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ChatGone(AdapterError):
    """The chat cannot be written to any more: we were blocked, removed, or it was deleted."""


class ChatMoved(AdapterError):
    """The chat has another id now: `to`, the platform's own, as a string."""

    def __init__(self, message: str, to: str) -> None:
        super().__init__(message)
        self.to = to


class BackendError(GatewayError):
    """The language model did not answer."""


class BackendBusy(BackendError):
    """The model is overloaded, unreachable or too slow; `retry_after` where its server named one."""

    retryable = True

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ContextTooLong(BackendError):
    """The turns are more than the model takes."""


class BackendRefused(BackendError):
    """The model's server refuses the request: wrong key, unknown model, quota exhausted."""


class TooManyAnswers(GatewayError):
    """A group was given more answers than it may have in a minute; the next is due in `retry_after` s."""

    retryable = True

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class StoreError(GatewayError):
    """The database cannot be read or written."""

    deferrable = True


class InboxError(GatewayError):
    """A message could not be made durable, so the platform must not be told that we have it."""

    deferrable = True
