"""The gateway's own parsers: commands, Markdown, models' answers, what is kept, the log."""

from __future__ import annotations

import json
import logging
from random import Random
from typing import Any

from gateway import Audio, Chat, File, Image, Mention, Message, Quote, Sender, Text
from gateway.access import Rules
from gateway.backend.completion import Completion
from gateway.backend.sse import Decoder, parse
from gateway.backend.think import ThinkFilter
from gateway.case import Case
from gateway.commands import lane, match
from gateway.conversation import Conversation
from gateway.errors import BackendError
from gateway.log import Mask, configure
from gateway.markdown import Markup, render, split
from gateway.scans import ScanFiles
from gateway.text import Unit, length
from tests.markdown.documents import CORPUS, FRAGMENTS

from .configurations import FOLDER
from .target import Target, decoded

_RULES = Rules(triggers=("bot", "@bot "), keywords=("机器人",))
_CHATS = (Chat("c", "1"), Chat("c", "2", "group", "Friends", account="7"))
_TALK = Conversation()


def _command(data: bytes) -> None:
    text = decoded(data).encode("utf-8", "replace").decode()
    for chat in _CHATS:
        for parts in (
            (Text(text),),
            (Quote("1", "Ann", text), Mention("7", text), Audio("", transcript=text)),
        ):
            message = _RULES.addressed(Message("1", chat, Sender("1", text), parts))
            match(message, "清空")
            lane(message)
            Case(message, _TALK, "en", None).question.encode()  # type: ignore[arg-type]


_MARKUPS: tuple[Markup, ...] = ("plain", "telegram", "dingtalk", "markdown")
_UNITS: tuple[Unit, ...] = ("characters", "utf16", "bytes")
_LIMITS = (4, 5, 40, 300, 2048, 4096)


def _render(data: bytes) -> None:
    text = decoded(data)
    dice = Random(len(data))
    markup, unit, limit = dice.choice(_MARKUPS), dice.choice(_UNITS), dice.choice(_LIMITS)
    if len(data) > 50_000:
        limit = max(limit, 2048)
    ends = [dice.randint(0, len(text)) for _ in range(2 if len(text) < 1000 else 0)]
    for end in (*ends, len(text)):
        rendered = render(text[:end], markup)
        rendered.text.encode()
        for piece in split(rendered, limit, unit):
            assert length(piece.text, unit) <= limit


def _prefixes(data: bytes) -> None:
    """An answer as it grows, sign by sign."""
    text, dice = decoded(data)[:120], Random(len(data))
    markup, start = dice.choice(_MARKUPS), dice.randint(0, len(text))
    for end in range(start, min(start + 10, len(text))):
        split(render(text[:end], markup), 40, "utf16")


CHUNKS: list[Any] = [
    {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "<think>hm</think>Hel"}}]},
    {"choices": [{"index": 0, "delta": {"content": "lo 😀\ud83d".encode("utf-8", "replace").decode()}}]},
    {
        "choices": [
            {"index": 0, "delta": {"content": [{"type": "text", "text": "part"}]}, "finish_reason": "stop"}
        ]
    },
    {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}},
    {"choices": [{"message": {"role": "assistant", "content": "whole"}, "finish_reason": "length"}]},
    {"error": {"message": "context_length_exceeded", "code": "x", "type": "invalid_request_error"}},
    {"object": "error", "message": "overloaded", "code": 50301},
]
_STREAMS = (
    "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in CHUNKS[:4]) + "data: [DONE]\n\n",
    ": ping\r\nevent: message\r\ndata: " + json.dumps(CHUNKS[0], ensure_ascii=False) + "\r\n\r\n",
)


def _stream(data: bytes) -> None:
    decoder, completion, thoughts = Decoder(), Completion(200_000), ThinkFilter()
    at, dice = 0, Random(len(data))
    while at < len(data):
        to = at + dice.choice((1, 7, 100, 5000, 1 << 20))
        for chunk in decoder.feed(data[at:to]):
            thoughts.feed(completion.take(chunk))
        at = to
    for chunk in decoder.finish():
        thoughts.feed(completion.take(chunk))
    thoughts.finish().encode()


def _answer(data: bytes) -> None:
    answer = parse(data)
    if isinstance(answer, dict):
        completion, thoughts = Completion(200_000), ThinkFilter()
        thoughts.feed(completion.take(answer))
        thoughts.finish().encode()


