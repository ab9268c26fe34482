"""Files: uploads in chunks, and fetching what people sent."""

from __future__ import annotations

import hashlib

import orjson

from .call import Answer, Call, done
from .refusals import PARAMETER, Refusal
from .sessions import Session, Sessions, Upload
from .world import Json, Message, World

CHUNK = 512 << 10
LARGEST = 25 << 20
_KINDS = {"webwxgetmsgimg": (3, 47, 49), "webwxgetvoice": (34,), "webwxgetvideo": (43, 62)}


class Media:
    """The calls that carry files."""

    def __init__(self, world: World, sessions: Sessions) -> None:
        self.world = world
        self.sessions = sessions

    async def upload(self, call: Call) -> Answer:
        """POST webwxuploadmedia: a chunk of a file; the last one gets the MediaId."""
        form = call.params
        try:
            request: Json = orjson.loads(str(form.get("uploadmediarequest")))
        except orjson.JSONDecodeError as exc:
            raise Refusal(PARAMETER) from exc
        session = self.sessions.request({**request, "pass_ticket": form.get("pass_ticket")}, call.cookies)
        if form.get("webwx_data_ticket") != session.data_ticket:
            raise Refusal(PARAMETER)
        upload = self._upload(session, request, form)
        return done(
            MediaId=_media_id(session, request) if upload.complete else "",
            StartPos=len(upload.content),
            CDNThumbImgHeight=0,
            CDNThumbImgWidth=0,
        )

    async def message(self, call: Call) -> Answer:
        """GET webwxgetmsgimg, webwxgetvoice, webwxgetvideo: what came with a message."""
        session = self.sessions.visit(call.params, call.cookies)
        number = call.params.get("msgid") or call.params.get("MsgID")
        found = self.world.messages.get(str(number))
        if found is None or found.kind not in _KINDS[call.name] or found not in session.account.timeline:
            return Answer(b"")
        if call.name != "webwxgetvideo":
            return Answer(found.media, "audio/mp3" if call.name == "webwxgetvoice" else "image/jpeg")
        if not call.headers.get("range", "").startswith("bytes=0-"):
            return Answer(b"")  # as it does to who does not ask for a range
        size = len(found.media)
        span = {"Content-Range": f"bytes 0-{size - 1}/{size}"}
        return Answer(found.media, "video/mp4", 206, headers=span)

    async def file(self, call: Call) -> Answer:
        """GET webwxgetmedia: a file that somebody sent."""
        session = self.sessions.visit(call.params, call.cookies)
        params = call.params
        right = params.get("fromuser") == str(session.account.uin)
        if not right or params.get("webwx_data_ticket") != session.data_ticket:
            return Answer(b"")
        for found in session.account.timeline:
            if isinstance(found, Message) and found.fields.get("MediaId") == params.get("mediaid") != "":
                return Answer(found.media, "application/octet-stream")
        return Answer(b"")

    async def portrait(self, call: Call) -> Answer:
        """GET webwxgeticon, webwxgetheadimg."""
        session = self.sessions.visit(call.params, call.cookies)
        who = session.find(str(call.params.get("username") or call.params.get("userName")))
        return Answer(f"\xff\xd8portrait {who.seq}".encode("latin-1") if who else b"", "image/jpeg")

    def _upload(self, session: Session, request: Json, form: Json) -> Upload:
        """The file that the chunk belongs to, with it. Raises `Refusal`."""
        content, total = form.get("filename"), request.get("TotalLen")
        if request.get("UploadType") != 2 or not isinstance(content, bytes) or not isinstance(total, int):
            raise Refusal(PARAMETER)
        if str(total) != form.get("size") or not 0 < total <= LARGEST or len(content) > CHUNK:
            raise Refusal(PARAMETER)
        number, count = _number(form.get("chunk", "0")), _number(form.get("chunks", "1"))
        name = str(form.get("name"))
        fresh = Upload(str(form.get("mediatype")), name, total, str(request.get("FileMd5")))
        key = _media_id(session, request)
        upload = session.uploads.setdefault(key, fresh)
        if number != upload.chunks or number >= count or upload.complete:
            raise Refusal(PARAMETER)
        upload.content += content
        upload.chunks += 1
        upload.complete = upload.chunks == count
        if upload.complete:
            _examine(upload)
        return upload


def _number(text: object) -> int:
    if not isinstance(text, str) or not text.isdecimal():
        raise Refusal(PARAMETER)
    return int(text)


def _examine(upload: Upload) -> None:
    """Refuse a file that is not the one that was announced."""
    md5 = hashlib.md5(upload.content, usedforsecurity=False).hexdigest()
    if len(upload.content) != upload.total or md5 != upload.md5:
        upload.complete = False
        raise Refusal(PARAMETER)


def _media_id(session: Session, request: Json) -> str:
    return f"@crypt_{session.hash('media', 8)}_{session.hash(str(request.get('ClientMediaId')), 64)}"
