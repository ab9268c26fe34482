"""Limits, prices and the time zone, from the configuration to those who use them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gateway.backend.base import Price
from gateway.config import Config, Mistakes, load
from gateway.limits import Limits


def loaded(tmp_path: Path, environ: dict[str, str] | None = None, **data: Any) -> Config:
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"api_key": "sk-0123456789", "channels": {"console": {}}} | data), "utf-8")
    found = load(file, environ or {})
    assert found.notes == []
    return found.config


def mistake(tmp_path: Path, **data: Any) -> str:
    with pytest.raises(Mistakes) as caught:
        loaded(tmp_path, **data)
    (found,) = caught.value.mistakes
    return f"{found.text}; {found.hint}"


def test_nobody_is_limited_but_loops_are(tmp_path: Path) -> None:
    config = loaded(tmp_path)
    assert config.conversation("console").limits == Limits(0, 60, 0, 0) == Limits()
    assert config.zone is None


def test_a_channel_may_say_otherwise_key_by_key(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        limits={"per_minute": 5, "messages_per_day": 50, "tokens_per_day": 9},
        channels={"console": {"limits": {"per_minute": 1, "chat_per_minute": 0}}, "two": {"type": "console"}},
    )
    assert config.conversation("console").limits == Limits(1, 0, 50, 9)
    assert config.conversation("two").limits == Limits(5, 60, 50, 9)


def test_a_limit_is_a_whole_number(tmp_path: Path) -> None:
    assert '"per_minute" must be at least 0' in mistake(tmp_path, limits={"per_minute": -1})
    assert "must be a whole number" in mistake(tmp_path, limits={"chat_per_minute": "9"})


def test_the_time_zone_is_an_iana_name(tmp_path: Path) -> None:
    assert loaded(tmp_path, timezone="Asia/Shanghai").zone == ZoneInfo("Asia/Shanghai")
    assert loaded(tmp_path, timezone="local").zone is None
    assert loaded(tmp_path, {"GATEWAY_TIMEZONE": "UTC"}).zone == ZoneInfo("UTC")
    assert mistake(tmp_path, timezone="Asia/Shangai") == (
        'there is no time zone "Asia/Shangai"; did you mean "Asia/Shanghai"?'
    )
    assert "for example" in mistake(tmp_path, timezone="-")


def test_a_time_zone_in_hundreds_of_parts_is_none(tmp_path: Path) -> None:
    assert "there is no time zone" in mistake(tmp_path, timezone="Europe/B" + "/Be" * 500)


def test_every_model_has_its_price(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        price={"input": 2, "output": 8.5},
        models={
            "cheap": {"base_url": "http://127.0.0.1/v1", "price": {"output": 1, "currency": "CNY"}},
            "free": {"type": "echo"},
        },
    )
    models = config.models
    assert models["default"].price == Price(input=2, output=8.5, currency="USD")
    assert models["cheap"].price == Price(input=0, output=1, currency="CNY")
    assert models["free"].price == Price()


def test_a_model_asked_for_by_its_id_has_no_price_of_another(tmp_path: Path) -> None:
    config = loaded(tmp_path, price={"input": 2}, channels={"console": {"model": "gpt-5.4"}})
    assert config.models["gpt-5.4"].price == Price()


def test_a_price_is_for_a_million_tokens() -> None:
    assert Price(input=2, output=8).cost(1_000_000, 500_000) == 6.0
    assert Price(input=0.15, output=0.6).cost(10, 10) == pytest.approx(0.0000075)
    assert Price().cost(1000, 1000) == 0


def test_a_price_is_not_negative(tmp_path: Path) -> None:
    assert "must be at least 0" in mistake(tmp_path, price={"input": -1})
