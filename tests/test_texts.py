"""The gateway's own sentences."""

from __future__ import annotations

import re
import string

import pytest

from gateway.commands import COMMANDS, Command
from gateway.message import Message
from gateway.texts import Language, Sentence, language_of, language_of_locale
from tests.words import said

HAN = re.compile("[\u4e00-\u9fff]")


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("sentence", Sentence, ids=lambda sentence: sentence.name)
def test_a_sentence_is_in_both_languages_with_the_same_places_to_fill(sentence: Sentence) -> None:
    english, chinese = sentence.value
    assert not HAN.search(english)
    assert HAN.search(chinese)
    assert placeholders(english) == placeholders(chinese)


def test_no_two_sentences_are_the_same() -> None:
    assert len({sentence.value for sentence in Sentence}) == len(Sentence)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.names[0])
def test_a_command_has_a_name_and_a_line_in_both_languages(command: Command) -> None:
    assert any(name.isascii() for name in command.names)
    assert any(HAN.search(name) for name in command.names)
    assert not HAN.search(command.describe("en"))
    assert HAN.search(command.describe("zh"))


def test_braces_in_what_is_put_in_are_only_braces() -> None:
    assert Sentence.REFUSED.say("en", id="{id}") == "Sorry, you may not use this bot. Your id is {id}."


@pytest.mark.parametrize(
    ("text", "theirs", "configured", "expected"),
    [
        ("hello", "", "auto", "en"),
        ("hello", "de", "auto", "en"),
        ("你好", "", "auto", "zh"),
        ("你好", "en", "auto", "zh"),
        ("hello", "zh-hans", "auto", "zh"),
        ("你好", "zh", "en", "en"),
        ("hello", "en", "zh", "zh"),
    ],
)
def test_a_person_is_spoken_to_in_their_language(
    text: str, theirs: str, configured: Language, expected: Language
) -> None:
    plain = said(text)
    message = Message(plain.id, plain.chat, plain.sender, plain.parts, language=theirs)
    assert language_of(message, configured) == expected


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "C", "LC_MESSAGES": "zh_TW"}, "zh"),
        ({"LC_ALL": "", "LANG": "zh"}, "zh"),
    ],
)
def test_the_locale_chooses_the_language(environ: dict[str, str], language: str) -> None:
    assert language_of_locale(environ) == language
