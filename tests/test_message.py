"""Messages and their JSON."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.message import (
    Attachment,
    Audio,
    Chat,
    File,
    Image,
    Mention,
    Message,
    Quote,
    Sender,
    Text,
    labels,
)
from tests.words import PRIVATE, said

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
sizes = st.integers(0, 2**53)
parts = st.one_of(
    st.builds(Text, words),
    st.builds(Mention, words, words),
    st.builds(Quote, words, words, words),
    st.builds(Image, words, words, sizes),
    st.builds(Audio, words, words, sizes, words),
    st.builds(File, words, words, words, sizes),
)
chats = st.builds(Chat, words, words, st.sampled_from(["private", "group"]), words, words, words)
messages = st.builds(
    Message,
    words,
    chats,
    st.builds(Sender, words, words, st.booleans()),
    st.lists(parts, max_size=5).map(tuple),
    st.floats(0, 4e9),
    st.booleans(),
    words,
    st.none() | words,
)


@given(messages)
def test_a_message_is_the_same_after_json(message: Message) -> None:
    assert Message.from_json(message.to_json()) == message
    assert Message.from_json(message.to_json().decode()) == message


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"7",
        b'"text"',
        b"{}",
        said("hello").to_json().replace(b'"chat"', b'"chats"'),
        said("hello").to_json().replace(b'"type":"text"', b'"type":"smell"'),
        said("hello").to_json().replace(b'"parts":[', b'"parts":["x",'),
        said("hello").to_json().replace(b'"time"', b'"when"'),
    ],
)
def test_anything_else_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Message.from_json(data)


def test_the_text_is_what_was_said() -> None:
    message = said(
        "",
        parts=(
            Quote("1", "Bob", "quoted"),
            Text(" ask "),
            Mention("bob", "@bob"),
            Image("ref"),
            Audio("ref", transcript=" aloud"),
            Audio("ref"),
            File("ref", "name.pdf"),
        ),
    )
    assert message.text == "ask @bob aloud"
    assert message.quote == Quote("1", "Bob", "quoted")
    assert [part.type for part in message.media] == ["image", "audio", "audio", "file"]
    assert said("hello").quote is None


def test_a_moved_chat_is_another_with_the_same_name() -> None:
    moved = PRIVATE.moved("-100")
    assert (moved.id, moved.channel, moved.account) == ("-100", PRIVATE.channel, PRIVATE.account)
    assert moved.key != PRIVATE.key


def test_a_log_line_names_channel_chat_and_message() -> None:
    assert labels(said("hello", "5")) == {"channel": "shop", "chat": PRIVATE.key, "message": "5"}


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("chat.md", "chat.md"),
        ("聊天 记录.md", "聊天 记录.md"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Windows\\win.ini", "win.ini"),
        ("/etc/", "file"),
        ("..", "file"),
        ("", "file"),
        (".bashrc", "bashrc"),
        ('a"b\r\nContent-Type: text\x00.txt', 'a"bContent-Type: text.txt'),
        ("cod\u202egnp.exe", "codgnp.exe"),
        ("half\ud83d.txt", "half.txt"),
        ("x" * 300 + ".pdf", "x" * 96 + ".pdf"),
        ("x." + "y" * 300, "x." + "y" * 98),
    ],
)
def test_a_name_of_a_file_can_be_no_path(name: str, safe: str) -> None:
    assert Attachment(name, b"").name == safe
