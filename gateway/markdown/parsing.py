"""CommonMark as models write it: markdown-it with tables, ~~strikethrough~~, ||spoilers|| and math.

It differs from CommonMark where that would show a reader less than the model wrote: emphasis beside Chinese
punctuation works, HTML is text, and a "reference" is only one that is used and leads somewhere.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, reference
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline import emphasis as _emphasis
from markdown_it.rules_inline import strikethrough as _strikethrough
from markdown_it.rules_inline.state_inline import Delimiter
from markdown_it.token import Token

MAX_LENGTH = 100_000
"""A longer text is shown as it is: the parser's worst inputs take 15 µs a character."""

MAX_NESTING = 24  # blocks and spans inside each other; what is deeper, the parser would drop
_MAX_FORMULA = 2_000  # characters

# What Telegram's server replaces or drops, see `tidy`; then what may mean something in Markdown anywhere, and
# at the beginning and the end of a line.
_UNTIDY = "\x00-\x08\x0b-\x1f\u0333\u033f\u030a\u200e\u200f\u2028-\u202e"
_FOREIGN = re.compile(f"[{_UNTIDY}]")
_SPECIAL = re.compile(rf"[\\`*_\[\]<>&~|#\t{_UNTIDY}\ud800-\udfff]")
_LINE = re.compile(r"[-+=\s]|\d{1,9}[.)]")
_LINES = re.compile(r"^(?:[-+=\s]|\d{1,9}[.)])|[^\S\n]$|\n\n\n|\n\Z", re.MULTILINE)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_REMOVED = re.compile("[\u0333\u033f\u030a\u2028-\u202e]")
# Anything but white space, control and format characters, and fillers.
_VISIBLE = re.compile(
    r"[^\s\x00-\x1f\x7f-\x9f\u00ad\u030a\u0333\u033f\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff]"
)
_CJK = re.compile(
    "[\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff]"
)
# What CommonMark calls the label and the definition of a link reference; "[^1]:" is a footnote.
_LABEL = re.compile(r"\[[^\[\]]+\]")
_DEFINITION = re.compile(r" {0,3}(\[(?!\^)[^\[\]]+\]):[ \t]*<?(?:https?|mailto|tg):", re.IGNORECASE)


def is_plain(text: str) -> bool:
    """Whether *text* reads the same with and without being parsed. Says no where it would take thought."""
    if _SPECIAL.search(text) or is_blank(text):
        return False
    if "\n" in text:
        return _LINES.search(text) is None
    return _LINE.match(text) is None and not text[-1].isspace()


def is_blank(text: str) -> bool:
    """Whether nothing of *text* can be seen."""
    return _VISIBLE.search(text) is None


def tidy(text: str) -> str:
    """*text* without what Telegram's server replaces or drops (which would move every entity behind it).

    Control characters become spaces; bidirectional overrides and three combining marks go. Tabs stay: they
    mean indentation.
    """
    if not _FOREIGN.search(text):
        return text
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _CONTROL.sub(" ", text)
    return _REMOVED.sub("", unicodedata.normalize("NFC", text)) if _REMOVED.search(text) else text


def parse(text: str) -> Sequence[Token] | None:
    """The tokens of *text*; None where it is better shown as it is.

    That is a text too long or too deeply nested (the parser would drop what is deeper), one that is
    nothing but rules ("***", while more is on its way), and one of which nothing could be seen.
    """
    if len(text) > MAX_LENGTH:
        return None
    tokens = _PARSER.parse(text)
    if all(token.type == "hr" for token in tokens):
        return None
    if any(token.level >= MAX_NESTING - 1 for token in tokens):
        return None
    return tokens


Rule = Callable[[StateInline, bool], bool]


