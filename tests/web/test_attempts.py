"""Who may try a password, and when: on a clock that only moves when told."""

from __future__ import annotations

from gateway.web.attempts import Attempts, Guesser
from tests.clock import Clock

OWNER = Guesser("browser x", stranger=False)


def stranger(number: int) -> Guesser:
    return Guesser(f"203.0.{number // 256}.{number % 256}", stranger=True)


def tries(attempts: Attempts, guesser: Guesser, clock: Clock, seconds: float) -> int:
    """How often somebody tries who lets no chance pass."""
    count, end = 0, clock.now + seconds
    while clock.now < end:
        if wait := attempts.wait(guesser):
            clock.now += wait
            continue
        attempts.begin(guesser)
        count += 1
    return count


def test_guesses_get_slower_and_slower(clock: Clock) -> None:
    attempts, ann = Attempts(), stranger(1)
    pauses = []
    for _ in range(16):
        clock.now += attempts.wait(ann)
        attempts.begin(ann)
        clock.now += 0.001
        pauses.append(round(attempts.wait(ann)))
    assert pauses[:5] == [0, 0, 0, 0, 5]
    assert pauses[5:] == [10, 20, 40, 80, 160, 320, 640, 900, 900, 900, 900]


def test_a_day_of_guessing_from_one_address_is_a_hundred_guesses(clock: Clock) -> None:
    assert tries(Attempts(), stranger(1), clock, 24 * 3600) < 120


def test_the_right_password_ends_the_count(clock: Clock) -> None:
    attempts, ann = Attempts(), stranger(1)
    for _ in range(4):
        attempts.begin(ann)
    attempts.forgive(ann)
    for _ in range(4):
        attempts.begin(ann)
    assert attempts.wait(ann) < 5


def test_wrong_tries_are_forgotten_after_a_day(clock: Clock) -> None:
    attempts, ann = Attempts(), stranger(1)
    for _ in range(9):
        attempts.begin(ann)
    clock.now += 25 * 3600
    attempts.begin(ann)
    assert attempts.wait(ann) == 0


def test_all_strangers_together_have_an_end(clock: Clock) -> None:
    """However many addresses they have, and whichever order they try in."""
    attempts, count = Attempts(), 0
    for second in range(600):
        clock.now += 1
        for number in range(200):
            guesser = stranger(second * 7 + number)
            if not attempts.wait(guesser):
                attempts.begin(guesser)
                count += 1
    assert count < 1.5 * 600 + 50


def test_many_addresses_lock_nobody_out_who_was_here_before(clock: Clock) -> None:
    attempts = Attempts()
    for number in range(200):
        if not attempts.wait(stranger(number)):
            attempts.begin(stranger(number))
    assert attempts.wait(stranger(999)) > 0
    assert attempts.wait(OWNER) == 0


def test_who_was_not_wrong_yet_goes_before_those_who_were(clock: Clock) -> None:
    """A network of machines that guess on and on leaves room for somebody new."""
    attempts = Attempts()
    for _ in range(3600):
        clock.now += 1
        for number in range(20):
            if not attempts.wait(stranger(number)):
                attempts.begin(stranger(number))
    assert attempts.wait(stranger(999)) == 0


def test_no_more_is_remembered_than_there_is_room_for(clock: Clock) -> None:
    attempts = Attempts()
    for number in range(10_100):
        clock.now += 1
        attempts.begin(stranger(number))
    assert len(attempts._records) == 10_000
