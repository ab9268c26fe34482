"""What people do: scan, confirm, write and send."""

from __future__ import annotations

import base64
import hashlib
import time
from typing import Any

from .cdn import download_url, encipher
from .world import Bot, Code, Json, Person, Sent, World

_STATE_FINISHED = 2


class People:
    """People, and the bots they have."""

    world: World

    def person(self, name: str = "Ann") -> Person:
        """Somebody new with WeChat."""
        person = Person(name, f"o9cq80{self.world.mark('person', 22)}@im.wechat")
        self.world.people[person.id] = person
        return person

    def login(self, person: Person | None = None) -> Bot:
        """A bot of *person*'s, or of somebody's, as if they had scanned its code and confirmed."""
        return self.world.bind(person or self.person("Owner"), self.world.root)

    @property
    def first(self) -> Bot:
        """The bot that is meant where none is named: the newest that is alive, or the newest."""
        return self.world.newest

    def remove(self, person: Person) -> None:
        """There is nobody any more with their id."""
        del self.world.people[person.id]

    def away(self, person: Person, seconds: float) -> None:
        """As if *person* had written the last message *seconds* earlier than they have."""
        for bot in self.world.bots:
            if person.id in bot.talks:
                bot.talks[person.id].heard_at -= seconds


class Phone:
    """What a person does with a code, on the phone and looking at it."""

    world: World

    def ask_code(self, digits: str = "123456") -> None:
        """The next scan shows *digits*, which must be typed where the code was made."""
        self.world.next_digits = digits

    def redirect(self) -> None:
        """The next scan moves the login, and the bot that comes of it, to the other host."""
        self.world.next_moves = True

    def scan(self, person: Person, text: str | None = None) -> Code:
        """Hold the phone on the newest code, or on the picture that says *text*.

        Raises `AssertionError`: there is no such code, or the phone says that it is too old.
        """
        code = self._code(text)
        assert code.status == "wait", f"the phone says: {code.status}"
        assert time.monotonic() < code.until, "the phone says: expired"
        code.person = person
        code.digits, self.world.next_digits = self.world.next_digits, ""
        code.moved, self.world.next_moves = self.world.next_moves, False
        code.status = "need_verifycode" if code.digits else "scaned"
        self.world.changed()
        return code

    def confirm(self, text: str | None = None) -> Bot:
        """Tap "connect"; the new bot, or the one there is, where the code's maker has it already.

        Raises `AssertionError`: the code is not scanned, or its digits were not typed.
        """
        code = self._code(text)
        person = code.person
        assert person is not None, "nobody has scanned it"
        assert code.status == "scaned", f"the phone says: {code.status}"
        old = person.bot
        if old is not None and not old.dead and old.token in code.tokens:
            code.status = "binded_redirect"
        else:
            code.bot = self.world.bind(person, self.world.other_root if code.moved else self.world.root)
            code.status = "confirmed"
        self.world.changed()
        return code.bot or old or self.world.bots[-1]

    def expire_code(self, text: str | None = None) -> None:
        """The newest code, or the one that says *text*, is too old now."""
        self._code(text).status = "expired"
        self.world.changed()

    def _code(self, text: str | None) -> Code:
        found = [code for code in self.world.codes if text in (None, code.text)]
        assert found, "there is no such code"
        return found[-1]


