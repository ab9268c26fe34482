"""What a model writes, as each platform shows it: CommonMark to entities, plain text or a subset, and cut.

`render` never fails and never makes an empty answer of a text that says something; `split` cuts what it
gave into pieces that a platform takes.
"""

from __future__ import annotations

from dataclasses import replace

from gateway.markdown.deeds import without_anchors, without_deeds
from gateway.markdown.dingtalk import to_dingtalk
from gateway.markdown.parsing import is_blank, is_plain, parse, tidy
from gateway.markdown.rendered import Markup, Rendered
from gateway.markdown.spans import settle
from gateway.markdown.splitting import split
from gateway.markdown.writing import write
from gateway.text import clean

__all__ = ["Markup", "Rendered", "render", "split"]


def render(text: str, markup: Markup) -> Rendered:
    """*text*, the CommonMark that a model wrote, as *markup* shows it.

    "telegram": text with entities that Telegram takes unchanged. "plain": readable without any markup.
    "anchors": the same, with no <a> in it that would be one. "dingtalk": text in DingTalk's part of Markdown.
    "markdown": as it is. A half-written document is shown as far as it goes. Blank input gives an empty text;
    no other does.
    """
    if markup == "anchors":
        rendered = render(text, "plain")
        return replace(rendered, text=without_anchors(rendered.text))
    if markup == "dingtalk":
        text = without_deeds(text)
    if is_plain(text) and (markup != "dingtalk" or "\n" not in text):
        return Rendered(text)
    text = clean(text)
    if is_blank(text):
        return Rendered("")
    if markup == "markdown":
        return Rendered(text, fenced=True)
    text = tidy(text)
    tokens = parse(text)
    if tokens is None:
        return _literal(text)
    if markup == "dingtalk":
        return Rendered(to_dingtalk(text, tokens), fenced=True)
    page = write(tokens, plain=markup == "plain")
    if is_blank(page.text):
        return _literal(text)
    return settle(page.text, page.spans) if markup == "telegram" else settle(page.text, ())


def _literal(text: str) -> Rendered:
    """The source itself, where that says more than what it would be turned into."""
    return settle(text.expandtabs(4), ())
