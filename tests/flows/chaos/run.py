"""One run: what was drawn from a seed happens; then all is mended, and judged."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from gateway.inbox import deadletters
from tests.flows.chaos.acts import REFUSALS, Acts
from tests.flows.chaos.answering import Model, question
from tests.flows.chaos.called import DingTalk, Telegram
from tests.flows.chaos.nest import Nest, NestedProcess
from tests.flows.chaos.personal import Ilink, Web
from tests.flows.chaos.ports import free_ports
from tests.flows.chaos.posted import Official, Page
from tests.flows.chaos.stages import Stage, until
from tests.flows.chaos.verdict import Judge, Talk, Verdict
from tests.servers.model import ModelServer

# How long all may take to settle (seconds), on a slow machine too.
_SETTLED = 100.0
# The inbox looks for what waits for another reason than time every five seconds.
_LOOKS_AGAIN = 5.5
_MORE_TASKS = 3
# Whoever waits for longer (seconds) waits for a person to write.
_WINDOW = 3 * 3600.0
_GROWN = 60e6
"""Bytes that a gateway may have more at the end of a run than at its beginning."""

STAGES: Sequence[type[Stage]] = (Telegram, DingTalk, Web, Ilink, Official, Page)


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
        # Whether time passes faster for the gateway than for us, once, and meanwhile there is no network.
        self._lapses = self.chance.random() < 0.2

    def _stages(self) -> list[Stage]:
        (self.web_port,) = free_ports(1)
        kinds = self.chance.sample(STAGES, self.chance.choice((1, 2, 2, 3)))
        return [kind(self.web_port, random.Random(self.chance.random())) for kind in kinds]

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
            self.process = NestedProcess(self._nest, self._folder, self._config(), lapses=self._lapses)
            await all_of_it.enter_async_context(self.process)
            await asyncio.gather(*(stage.enter() for stage in self.stages))
            for stage in self.stages:
                await until(lambda name=stage.name: f"channel {name} is up" in self.process.log)
            yield

    async def happen(self) -> None:
        """Everything that was drawn, each at its time."""
        for stage in self.stages:
            for _ in range(self.chance.randint(1, 3)):
                group = self.chance.random() < 0.3
                self.talks.append(Talk(len(self.talks), stage, stage.chat(group)))
        acts = Acts(self.chance, self.verdict, self.talks, self.process, self.server, lapses=self._lapses)
        await acts.happen()

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
        late = due - self.process.now
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
            kept = set(connection.execute("SELECT channel, message FROM inbox"))
            connection.row_factory = sqlite3.Row
            letters = deadletters.find(connection)
        judge = Judge(self.verdict, self.model, kept, letters, self.process.lines(""))
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
            if not line.startswith(("{", *REFUSALS))
        ]
        tasks, working = await self.process.tasks()
        for page in [name for name in tasks if name.startswith("RequestHandler.")]:
            del tasks[page]  # people have it open
        if working or (tasks - before).total() > _MORE_TASKS:
            wrong.append(f"{working} tasks of messages; more than at the beginning: {tasks - before}")
        grown = psutil.Process(self.process.pid).memory_info().rss - memory
        if grown > _GROWN:
            wrong.append(f"{grown / 1e6:.0f} MB more of memory")


async def play(nest: Nest, folder: Path, seed: int) -> Verdict:
    """The run of *seed*, with its files in *folder*."""
    run = Run(nest, folder, seed)
    async with run.set_up():
        before, _ = await run.process.tasks()
        memory = psutil.Process(run.process.pid).memory_info().rss
        await run.happen()
        await run.settle()
        await run.judge(before, memory)
    return run.verdict
