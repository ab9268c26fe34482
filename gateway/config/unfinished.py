"""What a configuration may say already, and this version does not act on yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from gateway.config.reader import Json

# Types of channel that are documented and not here yet.
COMING = frozenset({"wechat_web", "wechat_ilink", "wechat_official"})

_KEYS = ("operator",)


def without_effect(tree: Mapping[str, Json], types: Iterable[str]) -> Iterator[str]:
    """The keys of a checked *tree* that are set and change nothing; *types* are those of its channels."""
    if tree.get("auto_pass") and not any(kind.startswith("wechat") for kind in types):
        yield "auto_pass"
    yield from (key for key in _KEYS if tree.get(key))