def _thoughts(data: bytes) -> None:
    text = decoded(data)[:200_000]
    whole, pieces = ThinkFilter(), ThinkFilter()
    whole.feed(text)
    for at in range(0, len(text), max(1, len(text) // 50)):
        pieces.feed(text[at : at + max(1, len(text) // 50)])
    assert whole.finish() == pieces.finish()


MESSAGE = Message(
    "1~2",
    Chat("c", "2", "group", "Friends", "3", "7"),
    Sender("1", "Ann"),
    (
        Quote("0", "Bo", "before"),
        Text("hello "),
        Mention("2", "@bo"),
        Image("ref", "image/png", 3),
        Audio("ref", "audio/ogg", 3, "spoken"),
        File("ref", "a.pdf", "application/pdf", 3),
    ),
    1_700_000_000.5,
    mentioned=True,
    language="de",
    edit_of="1",
    joins=(("1", 6),),
)
SCAN = {"text": "https://login.weixin.qq.com/l/x", "expires": 4_000_000_000.0, "step": "scan", "wrong": False}


def _stored(data: bytes) -> None:
    message = Message.from_json(data)
    _ = message.text, message.root, message.quote, message.media, message.chat.key
    Message.from_json(message.to_json())


def _scan(data: bytes) -> None:
    files = ScanFiles(FOLDER)
    (FOLDER / "login.scan").write_bytes(data)
    (FOLDER / "login.digits").write_bytes(data)
    scan = files.read()
    if scan is not None:
        _ = scan.text.encode(), scan.expires + 1, scan.step.value
    files.take_digits()


_KEY = "sk-" + "k" * 24
_TOKEN = "123456789:" + "AAH" + "t" * 32
_SECRETS = ("a secret of ours", "秘密秘密", "tok(en+")
_MASK = Mask(_SECRETS)
LINES = (
    f"POST https://api.telegram.org/bot{_TOKEN}/sendMessage failed: Bearer {_KEY}",
    "proxy http://user:p%40ss@127.0.0.1:7890 said 'a secret of ours', 秘密秘密 and tok(en+",
)


def _mask(data: bytes) -> None:
    text = decoded(data)
    shown = _MASK(text)
    assert not any(secret in shown for secret in _SECRETS)
    _MASK(_MASK.__class__([text[:50], text[50:90]])(text))


def _log(data: bytes) -> None:
    """A line as both formats write it."""
    text = decoded(data)
    record = logging.LogRecord("x", logging.INFO, "", 0, "%s %.40r", (text, text), None)
    for formatter in _formatters():
        shown = formatter.format(record)
        assert "a secret of ours" not in shown


_FORMATTERS: list[logging.Formatter] = []


def _formatters() -> list[logging.Formatter]:
    """Those of the gateway, made once; the root logger is as it was before."""
    if not _FORMATTERS:
        root = logging.getLogger()
        handlers, level = root.handlers[:], root.level
        for format in ("human", "json"):
            configure(format, "info", _SECRETS)  # type: ignore[arg-type]
            made = root.handlers[0].formatter
            assert made is not None
            _FORMATTERS.append(made)
        root.handlers[:] = handlers
        root.setLevel(level)
    return _FORMATTERS


_DOCUMENTS = (*(text[:3000] for text in CORPUS.values()), "", "word")
_SHORT = tuple(text[:100] for text in CORPUS.values())
_MARKS = ("<think>", "</think>", "<thinking>", "\n", "`", "```", "~~~", "<", "</", "~", " ")
_SPOKEN = (
    "/help",
    "/model gpt",
    "/system you are",
    "停止",
    "/stop",
    "hello",
    "清空",
    "bot hello",
    "@bot 机器人",
)
_BROKEN = (BackendError,)
TARGETS = (
    Target("commands", _command, texts=_SPOKEN, words=("/", "\u00a0", "/STOP", "ſ", "İ")),
    Target("markdown", _render, texts=_DOCUMENTS, words=FRAGMENTS),
    Target("markdown that grows", _prefixes, texts=_SHORT, words=FRAGMENTS),
    Target(
        "model streams", _stream, texts=_STREAMS, allowed=_BROKEN, words=("data: ", "\n\n", "[DONE]", *_MARKS)
    ),
    Target("model answers", _answer, CHUNKS, allowed=_BROKEN, words=_MARKS),
    Target(
        "model thoughts", _thoughts, texts=("<think>why</think>so", "a\n</think>\n`<think>`"), words=_MARKS
    ),
    Target(
        "stored messages",
        _stored,
        [json.loads(MESSAGE.to_json())],
        allowed=(ValueError,),
        words=("text", "quote"),
    ),
    Target("login files", _scan, [SCAN], words=("confirm", "digits", "12 34")),
    Target("log masks", _mask, texts=LINES, words=("://", ":", "@", "Bearer ", "bot", *_SECRETS)),
    Target("log lines", _log, texts=LINES, words=("://", ":", "@", "Bearer ", "bot", "%s", *_SECRETS)),
)
