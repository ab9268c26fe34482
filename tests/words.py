"""Messages for tests, in one line each."""

from __future__ import annotations

from dataclasses import replace

from gateway.message import Chat, Message, Part, Sender, Text

ANN = Sender("ann", "Ann")
BOB = Sender("bob", "Bob")
PRIVATE = Chat("shop", "7", account="me")
GROUP = Chat("shop", "-9", kind="group", title="Friends", account="me")


def chat(id: str) -> Chat:
    """A private chat by its id."""
    return replace(PRIVATE, id=id)


def said(
    text: str,
    id: str = "1",
    where: Chat = PRIVATE,
    who: Sender = ANN,
    *,
    mentioned: bool = False,
    parts: tuple[Part, ...] | None = None,
    edit_of: str | None = None,
) -> Message:
    """What somebody said."""
    found = (Text(text),) if parts is None else parts
    return Message(id, where, who, found, 1_700_000_000.0, mentioned=mentioned, edit_of=edit_of)
