"""Real payloads, turned into what a broken client, a broken network or somebody who means harm would send."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import orjson

NUMBERS = (
    *(0, 1, -1, 2, 7, 255, 2**31, -(2**31), 2**53, 2**63 - 1, 2**63, 2**64, -(2**64), 10**40, 10**400),
    *(0.5, -0.0, 1e308, 5e-324, float("nan"), float("inf"), float("-inf")),
)
WORDS = (
    *(
        "",
        " ",
        "\n",
        "\0",
        "\ud83d",
        "\udc00x",
        "\ufeff",
        "\u202e",
        "\u2028",
        "\x1b[2J",
        "%s%n",
        "{}",
        "{0!r}",
    ),
    *(
        "null",
        "0",
        "-1",
        "1e999",
        "9" * 30,
        "9" * 5000,
        "٣",
        "²",
        "true",
        "//[",
        "http://[::1",
        "https://a:b@c:99999/",
    ),
    *(
        "file:///etc/passwd",
        "../../x",
        "😀",
        "👨‍👩‍👧",
        "e\u0301",
        "@",
        "@@",
        "@x:<br/>",
        "/stop",
        "<br/>",
        "&#xd83d;",
    ),
    *(
        "<!DOCTYPE x>",
        "]]>",
        "data:",
        "a" * 300,
        "词" * 300,
        "\r\n",
        "sk-" + "a" * 20,
        "bot1:" + "a" * 30,
        "=?x?",
    ),
)
_DEEP = "\x01deep\x01"
_DEPTHS = (20, 100, 260, 600, 1100, 5000)


class Mutator:
    """Mutates what it is given by the throws of a *dice*; the same throws, the same result.

    *payloads* are the JSON values that pieces are taken from, *words* texts that mean something where the
    result goes.
    """

    def __init__(self, payloads: Sequence[Any] = (), words: Sequence[str] = ()) -> None:
        self._words = (*WORDS, *words)
        self._keys: list[str] = []
        self._values: list[Any] = []
        for payload in payloads:
            self._gather(payload)
        self._packed = [orjson.dumps(value) for value in self._values]

    def json(self, packed: bytes, dice: Random) -> bytes:
        """The JSON in *packed*, changed in a few places, as bytes that may be JSON no more."""
        root = [orjson.loads(packed)]
        for _ in range(dice.choice((1, 1, 1, 2, 2, 3, 5))):
            self._change(root, dice)
        text = json.dumps(root[0], ensure_ascii=dice.random() < 0.5)
        if _DEEP[1:5] in text:
            text = text.replace(json.dumps(_DEEP), _deep(dice))
        data = text.encode("utf-8", "surrogatepass")
        return self.bytes(data, dice) if dice.random() < 0.1 else data

    def text(self, text: str, dice: Random) -> str:
        """*text* with words put in, taken out, repeated and moved."""
        for _ in range(dice.choice((1, 1, 2, 3, 6))):
            at, to = sorted((dice.randint(0, len(text)), dice.randint(0, len(text))))
            match dice.randrange(6):
                case 0:
                    text = text[:at] + text[min(to, at + 9) :]
                case 1:
                    text = text[:to]
                case 2:
                    text = text[:at] + text[at : at + 20] * dice.choice((2, 3, 50)) + text[to:]
                case 3:
                    text = text[:at] + text[to:] + text[at:to]
                case _:
                    text = text[:at] + self._word(dice) + text[at:]
        return text[:20_000]

    def bytes(self, data: bytes, dice: Random) -> bytes:
        """*data* with bits flipped, cut, spliced, or in another encoding."""
        found = bytearray(data)
        match dice.randrange(7):
            case 0 | 1 | 2:
                for _ in range(dice.choice((1, 1, 2, 8))):
                    if found:
                        found[dice.randrange(len(found))] ^= 1 << dice.randrange(8)
            case 3:
                del found[dice.randint(0, len(found)) :]
            case 4:
                at = dice.randint(0, len(found))
                start = dice.randint(0, len(found))
                found[at:at] = found[start : start + dice.randint(0, 60)]
            case 5:
                at = dice.randint(0, len(found))
                found[at : at + dice.randint(0, 4)] = dice.randbytes(dice.randint(0, 4))
            case _:
                encoding = dice.choice(("utf-16", "utf-32-le", "gb18030", "latin-1", "utf-7", "utf-8-sig"))
                return data.decode("utf-8", "replace").encode(encoding, "replace")
        return bytes(found)

    def grown(self, packed: bytes, dice: Random, size: int) -> bytes:
        """The JSON in *packed* with one of its texts or lists grown to about *size* bytes."""
        root = [orjson.loads(packed)]
        node, key = _place(root, dice, leaf=True)
        value = node[key]
        if isinstance(value, (dict, list)) and value:
            packed_value = orjson.dumps(value)
            node[key] = [value] * max(1, size // len(packed_value))
        else:
            node[key] = self.filled(dice, size)
        text = json.dumps(root[0], ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "surrogatepass")

    def filled(self, dice: Random, size: int) -> str:
        """About *size* bytes of some words over and over."""
        words = [self._word(dice) or " " for _ in range(dice.choice((1, 1, 2, 3)))]
        pattern = "".join(words)
        filling = pattern * max(1, size // len(pattern.encode("utf-8", "surrogatepass")))
        return self._word(dice) + filling + self._word(dice)

    def _word(self, dice: Random) -> str:
        return dice.choice(self._words)

    def _gather(self, value: Any) -> None:
        self._values.append(value)
        if isinstance(value, dict):
            self._keys += value
        for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            self._gather(child)

    def _change(self, root: list[Any], dice: Random) -> None:
        node, key = _place(root, dice)
        dice.choice(_CHANGES)(self, node, key, dice)

    def _drop(self, node: Any, key: Any, dice: Random) -> None:
        if node[key] is not None:
            del node[key]
            if isinstance(node, list) and not node:
                node.append(None)

    def _retype(self, node: Any, key: Any, dice: Random) -> None:
        node[key] = self._junk(dice)

    def _nest(self, node: Any, key: Any, dice: Random) -> None:
        value = node[key]
        node[key] = dice.choice(
            ([value], [[value]], {"x": value}, {key: value} if isinstance(key, str) else [value])
        )

    def _exchange(self, node: Any, key: Any, dice: Random) -> None:
        node[key] = orjson.loads(dice.choice(self._packed))

    def _repeat(self, node: Any, key: Any, dice: Random) -> None:
        value = node[key]
        if isinstance(value, list):
            node[key] = (value * dice.choice((2, 3, 40)))[:400]
        elif isinstance(value, str):
            node[key] = (value * dice.choice((2, 3, 100)))[:20_000]
        elif isinstance(value, dict) and value:
            node[key] = [value] * dice.choice((1, 2, 40))

    def _edit(self, node: Any, key: Any, dice: Random) -> None:
        value = node[key]
        node[key] = self.text(value, dice) if isinstance(value, str) else self._junk(dice)

    def _rename(self, node: Any, key: Any, dice: Random) -> None:
        if isinstance(node, dict) and self._keys:
            node[dice.choice(self._keys)] = node[key] if dice.random() < 0.5 else node.pop(key)

    def _junk(self, dice: Random) -> Any:
        match dice.randrange(10):
            case 0 | 1 | 2:
                return dice.choice(NUMBERS)
            case 3 | 4 | 5:
                return self._word(dice)
            case 6:
                return dice.choice((None, True, False))
            case 7:
                return dice.choice(([], {}, [[]], [{}], [None], {"": None}, [1, "a", {}]))
            case 8:
                return _DEEP if dice.random() < 0.2 else dice.choice(("", [], {}, 0, None))
            case _:
                return self._word(dice) * dice.choice((2, 50))


_Change = Callable[[Mutator, Any, Any, Random], None]
_CHANGES: tuple[_Change, ...] = (
    Mutator._drop,
    Mutator._retype,
    Mutator._retype,
    Mutator._retype,
    Mutator._nest,
    Mutator._exchange,
    Mutator._repeat,
    Mutator._edit,
    Mutator._edit,
    Mutator._rename,
)


def _place(root: list[Any], dice: Random, *, leaf: bool = False) -> tuple[Any, Any]:
    """A container somewhere in *root*, and one of its keys; a *leaf* more often than not."""
    node: Any = root
    key: Any = 0
    while True:
        value = node[key]
        if not (isinstance(value, (dict, list)) and value) or dice.random() < (0.05 if leaf else 0.2):
            return node, key
        node = value
        key = dice.choice([*value]) if isinstance(value, dict) else dice.randrange(len(value))


def _deep(dice: Random) -> str:
    depth = dice.choice(_DEPTHS)
    opening, closing = dice.choice((("[", "]"), ('{"x":', "}"), ('[{"children":', "}]")))
    return opening * depth + "1" + closing * depth
