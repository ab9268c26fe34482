"""What goes wrong on request: calls, sessions, and what is sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import orjson

from .world import DAY, Bot, Json, Limits, Person, World


@dataclass(slots=True)
class Fault:
    """What becomes of the next *times* calls (None: of all) whose path has *part*, where *when* is true.

    *status* 0 hangs. *cut*: half the body, then the connection breaks. *after_acting*: the call is done
    first, only its answer is lost.
    """

    part: str
    status: int
    body: bytes
    times: int | None
    when: Callable[[Json], bool] | None = None
    cut: bool = False
    after_acting: bool = False

    def matches(self, path: str, params: Json) -> bool:
        """Whether it is for this call."""
        return self.part in path and (self.when is None or self.when(params))


class Faults:
    """What goes wrong, and when."""

    world: World
    faults: list[Fault]

    def fail(
        self,
        part: str,
        *,
        status: int = 500,
        body: Json | bytes = b"<html>error</html>",
        times: int | None = 1,
        when: Callable[[Json], bool] | None = None,
        cut: bool = False,
        after_acting: bool = False,
    ) -> Fault:
        """Answer the next *times* calls whose path has *part* ("": of any, "/c2c/": of the CDN; None: until
        `heal`) with *status* and *body*.

        *when* is asked with the call's parameters. *cut* sends half of the body and breaks the connection,
        *after_acting* does what was asked first.
        """
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        fault = Fault(part, status, raw, times, when, cut, after_acting)
        self.faults.append(fault)
        return fault

    def refuse(self, part: str, ret: int = -2, errmsg: str = "", *, times: int | None = 1) -> Fault:
        """Refuse the next *times* calls whose path has *part* with *ret*, in a 200."""
        body: Json = {"ret": ret, "errmsg": errmsg} if errmsg else {"ret": ret}
        return self.fail(part, status=200, body=body, times=times)

    def hang(
        self,
        part: str,
        *,
        times: int | None = 1,
        when: Callable[[Json], bool] | None = None,
        after_acting: bool = False,
    ) -> Fault:
        """Never answer the next *times* calls whose path has *part*."""
        fault = Fault(part, 0, b"", times, when, after_acting=after_acting)
        self.faults.append(fault)
        return fault

    def heal(self) -> None:
        """No more faults, and nothing is swallowed. Calls that hang go on hanging."""
        self.faults.clear()
        self.world.swallows.clear()

    def swallow(self, person: Person, *, times: int | None = 1) -> None:
        """Show *person* none of the next *times* messages (None: of all until `heal`): the answer is ret 0,
        and only the message_id is missing.

        https://github.com/Tencent/openclaw-weixin/issues/263
        """
        self.world.swallows[person.id] = times

    def limits(
        self,
        *,
        budget: int | None = 10,
        window: float | None = DAY,
        burst: int | None = None,
        seconds: float = 1.0,
        blocked: float = 60.0,
        newest: bool = False,
        tokenless: bool = False,
    ) -> None:
        """What meets ret -2 from now on; None is no limit.

        More than *budget* messages on one context token; *window* seconds after the person wrote; more than
        *burst* messages in *seconds*, and then everything for *blocked* seconds.
        *newest*: every context token but the newest. Unless *tokenless*: no context token.
        """
        self.world.limits = Limits(budget, window, burst, seconds, blocked, newest, tokenless)

    def expire(self, bot: Bot) -> None:
        """The session is over: -14 from now on."""
        self.world.kill(bot)

    def redeliver(self, message_id: str) -> None:
        """Hand out a message once more, with the same id. Raises `AssertionError`: there is none.

        https://github.com/Tencent/openclaw-weixin/issues/239
        """
        bot, message = self.world.find(message_id)
        bot.inbox.append(message)
        self.world.changed()

    def forget_media(self) -> None:
        """The CDN has none of the files any more."""
        self.world.media.clear()

    def fault_for(self, path: str, params: Json) -> Fault | None:
        """The fault that this call meets, counted down."""
        for fault in self.faults:
            if fault.matches(path, params):
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self.faults.remove(fault)
                return fault
        return None
