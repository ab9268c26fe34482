"""One run: what is said and what goes wrong, drawn from a seed; then all is mended, and judged."""

from __future__ import annotations

import asyncio
import contextlib
import random
import resource
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from gateway.inbox import deadletters
from tests.flows.chaos.answering import Model, question
from tests.flows.chaos.called import DingTalk, Ilink, Telegram, Web
from tests.flows.chaos.nest import Nest, NestedProcess
from tests.flows.chaos.ports import free_ports
from tests.flows.chaos.posted import Official, Page
from tests.flows.chaos.stages import TROUBLES, Stage, until
from tests.flows.chaos.verdict import Judge, Talk, Verdict
from tests.servers.model import ModelServer

# Seconds: how long things happen, how long all may take to settle afterwards, on a slow machine too.
_SHORTEST, _LONGEST, _SETTLED = 1.5, 4.0, 100.0
# The inbox looks for what waits for another reason than time every five seconds.
_LOOKS_AGAIN = 5.5
_MORE_TASKS = 3
# Whoever waits for longer (seconds) waits for a person to write.
_WINDOW = 3 * 3600.0
_GROWN = 60e6
"""Bytes that a gateway may have more at the end of a run than at its beginning."""

STAGES: Sequence[type[Stage]] = (Telegram, DingTalk, Web, Ilink, Official, Page)
Act = Callable[[], Awaitable[str]]


