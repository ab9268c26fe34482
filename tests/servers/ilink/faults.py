"""What goes wrong on request: calls, sessions, and what is sent."""

from __future__ import annotations

from tests.servers.faults import Fault, PlainFaults

from .world import DAY, Bot, Json, Limits, Person, World


class Faults(PlainFaults):
    """What goes wrong, and when."""

    world: World

    def refuse(self, part: str, ret: int = -2, errmsg: str = "", *, times: int | None = 1) -> Fault:
        """Refuse the next *times* calls whose path has *part* with *ret*, in a 200."""
        body: Json = {"ret": ret, "errmsg": errmsg} if errmsg else {"ret": ret}
        return self.fail(part, status=200, body=body, times=times)

    def heal(self) -> None:
        """No more faults, and nothing is swallowed. Calls that hang go on hanging."""
        super().heal()
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

    def _error(self, status: int) -> bytes:
        return b"<html>error</html>"
