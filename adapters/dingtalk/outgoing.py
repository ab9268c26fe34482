"""From our replies to what DingTalk is sent: pure. https://open.dingtalk.com/document/orgapp/robot-message-type"""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import PurePath
from typing import Any

from gateway import Attachment, Chat, Sender
from gateway.http import dumps
from gateway.text import shortened

MAX_LENGTH = 2800
"""Characters in a message. A card shows nothing of more than 3,000; a webhook takes 20,000 bytes."""
_LONGEST_TITLE = 40  # characters
_MARKS = re.compile(r"^[\s#>*+\-`|\d.]*|[*`~_]+|!?\[|\]\([^)]*\)")
# What Markdown makes links and pictures with.
_NO_LINK = str.maketrans("[]<>\\", "［］＜＞＼")
# What must stand at the beginning of a line to be what it is.
_BLOCK = re.compile(r"\s*(?:#{1,6} |>|[-+*] |\d+[.)] |```|~~~|\|)")
# sampleFile takes no others: https://open.dingtalk.com/document/orgapp/types-of-messages-sent-by-robots
_FILE_TYPES = ("xlsx", "pdf", "zip", "rar", "doc", "docx")
_IMAGE_TYPES = ("png", "jpg", "jpeg", "gif", "bmp")


def title(text: str) -> str:
    """What the list of chats and notifications show of *text*: its first words, without marks."""
    for line in text.splitlines():
        plain = " ".join(_MARKS.sub("", line).split())
        if plain:
            return shortened(plain, _LONGEST_TITLE)
    return "…"


def is_staff(id: str) -> bool:
    """Whether a person belongs to the organisation; who does not has an id that only this robot knows."""
    return not id.startswith("$:")


def webhook_message(text: str, asker: Sender | None) -> dict[str, Any]:
    """A message for a session webhook; *asker* is named before it, and called by it where that can be."""
    message: dict[str, Any] = {"msgtype": "markdown"}
    body = text
    if asker is not None and is_staff(asker.id):
        message["at"] = {"atUserIds": [asker.id]}  # the text must have the id too; people see the name
        body = addressed(text, asker.id)
    elif asker is not None and asker.name:
        body = addressed(text, asker.name)
    message["markdown"] = {"title": title(text), "text": body}
    return message


def addressed(text: str, name: str) -> str:
    """*text* with a call of *name* before it. A name is people's own word, and makes no links in ours."""
    name = " ".join(name.translate(_NO_LINK).split())
    return f"@{name}\n\n{text}" if _BLOCK.match(text) else f"@{name} {text}"


def openapi_message(text: str, asker: Sender | None) -> dict[str, Any]:
    """A message for the OpenAPI, which cannot call anybody: *asker* is only named."""
    named = asker is not None and asker.name
    body = addressed(text, named) if named else text
    return sample("sampleMarkdown", {"title": title(text), "text": body})


def sample(key: str, values: dict[str, str]) -> dict[str, Any]:
    """A message of the kind *key*."""
    return {"msgKey": key, "msgParam": dumps(values).decode()}


def media_kind(file: Attachment) -> str:
    """What the upload calls it: image or file."""
    return "image" if _suffix(file) in _IMAGE_TYPES else "file"


def file_message(file: Attachment, media_id: str, text: str) -> dict[str, Any]:
    """A message that is an uploaded file, or a picture below *text*."""
    if media_kind(file) == "image" and text:
        values = {"title": title(text), "text": f"{text}\n\n![{file.name}]({media_id})"}
        return sample("sampleMarkdown", values)
    if media_kind(file) == "image":
        return sample("sampleImageMsg", {"photoURL": media_id})
    kind = _suffix(file)
    return sample("sampleFile", {"mediaId": media_id, "fileName": file.name, "fileType": kind})


def packed(file: Attachment) -> Attachment:
    """*file* as DingTalk takes it: in a zip archive, where it takes none of its kind."""
    if _suffix(file) in (*_FILE_TYPES, *_IMAGE_TYPES):
        return file
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr(file.name, file.data)
    return Attachment(f"{file.name}.zip", archive.getvalue())


def _suffix(file: Attachment) -> str:
    return PurePath(file.name).suffix.removeprefix(".").lower()


def target(chat: Chat, robot: str, staff_id: str) -> tuple[str, dict[str, Any]]:
    """The interface that reaches *chat*, and whom it is told."""
    if chat.kind == "group":
        return "/v1.0/robot/groupMessages/send", {"robotCode": robot, "openConversationId": chat.id}
    return "/v1.0/robot/oToMessages/batchSend", {"robotCode": robot, "userIds": [staff_id]}
