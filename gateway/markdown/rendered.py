"""A text that is ready for a platform."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from gateway.message import Entity
from gateway.text import length

Markup = Literal["plain", "anchors", "telegram", "dingtalk", "markdown"]
"""What a platform makes of a text: nothing, links of HTML's <a>, entities, DingTalk's part of Markdown, or
all of Markdown.
"""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A text and its entities, sorted, in UTF-16 code units.

    `fenced` says that the text is Markdown itself: a code fence that is cut must be opened again.
    """

    text: str
    entities: tuple[Entity, ...] = ()
    fenced: bool = False

    def prepend(self, plain: str) -> Rendered:
        """The same with *plain* text, which may be "", before it."""
        by = length(plain, "utf16")
        entities = tuple(replace(entity, offset=entity.offset + by) for entity in self.entities)
        return replace(self, text=plain + self.text, entities=entities)
