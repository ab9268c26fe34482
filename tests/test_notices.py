"""What operators are told of channels: through those that work, once, and only what holds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from gateway import qr
from gateway.adapter import Capabilities, ChannelState
from gateway.channels import Channel
from gateway.errors import AdapterError, ChatGone, NetworkError, OutcomeUnknown, Rejected, WindowClosed
from gateway.message import Attachment, Chat, Receipt, Reply
from gateway.notices import Notices, Pace, Wording
from gateway.notices.watch import MOST_CODES
from gateway.store.archive import Archive
from gateway.store.database import Database
from tests.adapters.host import FakeHost, until
from tests.adapters.memory import MemoryAdapter
from tests.adapters.telegram_platform import telegram

PICTURES = Capabilities(max_length=1000, files=True, delete=True)
TEXTS = Capabilities(max_length=1000)
# Nothing waits for long, and what is too early would be seen.
QUICK = Pace(down=0.05, code=0.05, first_pause=0.01, letters=0.02)
PATIENT = replace(QUICK, down=3600.0, code=3600.0)
OPERATOR = Chat("desk", "7")


class Known(MemoryAdapter):
    """An adapter that knows its account, and in which chats it was written."""

    seen: list[Chat]

    @property
    def account(self) -> str:
        return "bot"

    async def send(self, chat: Chat, reply: Reply) -> Receipt:
        self.seen = [*getattr(self, "seen", []), chat]
        return await super().send(chat, reply)


class Office:
    """Two channels to tell through, "desk" and "porch", and one to tell of, "shop"."""

    def __init__(self, folder: Path, able: Capabilities) -> None:
        archive = Archive(Database(folder / "gateway.db"))
        self.channels = {name: Channel(name, folder, archive) for name in ("desk", "shop", "porch")}
        self.adapters = {name: Known(folder, able, name) for name in self.channels}
        self.desk, self.porch = self.adapters["desk"], self.adapters["porch"]
        self.shop = self.channels["shop"]
        self.channels["desk"].report(ChannelState.UP)
        self.notices: Notices

    def texts(self, name: str = "desk") -> list[str]:
        """The first lines of what is to be read there now."""
        return [text.partition("\n")[0] for text in self.adapters[name].texts()]

    async def told(self, count: int, name: str = "desk") -> list[str]:
        """The first lines of all that was sent there, once there are *count*."""
        sent = self.adapters[name]
        await until(lambda: len(sent.asked("send")) >= count, lambda: sent.asked("send"))
        return [text.partition("\n")[0] for text in sent.asked("send")]

    def pictures(self, name: str = "desk") -> list[Attachment]:
        shown = self.adapters[name].messages
        return [message.reply.file for message in shown if message.reply.file is not None]

    async def quiet(self) -> None:
        """Wait until whatever could be told by now was told: the channel named last is told of last."""
        self.channels["porch"].report(ChannelState.AUTH_FAILED, "probe")
        await until(lambda: "The platform refuses the login of porch." in self.texts(), self.texts)


@asynccontextmanager
async def office(
    folder: Path,
    operators: Sequence[Chat] = (OPERATOR,),
    able: Capabilities = PICTURES,
    pace: Pace = QUICK,
    wording: Wording | None = None,
) -> AsyncIterator[Office]:
    here = Office(folder, able)
    wording = wording or Wording(pages="http://127.0.0.1:8080/channels")
    async with Notices(operators, here.channels, here.adapters, wording, pace) as here.notices:
        yield here


# --- down, refused, back


async def test_what_is_down_for_a_while_is_told_and_that_it_works_again(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        here.shop.report(ChannelState.DOWN, "no network")
        here.shop.report(ChannelState.STARTING)
        here.shop.report(ChannelState.DOWN, "no route")
        (down,) = await here.told(1)
        assert down.startswith("shop is down since ")
        assert here.desk.texts() == [f"{down}\n\nno network"]
        here.shop.report(ChannelState.UP)
        assert await here.told(2) == [down, "shop works again."]
        here.shop.report(ChannelState.DOWN)
        assert len(await here.told(3)) == 3
        assert [chat.key for chat in here.desk.seen] == ["desk:bot:7:"] * 3
        assert here.channels["desk"].status.last_out is not None


async def test_what_comes_back_soon_is_not_told(tmp_path: Path) -> None:
    async with office(tmp_path, pace=PATIENT) as here:
        for _ in range(3):
            here.shop.report(ChannelState.DOWN)
            here.shop.report(ChannelState.UP)
        here.shop.report(ChannelState.DOWN)
        await here.quiet()
        assert len(here.texts()) == 1


async def test_a_refused_login_is_told_at_once_and_not_again_until_it_works(tmp_path: Path) -> None:
    async with office(tmp_path, pace=PATIENT) as here:
        for _ in range(3):
            here.shop.report(ChannelState.STARTING)
            here.shop.report(ChannelState.AUTH_FAILED, "token revoked")
        await here.told(1)
        here.shop.report(ChannelState.DOWN)
        await here.quiet()
        assert here.desk.texts()[0] == "The platform refuses the login of shop.\n\ntoken revoked"
        assert len(here.texts()) == 2


async def test_the_channel_that_has_the_trouble_does_not_tell_of_it(tmp_path: Path) -> None:
    porch = Chat("porch", "9")
    async with office(tmp_path, [OPERATOR, porch]) as here:
        here.channels["porch"].report(ChannelState.UP)
        here.channels["desk"].report(ChannelState.AUTH_FAILED)
        assert await here.told(1, "porch") == ["The platform refuses the login of desk."]
        here.channels["desk"].report(ChannelState.UP)
        assert len(await here.told(2, "porch")) == 2
        assert here.desk.calls == []


async def test_what_cannot_be_told_now_is_told_later_if_it_still_holds(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        desk, porch = here.channels["desk"], here.channels["porch"]
        desk.report(ChannelState.DOWN)
        porch.report(ChannelState.AUTH_FAILED, "gone")
        here.shop.report(ChannelState.AUTH_FAILED, "revoked")
        porch.report(ChannelState.UP)
        desk.report(ChannelState.UP)
        assert await here.told(1) == ["The platform refuses the login of shop."]
        desk.report(ChannelState.DOWN)
        here.shop.report(ChannelState.UP)
        here.shop.report(ChannelState.AUTH_FAILED, "again")
        desk.report(ChannelState.UP)
        await here.told(2)
        assert here.desk.texts()[1:] == ["The platform refuses the login of shop.\n\nagain"]


async def test_an_operator_may_read_chinese(tmp_path: Path) -> None:
    async with office(tmp_path, wording=Wording("zh")) as here:
        here.shop.report(ChannelState.KICKED)
        await here.told(1)
        assert here.desk.texts()[0].startswith("通道 shop 需要登录：已在其他设备登录。")
        assert here.desk.texts()[0].endswith("gateway login shop")


# --- logins


async def test_a_code_is_shown_with_why_and_until_when(tmp_path: Path) -> None:
    async with office(tmp_path, pace=PATIENT) as here:
        here.shop.report(ChannelState.LOGGED_OUT, "errcode 1101")
        here.shop.login.show("https://example.org/l/secret", 300)
        scan = here.shop.login.scan
        assert scan is not None
        await here.told(1)
        assert here.pictures() == [Attachment("login.png", qr.png(scan.text) or b"", "image/png")]
        clock = Wording().clock(scan.expires)
        assert here.desk.texts() == [
            "shop needs a login: it was logged out.\n\nerrcode 1101\n\n"
            f"Scan this code with the phone until {clock}.\n\n"
            "To log in at any time: gateway login shop, or open http://127.0.0.1:8080/channels/shop"
        ]
        here.shop.login.scanned()
        here.shop.report(ChannelState.UP)
        here.shop.login.done()
        assert (await here.told(2))[1:] == ["shop works again."]
        await until(lambda: not here.pictures())


async def test_without_a_code_the_login_is_told_soon_and_the_code_when_it_is_there(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        here.shop.report(ChannelState.AUTH_EXPIRED)
        here.shop.report(ChannelState.STARTING)
        here.shop.report(ChannelState.NEEDS_LOGIN)
        assert await here.told(1) == ["shop needs a login: the login has expired."]
        assert here.pictures() == []
        here.shop.login.show("one", 300)
        assert await here.told(2) == ["shop needs a login: the login has expired."] * 2
        assert len(here.pictures()) == 1


async def test_a_new_code_takes_the_place_of_the_old_one_but_not_for_ever(tmp_path: Path) -> None:
    async with office(tmp_path, pace=PATIENT) as here:
        for number in range(1, MOST_CODES + 4):
            here.shop.login.show(f"code {number}", 300)
            await here.told(min(number, MOST_CODES + 1))
            assert len(here.pictures()) <= 1
        await here.quiet()
        assert here.texts()[:1] == ["No more codes for shop come here."]
        assert len(here.desk.asked("send")) == MOST_CODES + 2
        assert here.pictures() == []
        here.shop.report(ChannelState.UP)
        here.shop.login.done()
        await here.told(MOST_CODES + 3)
        here.shop.login.show("another", 300)
        await until(here.pictures)


async def test_what_the_phone_wants_typed_is_told(tmp_path: Path) -> None:
    async with office(tmp_path, pace=PATIENT) as here:
        here.shop.login.show("code", 300)
        await here.told(1)
        here.shop.login.scanned()
        asking = asyncio.create_task(here.shop.login.digits())
        assert (await here.told(2))[1:] == ["The phone that logs shop in shows digits, and they are wanted."]
        here.shop.login.answer("123")
        await asking
        await here.quiet()
        assert len(here.desk.asked("send")) == 3


async def test_a_code_that_is_good_no_more_is_not_shown(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        here.shop.login.show("stale", -1)
        assert await here.told(1) == ["shop needs a login: nobody is logged in."]
        assert here.pictures() == []


async def test_where_no_pictures_go_the_way_to_one_is_told_and_never_the_code(tmp_path: Path) -> None:
    async with office(tmp_path, able=TEXTS, pace=PATIENT) as here:
        here.shop.report(ChannelState.LOGGED_OUT)
        for number in range(3):
            here.shop.login.show(f"https://example.org/secret/{number}", 300)
        await here.quiet()
        text, _ = here.desk.texts()
        assert text.endswith("gateway login shop, or open http://127.0.0.1:8080/channels/shop")
        assert "secret" not in text
        assert "Scan" not in text


async def test_a_long_notice_comes_in_pieces_and_the_picture_with_the_last(tmp_path: Path) -> None:
    async with office(tmp_path, able=replace(PICTURES, max_length=60), pace=PATIENT) as here:
        here.shop.login.show("code", 300)
        await until(here.pictures)
        shown = here.desk.messages
        assert len(shown) > 2
        assert [message.reply.file is not None for message in shown] == [False] * (len(shown) - 1) + [True]


async def test_what_no_code_can_hold_is_told_without_one(tmp_path: Path) -> None:
    async with office(tmp_path, pace=PATIENT) as here:
        here.shop.login.show("x" * 5000, 300)
        assert await here.told(1) == ["shop needs a login: nobody is logged in."]
        assert here.pictures() == []


async def test_a_picture_that_is_refused_is_left_out(tmp_path: Path) -> None:
    async with office(tmp_path, pace=PATIENT) as here:
        here.desk.faults.append(Rejected("no pictures here"))
        here.shop.login.show("code", 300)
        await until(lambda: here.texts() == ["shop needs a login: nobody is logged in."])
        assert here.pictures() == []


async def test_a_picture_that_cannot_be_taken_away_stays(tmp_path: Path) -> None:
    async with office(tmp_path, pace=PATIENT) as here:
        here.shop.login.show("code", 300)
        await here.told(1)
        here.desk.faults.append(NetworkError("no network"))
        here.shop.login.done()
        await until(lambda: here.desk.asked("delete"))
        await here.quiet()
        assert len(here.pictures()) == 1


async def test_no_secret_is_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    async with office(tmp_path, pace=PATIENT) as here:
        here.desk.faults.extend([NetworkError("no network"), Rejected("no")])
        here.shop.login.show("the-secret", 300)
        await here.told(3)
    assert "the-secret" not in caplog.text


# --- what goes wrong


@pytest.mark.parametrize(
    "error",
    [NetworkError("no network"), OutcomeUnknown("no answer"), WindowClosed("write first")],
    ids=lambda error: type(error).__name__,
)
async def test_a_notice_that_fails_is_tried_again(tmp_path: Path, error: AdapterError) -> None:
    async with office(tmp_path) as here:
        here.desk.faults.extend([error, error])
        here.shop.report(ChannelState.AUTH_FAILED)
        assert len(await here.told(3)) == 3
        await here.quiet()
        assert here.texts()[-2:] == [
            "The platform refuses the login of shop.",
            "The platform refuses the login of porch.",
        ]


async def test_a_chat_that_is_gone_is_not_hammered(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with office(tmp_path) as here:
        here.desk.faults.append(ChatGone("we were blocked"))
        here.shop.report(ChannelState.AUTH_FAILED)
        await until(lambda: "operator desk:7 was not told: we were blocked" in caplog.text)
        here.shop.report(ChannelState.UP)  # of which it need not hear
        await here.quiet()
        assert here.texts() == ["The platform refuses the login of porch."]


async def test_a_notice_is_given_up_at_last(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with office(tmp_path, pace=replace(QUICK, first_pause=0.001)) as here:
        here.desk.faults.extend([NetworkError("no network")] * 8)
        here.shop.report(ChannelState.AUTH_FAILED)
        await until(lambda: "was not told" in caplog.text)
        await here.quiet()
        assert len(here.desk.asked("send")) == 9


async def test_a_group_that_moved_is_told_where_it_is(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        here.desk.moved["7"] = "8"
        here.shop.report(ChannelState.AUTH_FAILED)
        await until(lambda: here.desk.texts("8"))
        here.shop.report(ChannelState.UP)
        await until(lambda: len(here.desk.texts("8")) == 2)


async def test_an_adapter_that_breaks_disturbs_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Known):
        async def send(self, chat: Chat, reply: Reply) -> Receipt:
            raise LookupError("our mistake")

    here = Office(tmp_path, PICTURES)
    here.adapters["porch"] = Broken(tmp_path, PICTURES, "porch")
    here.channels["porch"].report(ChannelState.UP)
    operators = [Chat("porch", "9"), OPERATOR]
    async with Notices(operators, here.channels, here.adapters, Wording(), QUICK):
        here.shop.report(ChannelState.AUTH_FAILED)
        await here.told(1)
        here.shop.report(ChannelState.UP)
        await here.told(2)
    assert "operator porch:9 was not told: LookupError: our mistake" in caplog.text
    assert "Traceback" in caplog.text


async def test_a_chat_that_hangs_is_left_at_the_end(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        here.desk.gate.clear()
        here.shop.report(ChannelState.AUTH_FAILED)
        await here.told(1)
        began = time.monotonic()
    assert time.monotonic() - began < 5


# --- how much


async def test_too_many_notices_end_with_a_line_until_the_hour_is_over(tmp_path: Path) -> None:
    async with office(tmp_path, pace=replace(QUICK, hour=2.0, most=1)) as here:
        here.shop.report(ChannelState.AUTH_FAILED, "in the beginning")
        await here.told(1)
        here.shop.report(ChannelState.UP)
        assert (await here.told(2))[1].startswith("Too much happens for a notice each.")
        here.shop.report(ChannelState.AUTH_FAILED, "in the end")
        await here.told(3)
        assert here.desk.texts()[2].endswith("in the end")


async def test_dead_letters_are_counted_and_told_together(tmp_path: Path) -> None:
    async with office(tmp_path, pace=replace(QUICK, hour=0.3)) as here:
        for _ in range(3):
            here.notices.count_letter()
        said = "Messages that were given up: {}. gateway dead list shows them."
        assert await here.told(1) == [said.format(3)]
        told = time.monotonic()
        for _ in range(2):
            here.notices.count_letter()
        assert await here.told(2) == [said.format(3), said.format(2)]
        assert time.monotonic() - told > 0.2


# --- on a platform


async def test_the_code_comes_as_a_photo_on_telegram(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, "desk")
    async with telegram(host) as (server, stage):
        here, ann = Office(tmp_path, PICTURES), server.private(server.user("Ann"))
        adapters = {**here.adapters, "desk": stage.adapter}
        operator = stage.adapter.options.chat("desk", str(ann["id"]))
        async with Notices([operator], here.channels, adapters, Wording(), PATIENT):
            here.shop.login.show("https://example.org/l/secret", 300)
            (sent,) = await server.answers(ann)
            assert (sent.kind, sent.file) == ("photo", qr.png("https://example.org/l/secret"))
            assert sent.text.startswith("shop needs a login: nobody is logged in.")
            assert [entity["type"] for entity in sent.entities] == ["code"]
            here.shop.login.done()
            await server.until(lambda: not server.sent(ann))
