"""From our replies to what WeChat is sent: pure."""

from __future__ import annotations

import mimetypes
from pathlib import PurePath
from typing import Literal

from gateway import Attachment
from gateway.text import shortened

MAX_LENGTH = 1800
"""Characters of an answer in one message. WeChat cuts after 2,000; the rest is for the call of who asked."""
# Characters of who asked, and of the question, before an answer.
_LONGEST_NAME, _LONGEST_QUESTION = 40, 140
_LINE = " --------------------------------"
_FOUR_PER_EM_SPACE = "\u2005"  # what WeChat itself puts behind a mention

Media = Literal["picture", "gif", "video", "file"]


def called(text: str, name: str) -> str:
    """*text* with a call of *name* before it."""
    if not name:
        return text
    line = "\n" if "\n" in text else ""
    return f"@{shortened(name, _LONGEST_NAME)}{_FOUR_PER_EM_SPACE}{line}{text}"


def as_wechatbot(text: str, name: str, question: str) -> str:
    """An answer in a group as wechatbot gave it: who asked, what, a line, and then *text*."""
    call = f"@{shortened(name, _LONGEST_NAME)}" if name else ""
    return "\n".join(filter(None, (call, shortened(question, _LONGEST_QUESTION), _LINE, text)))


def media_of(file: Attachment) -> Media:
    """What WeChat shows *file* as."""
    kind = file.mime or mimetypes.guess_type(file.name)[0] or ""
    if kind == "image/gif":
        return "gif"
    if kind in ("image/jpeg", "image/png", "image/bmp"):
        return "picture"
    return "video" if kind == "video/mp4" else "file"


def file_name(file: Attachment, media: Media) -> str:
    """The name under which *file* is sent: one whose end says what it is."""
    name = PurePath(file.name.replace("\\", "/")).name or "file"
    # The library tells gifs by their names.
    return f"{name}.gif" if media == "gif" and not name.endswith(".gif") else name