class Speech:
    """What people write and send. Every method returns the message's id.

    It goes to their own bot, or to the one there is; to *bot* where it is named.
    """

    world: World

    def say(self, person: Person, text: str, *, quote: str | Sent | Json | None = None, **rest: Any) -> str:
        """Write *text*, as an answer to *quote*: a message id or what a bot sent, of which newer phones
        give the id only; or a whole ref_msg. *rest*: as for `tell`.
        """
        item = {**self._item(1), "text_item": {"text": text}}
        if quote is not None:
            item["ref_msg"] = quote if isinstance(quote, dict) else self._reference(quote)
        return self.tell(person, item, **rest)

    def picture(
        self, person: Person, content: bytes = b"\x89PNGpicture", *, aeskey: bool = True, **rest: Any
    ) -> str:
        """Send a picture; its key stands in aeskey too, unless not *aeskey*. *rest* here and below: how its
        key is written (`raw_key`), and as for `tell`.
        """
        raw_key = rest.pop("raw_key", True)
        media, key, size = self._media(content, raw_key=raw_key)
        sent: Json = {"media": media, "mid_size": size}
        if aeskey:
            sent["aeskey"] = key.hex()
        return self.tell(person, {**self._item(2), "image_item": sent}, **rest)

    def voice(
        self,
        person: Person,
        content: bytes = b"\x02#!SILK_V3voice",
        *,
        text: str = "",
        playtime: int = 2000,
        raw_key: bool = False,
        **rest: Any,
    ) -> str:
        """Send a voice message of *playtime* milliseconds, with what WeChat understood of it."""
        media, _, _ = self._media(content, raw_key=raw_key)
        sent: Json = {"media": media, "encode_type": 6, "bits_per_sample": 16, "sample_rate": 24000}
        sent["playtime"] = playtime
        if text:
            sent["text"] = text
        return self.tell(person, {**self._item(3), "voice_item": sent}, **rest)

    def file(
        self,
        person: Person,
        content: bytes = b"%PDF-1.4",
        *,
        name: str = "notes.pdf",
        raw_key: bool = False,
        **rest: Any,
    ) -> str:
        """Send a file."""
        media, _, _ = self._media(content, raw_key=raw_key)
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        sent = {"media": media, "file_name": name, "md5": md5, "len": str(len(content))}
        return self.tell(person, {**self._item(4), "file_item": sent}, **rest)

    def video(
        self, person: Person, content: bytes = b"\0\0\0 ftypmp42", *, raw_key: bool = False, **rest: Any
    ) -> str:
        """Send a video."""
        media, _, size = self._media(content, raw_key=raw_key)
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        sent = {"media": media, "video_size": size, "play_length": 3, "video_md5": md5}
        return self.tell(person, {**self._item(5), "video_item": sent}, **rest)

    def tool_call(self, person: Person, name: str = "search", **rest: Any) -> str:
        """The message model has tool calls; nobody knows who sends them to a bot."""
        call = {"tool_name": name, "tool_call_id": "call1"}
        began = {**self._item(11), "tool_call_start_item": call}
        ended = {**self._item(12), "tool_call_result_item": {**call, "status": "completed"}}
        return self.tell(person, began, ended, **rest)

    def echo(self, person: Person, text: str, **rest: Any) -> str:
        """Show the bot a message of its own."""
        bot = rest.get("bot") or person.bot or self.world.newest
        own = {"from_user_id": bot.id, "to_user_id": person.id, "message_type": 2, "context_token": ""}
        return self.tell(person, {**self._item(1), "text_item": {"text": text}}, **{**own, **rest})

    def tell(self, person: Person, *items: Any, bot: Bot | None = None, **extra: Any) -> str:
        """Send a message of raw *items*. *extra* adds to it: group_id, message_type, anything."""
        bot = bot or person.bot or self.world.newest
        number = next(self.world.message_ids)
        message = {**self._message(bot, person, number, list(items)), **extra}
        if message["message_type"] == 1:
            talk = self.world.talk(bot, person)
            talk.tokens.setdefault(message["context_token"], 0)
            talk.heard_at = time.monotonic()
        self.push(message, bot)
        return str(number)

    def push(self, message: Any, bot: Bot | None = None) -> None:
        """Queue any raw message for *bot*."""
        (bot or self.world.newest).inbox.append(message)
        self.world.changed()

    def _message(self, bot: Bot, person: Person, number: int, items: list[Any]) -> Json:
        now = _now()
        return {
            "seq": next(self.world.numbers),
            "message_id": number,
            "from_user_id": person.id,
            "to_user_id": bot.id,
            "client_id": self.world.mark("client"),
            "create_time_ms": now,
            "update_time_ms": now,
            "delete_time_ms": 0,
            "session_id": "",
            "group_id": "",
            "message_type": 1,
            "message_state": _STATE_FINISHED,
            "item_list": items,
            "context_token": self.world.opaque("context"),
        }

    def _item(self, kind: int) -> Json:
        now = _now()
        return {"type": kind, "create_time_ms": now, "update_time_ms": now, "is_completed": True}

    def _media(self, content: bytes, *, raw_key: bool) -> tuple[Json, bytes, int]:
        """A reference to *content* on the CDN, its key, and how long it is there."""
        key = bytes.fromhex(self.world.mark("key"))
        stored = encipher(content, key)
        param = self.world.store(content, key, stored)
        written = key if raw_key else key.hex().encode()
        aes_key = base64.b64encode(written).decode()
        media: Json = {"encrypt_query_param": param, "aes_key": aes_key, "encrypt_type": 1}
        if self.world.full_urls:
            media["full_url"] = download_url(self.world, param)
        return media, key, len(stored)

    def _reference(self, quote: str | Sent) -> Json:
        if isinstance(quote, Sent):
            return {"svr_id": str(quote.id)}
        _, message = self.world.find(quote)
        item = message["item_list"][0]
        title = item.get("text_item", {}).get("text", "")[:20]
        return {"title": title, "message_item": item, "svr_id": quote}


def _now() -> int:
    return int(time.time() * 1000)
