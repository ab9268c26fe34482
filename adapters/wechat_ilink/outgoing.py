"""From our replies to iLink's messages: pure.

https://github.com/Tencent/openclaw-weixin/blob/main/docs/protocol.md#send-message
"""

from __future__ import annotations

import hashlib
import mimetypes
from typing import Any

from adapters.wechat_ilink.media import Sealed
from gateway import Attachment, Reply
from gateway.newest import Newest

MAX_LENGTH = 1800
"""Characters in a message; what is beyond 2,000 is cut off by WeChat without a word."""
IMAGE, VIDEO, FILE = 1, 2, 3
"""What an upload is."""
# WeChat has room for it beyond MAX_LENGTH. The person's language is not known here.
_MORE = "（未完，回复任意内容接收后文 · there is more: write anything to get it）"
# Others would be shown as broken pictures.
_PICTURES = ("image/jpeg", "image/png", "image/gif", "image/bmp", "image/webp")
# The protocol's `type` of an item, `message_type` and `message_state`.
_TEXT_ITEM, _IMAGE_ITEM, _FILE_ITEM, _VIDEO_ITEM = 1, 2, 4, 5
_FROM_BOT, _FINISHED = 2, 2
_MOST = 1000  # messages that were sent and are known, so that the same again is another


def text_item(text: str) -> dict[str, Any]:
    """A text in a message."""
    return {"type": _TEXT_ITEM, "text_item": {"text": text}}


def interrupted(item: dict[str, Any]) -> dict[str, Any]:
    """The text in *item*, with what the person has to do for the rest to come."""
    return text_item(f"{item['text_item']['text']}\n\n{_MORE}")


def kind_of(file: Attachment) -> int:
    """What *file* is shown as. Sounds are files: no official client sends a voice message."""
    mime = file.mime or mimetypes.guess_type(file.name)[0] or ""
    if mime in _PICTURES:
        return IMAGE
    return VIDEO if mime.startswith("video/") else FILE


def file_item(file: Attachment, kind: int, sealed: Sealed, name: str) -> dict[str, Any]:
    """An uploaded file in a message; *name* is the CDN's."""
    media = {"encrypt_query_param": name, "aes_key": sealed.aes_key, "encrypt_type": 1}
    if kind == IMAGE:
        return {"type": _IMAGE_ITEM, "image_item": {"media": media, "mid_size": len(sealed.data)}}
    if kind == VIDEO:
        return {"type": _VIDEO_ITEM, "video_item": {"media": media, "video_size": len(sealed.data)}}
    item = {"media": media, "file_name": file.name, "len": str(sealed.size)}
    return {"type": _FILE_ITEM, "file_item": item}


def message(user: str, item: dict[str, Any], client_id: str, context_token: str) -> dict[str, Any]:
    """One message of one item: WeChat takes no more."""
    made: dict[str, Any] = {
        "from_user_id": "",
        "to_user_id": user,
        "client_id": client_id,
        "message_type": _FROM_BOT,
        "message_state": _FINISHED,
        "item_list": [item],
    }
    return {**made, "context_token": context_token} if context_token else made


class ClientIds:
    """Our own ids of messages, made of what is sent: what is tried again bears the id that it had.

    Whether WeChat shows two messages with one id once is documented nowhere; it costs nothing to let it.
    """

    def __init__(self, salt: str) -> None:
        self._salt = salt
        self._sent: Newest[str, int] = Newest(_MOST)

    def make(self, user: str, reply: Reply, file: Attachment | None = None) -> str:
        """The id of the text of *reply* to *user*, or of its *file*.

        An answer that says the same twice has two ids. What answers no question bears other ids in another
        process.
        """
        digest = self._digest(user, reply, file)
        return f"bot-gateway:{digest}-{self._sent.get(digest, 0)}"

    def sent(self, id: str) -> None:
        """The message with *id* was sent: the next that says the same is another."""
        digest = id.removeprefix("bot-gateway:").rpartition("-")[0]
        self._sent[digest] = self._sent.get(digest, 0) + 1

    def _digest(self, user: str, reply: Reply, file: Attachment | None) -> str:
        made = hashlib.sha256()
        content = reply.text.encode() if file is None else file.data
        for part in (user, reply.question or self._salt, file.name if file else ""):
            made.update(part.encode() + b"\0")
        made.update(content)
        return made.hexdigest()[:32]
