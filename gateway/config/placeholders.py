"""Recognising what a template says instead of a secret."""

from __future__ import annotations

import re

_PLACEHOLDER = re.compile(
    r"<.*>|\{.*\}|[.…*]+|x{3,}|(?:sk-)?[x.…*]+|change[ _-]?me|todo|(?:put[ _-])?your\b.*|your_.*"
    r"|(?:你的|您的|填|请).*|.*(?:api|bot)[ _-]?(?:key|token)[ _-]here",
    re.IGNORECASE,
)


def is_placeholder(text: str) -> bool:
    """True where *text* stands in a secret's place without being one."""
    return bool(_PLACEHOLDER.fullmatch(text.strip()))
