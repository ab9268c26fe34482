"""What happens in a run: what is said and what goes wrong, each drawn from its seed, and when."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence

from tests.flows.chaos.answering import question
from tests.flows.chaos.disk import Disk
from tests.flows.chaos.nest import NestedProcess
from tests.flows.chaos.network import blackout, outage
from tests.flows.chaos.posted import Official
from tests.flows.chaos.stages import TROUBLES, until
from tests.flows.chaos.verdict import Talk, Verdict
from tests.servers.model import ModelServer

# Seconds: how long things happen.
_SHORTEST, _LONGEST = 1.5, 4.0

REFUSALS = ("another gateway", "cannot write to the data directory")
"""How the sentences begin with which a gateway does not start."""

Act = Callable[[], Awaitable[str]]


class Acts:
    """Everything that happens to *process* and in *talks*.

    *lapses*: for two minutes, which pass faster for it than for us, there is no network.
    """

    def __init__(
        self,
        chance: random.Random,
        verdict: Verdict,
        talks: Sequence[Talk],
        process: NestedProcess,
        model: ModelServer,
        *,
        lapses: bool,
    ) -> None:
        self._chance = chance
        self._verdict = verdict
        self._talks = talks
        self._stages = list(dict.fromkeys(talk.stage for talk in talks))
        self._process = process
        self._disk = Disk(process)
        self._model = model
        self._lapses = lapses
        self._work = asyncio.Lock()  # one kill or start at a time
        self._began = time.monotonic()

    async def happen(self) -> None:
        """Let everything happen, each at its time."""
        await asyncio.gather(*(self._at(at, act) for at, act in self._plan()))

    def _plan(self) -> list[tuple[float, Act]]:
        chance, length = self._chance, self._chance.uniform(_SHORTEST, _LONGEST)
        times = [chance.uniform(0, length) for _ in range(chance.randint(3, 6 * len(self._stages)))]
        says = [(at, self._say(chance.choice(self._talks))) for at in times]
        return says + [(chance.uniform(0, length), act) for act in self._faults()]

    def _faults(self) -> list[Act]:
        chance = self._chance
        acts = [self._trouble() for _ in range(chance.randint(0, 4 * len(self._stages)))]
        acts += [self._repeat() for _ in range(chance.randint(0, 3))]
        acts += [self._intrude() for _ in range(chance.choice((0, 0, 1)))]
        if self._lapses:
            acts.append(self._blackout())
        elif chance.random() < 0.3:
            acts.append(self._outage())
        acts += [self._kill for _ in range(chance.choice((0, 0, 0, 1, 1, 2)))]
        seldom = (self._terminate, self._rival, self._lock_out, self._jump(), self._fill(), self._freeze())
        return acts + [act for act in seldom if chance.random() < 0.25]

    async def _at(self, seconds: float, act: Act) -> None:
        await asyncio.sleep(self._began + seconds - time.monotonic())
        at = time.monotonic() - self._began
        if said := await act():
            self._verdict.story.append(f"{at:6.2f} {said}")

    def _say(self, talk: Talk) -> Act:
        if talk.stage.crosses and self._chance.random() < 0.1:
            return self._cross(talk)

        async def say() -> str:
            # Numbered now, not when it was planned: of two within a millisecond, either may be first.
            number = len(talk.ids)
            talk.ids.append("")
            talk.ids[number] = await talk.stage.say(talk.chat, question(talk.number, number))
            return f"{talk.stage.kind}: question {talk.number}.{number} is {talk.ids[number]}"

        return say

    def _cross(self, talk: Talk) -> Act:
        async def cross() -> str:
            first = len(talk.ids)
            talk.ids += ["", ""]
            texts = question(talk.number, first), question(talk.number, first + 1)
            talk.ids[first : first + 2] = ids = await talk.stage.cross(talk.chat, *texts)
            return f"{talk.stage.kind}: questions {talk.number}.{first} and {first + 1} are {ids}, crossing"

        return cross

    def _trouble(self) -> Act:
        stage, what = self._chance.choice(self._stages), self._chance.choice(TROUBLES)
        chance = random.Random(self._chance.random())

        async def trouble() -> str:
            said = stage.trouble(what, chance)
            return said and f"{stage.kind}: {said}"

        return trouble

    def _repeat(self) -> Act:
        talk, chance = self._chance.choice(self._talks), random.Random(self._chance.random())

        async def repeat() -> str:
            ids = [(talk.chat, id) for id in talk.ids if id]
            said = await talk.stage.repeat(ids, chance) if ids else ""
            return said and f"{talk.stage.kind}: {said}"

        return repeat

    def _intrude(self) -> Act:
        stage, chance = self._chance.choice(self._stages), random.Random(self._chance.random())

        async def intrude() -> str:
            said = await stage.intrude(chance)
            return said and f"{stage.kind}: {said}"

        return intrude

    def _outage(self) -> Act:
        stage, seconds = self._chance.choice(self._stages), self._chance.uniform(0.2, 1.5)
        return lambda: outage(stage, seconds)

    def _blackout(self) -> Act:
        seconds = self._chance.uniform(110, 130)
        return lambda: blackout(self._process, self._work, self._stages, self._model, seconds)

    async def _kill(self) -> str:
        async with self._work:
            self._verdict.kills += 1
            await self._process.kill()
            await self._process.start()
        return "kill -9"

    async def _terminate(self) -> str:
        async with self._work:
            begun = self._process.begun
            self._verdict.stops += 1
            code = await self._process.terminate()
            await self._process.start()
        if code and begun:  # else nobody was there yet to obey
            self._verdict.wrong.append(f"SIGTERM ended with {code}")
        return "kill -TERM"

    async def _rival(self) -> str:
        async with self._work:
            await until(lambda: self._process.begun)  # and has its lock
            await self._fail("a second gateway on the same data", REFUSALS[0])
        return "a second gateway"

    async def _lock_out(self) -> str:
        """It ends, the disk has become read-only, it does not begin; then it does."""
        async with self._work:
            self._verdict.kills += 1
            await self._process.kill()
            with self._disk.read_only():
                await self._fail("a gateway on a read-only disk", REFUSALS[1])
            await self._process.start()
        return "kill -9, and the disk is read-only when it starts"

    async def _fail(self, what: str, sentence: str) -> None:
        """Start a gateway that must not run: it says why in *sentence*, and ends with 1."""
        before = len(self._process.log)
        code = await self._process.fails()
        if code != 1 or not any(
            line.startswith(sentence) for line in self._process.log[before:].splitlines()
        ):
            self._verdict.wrong.append(f"{what} ended with {code}, and did not say: {sentence}")

    def _jump(self) -> Act:
        # An official account's messages are signed with a time, and are taken for five minutes.
        most = 150 if any(isinstance(stage, Official) for stage in self._stages) else 7200
        seconds = self._chance.uniform(-most, most)

        async def jump() -> str:
            async with self._work:
                self._process.jump(seconds)
            return f"the clock jumps by {seconds:.0f} s"

        return jump

    def _fill(self) -> Act:
        return self._held(self._disk.fill)

    def _freeze(self) -> Act:
        return self._held(self._disk.freeze)

    def _held(self, trouble: Callable[[float], Awaitable[str]]) -> Act:
        seconds = self._chance.uniform(0.2, 1.0)

        async def held() -> str:
            async with self._work:
                await until(lambda: self._process.begun)
                return await trouble(seconds)

        return held
