"""Logs: labels on every line, secrets on none."""

from __future__ import annotations

import json
import logging

import pytest

from gateway import log

TOKEN = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
SECRETS = ["hunter2hunter2", "p4ss:w0rd", 'quo"te\\d', TOKEN]


pytestmark = pytest.mark.usefixtures("logging_as_before")


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


@pytest.mark.parametrize("format", ["human", "json"])
@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_written_nowhere(
    capsys: pytest.CaptureFixture[str], format: log.Format, secret: str
) -> None:
    log.configure(format, "debug", SECRETS)
    logger = logging.getLogger("shop")
    logger.info("in the text: %s", secret)
    logger.info("in an argument: %r", {"key": [secret]})
    logger.info(f"https://user:{secret}@host/")
    with log.labels({"chat": secret}):
        logger.info("in a label")
    try:
        raise ValueError(f"in an error: {secret}")
    except ValueError:
        logger.exception("in a traceback")
    written = capsys.readouterr().err
    assert "***" in written
    assert "in a traceback" in written
    assert secret not in written
    assert json.dumps(secret)[1:-1] not in written


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"https://api.telegram.org/bot{TOKEN}/getMe", "https://api.telegram.org/bot***/getMe"),
        ("key sk-proj-abcdefghijklmnop is wrong", "key *** is wrong"),
        ("Authorization: Bearer abcdefgh.ijkl", "Authorization: Bearer ***"),
        ("socks5://ann:secret@10.0.0.1:1080", "socks5://***@10.0.0.1:1080"),
        ("socks5://:secret@10.0.0.1:1080", "socks5://***@10.0.0.1:1080"),
        ("http://host:80/a@b", "http://host:80/a@b"),
        ("nothing secret about a risk-free 12:30", "nothing secret about a risk-free 12:30"),
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str, masked: str) -> None:
    assert log.Mask()(text) == masked


def test_a_secret_that_is_part_of_another_leaves_nothing_of_it() -> None:
    assert log.Mask(["secret", "secret-and-more"])("secret-and-more, secret") == "***, ***"


def test_very_short_secrets_do_not_mask_ordinary_words() -> None:
    assert log.Mask(["a", ""])("a cat") == "a cat"


def test_lines_carry_the_labels_of_where_they_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("json", "info")
    logger = logging.getLogger("shop")
    with log.labels({"channel": "shop", "chat": "7"}), log.labels({"chat": "8"}):
        logger.warning("inside %d", 1)
    logger.info("outside")
    inside, outside = map(json.loads, lines(capsys))
    assert inside["channel"] == "shop"
    assert inside["chat"] == "8"
    assert inside["text"] == "inside 1"
    assert (inside["level"], inside["logger"]) == ("warning", "shop")
    assert inside["time"].endswith("Z")
    assert "chat" not in outside


def test_a_line_for_people_ends_with_its_labels(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("human", "info")
    with log.labels({"chat": "7"}):
        logging.getLogger("shop").info("hello")
    (line,) = lines(capsys)
    assert line.endswith("INFO    shop: hello  (chat=7)")


EVIL = "x\n12:00:00 INFO    shop: all is well \x1b[2J\x9b2J\r\u202e\u2028"


def test_nobody_writes_lines_of_the_log_or_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """What a platform, a model or a person says may be in an error, a name, an id."""
    log.configure("human", "info")
    logger = logging.getLogger("shop")
    with log.labels({"chat": EVIL}):
        logger.warning("it says: %s", EVIL)
    try:
        raise ValueError(EVIL)
    except ValueError:
        logger.exception("it failed")
    written = capsys.readouterr().err
    assert not [sign for sign in written if sign != "\n" and not sign.isprintable()]
    assert [line for line in written.split("\n") if line.startswith("12:00:00 INFO")] == []
    assert "\\u001b[2J" in written
    assert "Traceback (most recent call last):\n    File" in written


def test_json_says_the_same_without_what_terminals_obey(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("json", "info")
    logging.getLogger("shop").warning(EVIL)
    written = capsys.readouterr().err
    assert written.removesuffix("\n").isprintable()
    assert json.loads(written)["text"] == EVIL


def test_off_a_terminal_lines_are_json(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("auto", "info")
    logging.getLogger("shop").info("two\nlines")
    (line,) = lines(capsys)
    assert json.loads(line)["text"] == "two\nlines"


def test_half_a_character_does_not_lose_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("json", "info")
    logging.getLogger("shop").info("half \ud83d character")
    (line,) = lines(capsys)
    assert json.loads(line)["text"] == "half � character"


def test_only_what_was_asked_for_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("json", "warning")
    logging.getLogger("shop").info("quiet")
    logging.getLogger("httpx").info("GET https://…")
    assert lines(capsys) == []