class Run:
    """A gateway between platforms, from a seed."""

    def __init__(self, nest: Nest, folder: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self.verdict = Verdict(seed)
        self.stages = self._stages()
        self.talks: list[Talk] = []
        self.server = ModelServer()
        longest = 350 if any(isinstance(stage, Official) for stage in self.stages) else 900
        self.model = Model(seed, self.server, longest)
        self._nest = nest
        self._folder = folder
        self.process: NestedProcess
        self._began = time.monotonic()
        self._work = asyncio.Lock()  # one kill or start at a time

    def _stages(self) -> list[Stage]:
        (self.web_port,) = free_ports(1)
        kinds = self.chance.sample(STAGES, self.chance.choice((1, 2, 2, 3)))
        return [kind(self.web_port) for kind in kinds]

    def _config(self) -> dict[str, Any]:
        config: dict[str, Any] = {
            "base_url": self.server.base_url,
            "model": "test",
            "session_timeout": 3600,
            "timeouts": {"connect": 2, "first_token": 2, "idle": 2, "total": 20},
            "shutdown_grace": self.chance.choice((0, 0.5, 5)),
            "channels": {stage.name: {"type": stage.kind, **stage.options()} for stage in self.stages},
        }
        return config | ({"web": {"port": self.web_port}} if any(s.needs_web for s in self.stages) else {})

    @asynccontextmanager
    async def set_up(self) -> AsyncIterator[None]:
        """Everybody is there, and the gateway listens."""
        async with AsyncExitStack() as all_of_it:
            await all_of_it.enter_async_context(self.server)
            for stage in self.stages:
                all_of_it.push_async_callback(stage.close)
                await stage.open()
            self.process = NestedProcess(self._nest, self._folder, self._config())
            await all_of_it.enter_async_context(self.process)
            await asyncio.gather(*(stage.enter() for stage in self.stages))
            for stage in self.stages:
                await until(lambda name=stage.name: f"channel {name} is up" in self.process.log)
            yield

    # What happens.

    async def happen(self) -> None:
        """Everything that was drawn, each at its time."""
        for stage in self.stages:
            for _ in range(self.chance.randint(1, 3)):
                group = self.chance.random() < 0.3
                self.talks.append(Talk(len(self.talks), stage, stage.chat(group)))
        await asyncio.gather(*(self._at(at, act) for at, act in self._plan()))

    def _plan(self) -> list[tuple[float, Act]]:
        chance, length = self.chance, self.chance.uniform(_SHORTEST, _LONGEST)
        says = [self._say(chance.choice(self.talks)) for _ in range(chance.randint(3, 6 * len(self.stages)))]
        acts: list[Act] = [*says]
        acts += [self._trouble() for _ in range(chance.randint(0, 4 * len(self.stages)))]
        acts += [self._repeat() for _ in range(chance.randint(0, 3))]
        acts += [self._intrude() for _ in range(chance.choice((0, 0, 1)))]
        acts += [self._outage() for _ in range(chance.choice((0, 0, 1)))]
        acts += [self._kill for _ in range(chance.choice((0, 0, 0, 1, 1, 2)))]
        acts += [self._terminate for _ in range(chance.choice((0, 0, 0, 1)))]
        acts += [self._rival for _ in range(chance.choice((0, 0, 0, 1)))]
        acts += [self._jump() for _ in range(chance.choice((0, 0, 0, 1)))]
        acts += [self._fill() for _ in range(chance.choice((0, 0, 0, 1)))]
        # In one chat things are said in the order in which they were numbered.
        times = sorted(chance.uniform(0, length) for _ in says)
        return [
            *zip(times, says, strict=True),
            *((chance.uniform(0, length), act) for act in acts[len(says) :]),
        ]

    async def _at(self, seconds: float, act: Act) -> None:
        await asyncio.sleep(self._began + seconds - time.monotonic())
        at = time.monotonic() - self._began
        if said := await act():
            self.verdict.story.append(f"{at:6.2f} {said}")

    def _say(self, talk: Talk) -> Act:
        number = len(talk.ids)
        talk.ids.append("")

        async def say() -> str:
            talk.ids[number] = await talk.stage.say(talk.chat, question(talk.number, number))
            return f"{talk.stage.kind}: question {talk.number}.{number} is {talk.ids[number]}"

        return say

    def _trouble(self) -> Act:
        stage, what = self.chance.choice(self.stages), self.chance.choice(TROUBLES)
        chance = random.Random(self.chance.random())

        async def trouble() -> str:
            said = stage.trouble(what, chance)
            return said and f"{stage.kind}: {said}"

        return trouble

    def _repeat(self) -> Act:
        talk, chance = self.chance.choice(self.talks), random.Random(self.chance.random())

        async def repeat() -> str:
            ids = [(talk.chat, id) for id in talk.ids if id]
            said = await talk.stage.repeat(ids, chance) if ids else ""
            return said and f"{talk.stage.kind}: {said}"

        return repeat

    def _intrude(self) -> Act:
        stage = self.chance.choice(self.stages)

        async def intrude() -> str:
            said = stage.intrude()
            return said and f"{stage.kind}: {said}"

        return intrude

    def _outage(self) -> Act:
        stage, seconds = self.chance.choice(self.stages), self.chance.uniform(0.2, 1.5)

        async def outage() -> str:
            await stage.drop()
            await asyncio.sleep(seconds)
            await stage.come_back()
            return f"{stage.kind}: no network for {seconds:.1f} s"

        return outage

    async def _kill(self) -> str:
        async with self._work:
            self.verdict.kills += 1
            await self.process.kill()
            await self.process.start()
        return "kill -9"

    async def _terminate(self) -> str:
        async with self._work:
            begun = self.process.begun
            self.verdict.stops += 1
            code = await self.process.terminate()
            await self.process.start()
        if code and begun:  # else nobody was there yet to obey
            self.verdict.wrong.append(f"SIGTERM ended with {code}")
        return "kill -TERM"

    async def _rival(self) -> str:
        async with self._work:
            await until(lambda: self.process.begun)  # and has its lock
            if (code := await self.process.rival()) != 1:
                self.verdict.wrong.append(f"a second gateway on the same data ended with {code}")
        return "a second gateway"

    def _jump(self) -> Act:
        # An official account's messages are signed with a time.
        most = 200 if any(isinstance(stage, Official) for stage in self.stages) else 7200
        seconds = self.chance.uniform(-most, most)

        async def jump() -> str:
            async with self._work:
                self.process.jump(seconds)
            return f"the clock jumps by {seconds:.0f} s"

        return jump

    def _fill(self) -> Act:
        seconds = self.chance.uniform(0.2, 1.0)

        async def fill() -> str:
            async with self._work:
                log = self._folder / "data" / "gateway.db-wal"
                largest = log.stat().st_size if log.exists() else 0
                if largest < len(self.process.log) + 30_000:
                    return "the disk stays as it is: the log could not be written either"
                with _largest_file(self.process.pid, largest):
                    await asyncio.sleep(seconds)
            return f"the disk is full for {seconds:.1f} s"

        return fill

    # And then.

    async def settle(self) -> None:
        """Mend everything, and wait until nothing is left to do."""
        self.model.healthy = True
        for stage in self.stages:
            stage.heal()
            # What hangs is cut.
            await stage.drop()
            await stage.come_back()
        try:
            async with asyncio.timeout(_SETTLED):
                await self._until_quiet()
        except TimeoutError:
            held = [stage.kind for stage in self.stages if not stage.settled()]
            self.verdict.wrong.append(f"not at rest: {held} hold something, {self._waiting()} wait")

    async def _until_quiet(self) -> None:
        quiet = 0
        while quiet < 2:
            settled = await self._looked() and all(stage.settled() for stage in self.stages)
            waiting = self._waiting()
            quiet = quiet + 1 if settled and not waiting else 0
            if waiting:
                await self._let_time_pass(max(waiting))
            await asyncio.sleep(0.1)

    async def _looked(self) -> bool:
        """Whether everybody sees what there is; not while the gateway starts."""
        try:
            for stage in self.stages:
                await stage.look()
        except (aiohttp.ClientError, OSError):
            return False
        return True

    async def _let_time_pass(self, due: float) -> None:
        """Do not wait for what is put off for long: its moment comes at once."""
        late = due - time.time() - self.process.ahead
        if late < 4:
            return
        if late > _WINDOW:
            for talk in self.talks:
                await self._say_more(talk)
            return
        self.process.jump(late + 1)
        await asyncio.sleep(_LOOKS_AGAIN)
        self.process.jump(-(late + 1))

    async def _say_more(self, talk: Talk) -> None:
        """What waits for a person to write has its time when one does."""
        number = len(talk.ids)
        talk.ids.append("")
        talk.ids[number] = await talk.stage.say(talk.chat, question(talk.number, number))

    def _waiting(self) -> list[float]:
        """When each message is due that waits; 0: at once."""
        with closing(self._database()) as connection:
            return [
                due for (due,) in connection.execute("SELECT not_before FROM inbox WHERE state = 'waiting'")
            ]

    def _database(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._folder / "data" / "gateway.db", timeout=20)
        connection.execute("PRAGMA query_only = 1")
        return connection

    async def judge(self, before: Counter[str], memory: int) -> None:
        """Look whether the promises held."""
        with closing(self._database()) as connection:
            connection.row_factory = sqlite3.Row
            letters = deadletters.find(connection)
            kept = {id for (id,) in connection.execute("SELECT message FROM inbox")}
        judge = Judge(self.verdict, self.model, kept, letters, self.process.lines("error "))
        for talk in self.talks:
            judge.judge(talk)
        wrong = self.verdict.wrong
        listed = self.process.tells("dead", "list")
        wrong += [f"an operator does not see {one}" for one in letters if one.error not in listed]
        wrong += [f"{stage.kind} complains: {words}" for stage in self.stages for words in stage.complaints]
        wrong += [f"unforeseen: {line}" for line in self.process.lines('"traceback"')]
        wrong += [
            f"on standard error: {line}"
            for line in self.process.log.splitlines()
            if not line.startswith(("{", "another gateway"))
        ]
        tasks, working = await self.process.tasks()
        for page in [name for name in tasks if name.startswith("RequestHandler.")]:
            del tasks[page]  # people have it open
        if working or (tasks - before).total() > _MORE_TASKS:
            wrong.append(f"{working} tasks of messages; more than at the beginning: {tasks - before}")
        grown = psutil.Process(self.process.pid).memory_info().rss - memory
        if grown > _GROWN:
            wrong.append(f"{grown / 1e6:.0f} MB more of memory")


@contextlib.contextmanager
def _largest_file(pid: int, size: int) -> Any:
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


async def play(nest: Nest, folder: Path, seed: int) -> Verdict:
    """The run of *seed*, with its files in *folder*."""
    run = Run(nest, folder, seed)
    async with run.set_up():
        run._began = time.monotonic()
        before, _ = await run.process.tasks()
        memory = psutil.Process(run.process.pid).memory_info().rss
        await run.happen()
        await run.settle()
        await run.judge(before, memory)
    return run.verdict