def _beside_cjk(rule: Rule) -> Rule:
    """*rule*, which collects delimiters, made to see them beside Chinese, Japanese and Korean characters.

    CommonMark wants a space or punctuation around emphasis that ends in punctuation; "**注意：**这里" has
    neither and never will.
    """

    def collect(state: StateInline, silent: bool) -> bool:
        start, count = state.pos, len(state.delimiters)
        if not rule(state, silent):
            return False
        before = state.src[start - 1] if start else " "
        after = state.src[state.pos] if state.pos < state.posMax else " "
        if state.src[start] != "_" and (_CJK.match(before) or _CJK.match(after)):
            for delimiter in state.delimiters[count:]:
                delimiter.open = not after.isspace()
                delimiter.close = not before.isspace()
        return True

    return collect


def _spoiler(state: StateInline, silent: bool) -> bool:
    """Collect a "||"."""
    if silent or not state.src.startswith("||", state.pos):
        return False
    scanned = state.scanDelims(state.pos, True)
    token = state.push("text", "", 0)
    token.content = "|" * scanned.length
    if scanned.length == 2:
        last = len(state.tokens) - 1
        state.delimiters.append(Delimiter(ord("|"), 0, last, -1, scanned.can_open, scanned.can_close))
    state.pos += scanned.length
    return True


def _pair_spoilers(state: StateInline) -> None:
    """Turn each pair of "||" into a span."""
    metas = (meta["delimiters"] for meta in state.tokens_meta if meta)
    for delimiters in (state.delimiters, *metas):
        for opener in delimiters:
            if opener.marker == ord("|") and opener.end != -1:
                closer = delimiters[opener.end]
                _turn(state.tokens[opener.token], "spoiler_open", 1)
                _turn(state.tokens[closer.token], "spoiler_close", -1)


def _turn(token: Token, kind: str, nesting: int) -> None:
    token.type, token.content, token.nesting = kind, "", 1 if nesting > 0 else -1


def _formula(state: StateInline, silent: bool) -> bool:
    r"""Keep \(…\), and \[…\] or $$…$$ where it fills its lines, from being read as Markdown."""
    start = state.pos
    opener = state.src[start : start + 2]
    closer = {r"\(": r"\)", r"\[": r"\]", "$$": "$$"}.get(opener)
    if closer is None:
        return False
    end = state.src.find(closer, start + 2, min(state.posMax, start + _MAX_FORMULA))
    content = state.src[start + 2 : end].strip() if end > 0 else ""
    if not content or (opener == r"\[" and not _fills_lines(state.src, start, end + 2)):
        return False
    if not silent:
        state.push("formula", "", 0).content = content
    state.pos = end + 2
    return True


def _fills_lines(text: str, start: int, end: int) -> bool:
    line_end = text.find("\n", end)
    before = text[text.rfind("\n", 0, start) + 1 : start]
    after = text[end : line_end if line_end >= 0 else len(text)]
    return not before.strip() and not after.strip(" .,。，")


def _definition(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A link reference definition: only one that is used and leads to a page or an address.

    Anything else of that shape is a footnote or a list of sources, and the reader would miss it.
    """
    line = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
    found = _DEFINITION.match(line)
    if not found:
        return False
    if "labels" not in state.env:
        state.env["labels"] = Counter(map(str.lower, _LABEL.findall(state.src)))
    labels: Counter[str] = state.env["labels"]
    return labels[found[1].lower()] > 1 and reference(state, start, end, silent)


def _build() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": MAX_NESTING})
    parser.enable(["table", "strikethrough"])
    parser.block.ruler.at("reference", _definition)
    inline = parser.inline
    inline.add_terminator_char("|")
    inline.ruler.at("emphasis", _beside_cjk(_emphasis.tokenize))
    inline.ruler.at("strikethrough", _beside_cjk(_strikethrough.tokenize))
    inline.ruler.before("escape", "formula", _formula)
    inline.ruler.after("emphasis", "spoiler", _spoiler)
    inline.ruler2.after("emphasis", "spoiler", _pair_spoilers)
    return parser


_PARSER = _build()
