"""What the account itself says in its chats, in English and Chinese."""

from __future__ import annotations

import re
from enum import Enum
from typing import Literal

Language = Literal["en", "zh"]

_HAN = re.compile("[\u3400-\u9fff]")
_LATIN = re.compile("[A-Za-z]")


class Words(Enum):
    """English, Chinese."""

    FETCH = (
        "The answer takes a little longer. Send any text in a moment to fetch it.",
        "回答还需要一点时间，请稍后发送任意文字来获取。",
    )
    NOT_READY = (
        "The answer is not ready yet. Send any text again in a moment.",
        "回答还没有准备好，请稍后再发送任意文字获取。",
    )
    MORE = ("\n\n(Send any text to go on.)", "\n\n（发送任意文字继续）")

    def say(self, language: Language) -> str:
        """The sentence in *language*."""
        return self.value[language == "zh"]


LONGEST_MORE = max(len(text.encode()) for text in Words.MORE.value)
"""Bytes that must be free behind a text so that it can be said that there is more."""


def language_of(text: str) -> Language:
    """The language of who wrote *text*; Chinese where a text says nothing of it, as "1" does."""
    return "en" if _LATIN.search(text) and not _HAN.search(text) else "zh"
