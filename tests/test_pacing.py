"""Token buckets: on a clock of their own, so that nothing waits."""

from __future__ import annotations

import asyncio
import time

import pytest

from gateway.errors import RateLimited
from gateway.pacing import LONGEST_PAUSE, Bucket, Buckets, admit, by_the_minute, denied_for, pause
from tests.clock import Clock


def test_a_burst_passes_and_then_the_rate_holds(clock: Clock) -> None:
    bucket = Bucket(rate=2, burst=3)
    assert [bucket.take() for _ in range(6)] == pytest.approx([0, 0, 0, 0.5, 1.0, 1.5])


@pytest.mark.parametrize("most", [1.0, 2.0, 5.0, 20.0, 60.0])
def test_no_minute_holds_more_than_it_may(clock: Clock, most: float) -> None:
    bucket = Bucket(*by_the_minute(most))
    passed = []
    for _ in range(2000):
        clock.now += 0.25
        if denied_for(bucket) == 0:
            passed.append(clock.now)
    assert len(passed) > most
    for start in passed:
        assert sum(start <= at < start + 60 for at in passed) <= most


async def test_who_must_wait_long_is_told_so_and_takes_nothing(clock: Clock) -> None:
    one, other = Bucket(rate=1, burst=1), Bucket(rate=1, burst=1)
    other.empty(LONGEST_PAUSE + 5)
    with pytest.raises(RateLimited) as caught:
        await admit(one, other)
    assert caught.value.retry_after == pytest.approx(LONGEST_PAUSE + 5)
    assert one.wait() == 0


def test_no_window_holds_more_than_burst_and_rate(clock: Clock) -> None:
    bucket = Bucket(rate=0.25, burst=5)
    passed = []
    for _ in range(2000):
        clock.now += 0.1
        if denied_for(bucket) == 0:
            passed.append(clock.now)
    for start in passed:
        assert sum(start <= at < start + 60 for at in passed) <= 5 + 60 * 0.25 + 1e-9


def test_asking_takes_nothing(clock: Clock) -> None:
    bucket = Bucket(rate=1, burst=1)
    assert bucket.wait() == bucket.wait() == 0
    bucket.take()
    assert bucket.wait() == 1
    clock.now += 0.25
    assert bucket.wait() == 0.75


def test_it_never_holds_more_than_its_burst(clock: Clock) -> None:
    bucket = Bucket(rate=1, burst=2)
    clock.now += 1000
    assert [bucket.take() for _ in range(3)] == [0, 0, 1]


def test_a_platform_that_says_wait_is_obeyed(clock: Clock) -> None:
    bucket = Bucket(rate=1, burst=3)
    bucket.empty(222)
    assert bucket.wait() == pytest.approx(222)
    clock.now += 100
    bucket.empty(5)  # a shorter wait does not undo a longer one
    assert bucket.wait() == pytest.approx(122)
    clock.now += 122
    assert bucket.wait() == pytest.approx(0)


def test_room_takes_from_all_or_from_none(clock: Clock) -> None:
    free, used = Bucket(rate=1, burst=1), Bucket(rate=1, burst=1)
    used.take()
    assert denied_for(free, used) == 1
    assert free.wait() == 0
    clock.now += 1
    assert denied_for(free, used) == 0
    assert free.wait() == used.wait() == 1


def test_room_leaves_what_is_to_be_spared(clock: Clock) -> None:
    bucket = Bucket(rate=1, burst=3)
    assert [denied_for(bucket, spare=1) for _ in range(3)] == [0, 0, 1]
    assert denied_for(bucket) == 0


def test_a_small_bucket_spares_what_it_can(clock: Clock) -> None:
    assert denied_for(Bucket(rate=1, burst=1), spare=5) == 0


def test_no_bucket_means_no_limit() -> None:
    assert denied_for() == 0


async def test_pauses_end_in_the_order_they_began() -> None:
    bucket = Bucket(rate=200, burst=1)
    order: list[int] = []

    async def one(number: int) -> None:
        await pause(bucket)
        order.append(number)

    began = time.monotonic()
    await asyncio.gather(*(one(number) for number in range(10)))
    assert order == list(range(10))
    assert time.monotonic() - began >= 9 / 200 - 0.001


async def test_a_pause_is_the_longest_of_its_buckets() -> None:
    quick, slow = Bucket(rate=1000, burst=1), Bucket(rate=20, burst=1)
    slow.take()
    began = time.monotonic()
    await pause(quick, slow)
    assert time.monotonic() - began >= 0.04


def test_buckets_are_one_for_each_key(clock: Clock) -> None:
    buckets = Buckets(rate=1, burst=1)
    buckets["a"].take()
    assert (buckets["a"].wait(), buckets["b"].wait()) == (1, 0)


def test_full_buckets_are_forgotten_and_used_ones_are_not(clock: Clock) -> None:
    buckets = Buckets(rate=1, burst=1)
    for number in range(1000):
        buckets[str(number)].take()
        clock.now += 0.5
    assert len(buckets) < 10
    assert buckets["999"].wait() == 0.5


def test_there_are_never_more_than_the_most(clock: Clock) -> None:
    buckets = Buckets(rate=0.001, burst=1, most=50)
    for number in range(500):
        buckets[str(number)].take()
    assert len(buckets) <= 50
    assert buckets["499"].wait() > 0
