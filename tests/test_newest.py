"""What is remembered of many: the newest."""

from __future__ import annotations

from gateway.newest import Newest


def test_what_was_set_longest_ago_is_forgotten() -> None:
    newest: Newest[str, int] = Newest(2)
    for number, name in enumerate("abc"):
        newest[name] = number
    assert newest == {"b": 1, "c": 2}


def test_what_is_set_again_is_new() -> None:
    newest: Newest[str, int] = Newest(2)
    newest["a"], newest["b"], newest["a"], newest["c"] = 1, 2, 3, 4
    assert newest == {"a": 3, "c": 4}


def test_a_default_counts_too() -> None:
    newest: Newest[str, int] = Newest(1)
    newest["a"] = 1
    assert newest.setdefault("b", 2) == 2
    assert newest == {"b": 2}


def test_reading_makes_nothing_newer() -> None:
    newest: Newest[str, int] = Newest(2)
    newest["a"], newest["b"] = 1, 2
    assert (newest["a"], newest.get("a")) == (1, 1)
    newest["c"] = 3
    assert "a" not in newest
