"""Whatever arrives: a parser takes it or refuses it as documented, at once.

A failure names the input's number; ``FUZZ=<number>`` makes a long run begin with it, and ``FUZZ_INPUTS``
says how many there are.
"""

from __future__ import annotations

import logging
import os
import secrets
import sys
import time
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from . import (
    configurations,
    dingtalk,
    house,
    stage,
    telegram,
    webchat,
    wechat_ilink,
    wechat_official,
    wechat_web,
)
from .target import Escape

PARTS = (telegram, dingtalk, wechat_web, wechat_ilink, wechat_official, webchat, configurations, house)
TARGETS = {target.name: target for part in PARTS for target in part.TARGETS}
# Their objects can be made with a warning alone.
pytestmark = pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")

_MANY, _LARGE = 100_000, 40


class _Listener(logging.Handler):
    """Reads what is logged, as every handler does, and keeps none of it."""

    def emit(self, record: logging.LogRecord) -> None:
        record.getMessage().encode("utf-8", "backslashreplace")


@pytest.fixture(autouse=True)
def _read_log() -> Iterator[None]:
    root, listener = logging.getLogger(), _Listener()
    handlers, level = root.handlers[:], root.level
    root.handlers[:] = [listener]
    root.setLevel(logging.INFO)
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    stage.close()


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_escapes(name: str) -> None:
    target = TARGETS[name]

    @settings(max_examples=200, database=None)
    @given(st.randoms(use_true_random=False))
    def try_one(dice: Random) -> None:
        target.try_on(target.make(dice), "an example")

    try_one()


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_large_takes_no_time(name: str) -> None:
    target = TARGETS[name]
    for number in range(3):
        target.try_on(target.make_large(Random(number)), f"large input {number}")


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", TARGETS)
def test_nothing_escapes_in_the_long_run(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    target = TARGETS[name]
    first = int(os.environ.get("FUZZ", secrets.randbits(40)))
    many = int(os.environ.get("FUZZ_INPUTS", _MANY))
    began, taken = time.perf_counter(), 0
    try:
        for number in range(first, first + many):
            taken += target.try_on(target.make(Random(number)), f"FUZZ={number}")
        for number in range(first, first + _LARGE):
            target.try_on(target.make_large(Random(number)), f"large, FUZZ={number}")
        said = f"{many} from {first}, {taken} taken, {_LARGE} large, 0 escapes"
    except Escape as exc:
        said = f"an escape after {taken} that were taken: {exc}"
        raise
    finally:
        with capsys.disabled():  # at once: the others take minutes
            sys.stdout.write(f"\n{name}: {said}, {time.perf_counter() - began:.0f} s")
            sys.stdout.flush()
