"""One message, and everything that is known about it when it is answered."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.conversation import Conversation
from gateway.message import Audio, Message
from gateway.session import Session
from gateway.store.history import StoredExchange
from gateway.store.store import Record
from gateway.texts import Language


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What the model is asked; `replaces`: the exchange in whose place question and answer will stand."""

    text: str
    replaces: StoredExchange | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A message, how to talk where it came from, in which language, and what the store has of it."""

    message: Message
    conversation: Conversation
    language: Language
    record: Record

    @property
    def question(self) -> str:
        """What the model is asked: the text, after what it quotes and a note of what it cannot see."""
        message = self.message
        above = []
        if message.quote is not None and message.quote.text:
            above += [f"> {line}" for line in message.quote.text.splitlines()]
        heard = [part for part in message.media if not (isinstance(part, Audio) and part.transcript)]
        above += [f"[{part.type}]" for part in heard]
        return "\n".join([*above, self._named(message.text)])

    @property
    def prefix(self) -> str:
        """What goes before an answer: wechatbot's reply prefix, in private chats."""
        if self.message.chat.kind == "group" or not self.conversation.reply_prefix:
            return ""
        return self.conversation.reply_prefix + "\n"

    @property
    def last(self) -> StoredExchange | None:
        """The newest exchange of the context, if there is one."""
        kept = self.record.exchanges if self.conversation.remembers else ()
        return kept[-1] if kept else None

    def session(self, again: StoredExchange | None = None) -> Session:
        """The context, as it was before exchange *again* where that is asked anew."""
        conversation, summary = self.conversation, self.record.summary
        if not conversation.remembers:
            return Session()
        if again is not None and summary is not None and again.id <= summary.upto:
            summary = None  # it tells of what was said later, too
        turns = self.record.turns(before=again.id if again else None)
        return Session(turns, conversation.session_timeout, summary)

    def _named(self, text: str) -> str:
        """In a group whose members share a context, the model must know who speaks."""
        shared = self.message.chat.kind == "group" and self.conversation.group_context == "chat"
        name = " ".join(self.message.sender.name.split())
        return f"{name}: {text}" if shared and name else text
