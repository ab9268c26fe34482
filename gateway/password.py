"""Passwords as they are kept: hashes that are expensive to guess by, argon2id, and never the words."""

from __future__ import annotations

import re

import argon2

# As OWASP's cheat sheet has it for servers: 19 MiB and some hundredths of a second for each guess.
# https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#argon2id
_HASHER = argon2.PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_MARK = "$argon2"
# Salt and hash, as all libraries write them.
_END = re.compile(r".*\$[A-Za-z0-9+/]{11,}\$[A-Za-z0-9+/]{16,}")
# A hash that somebody made elsewhere may ask for more (KiB), but every login takes that.
_MOST_MEMORY = 2**20


def hashed(password: str) -> str:
    """A hash of *password*, another each time. Takes a while: not for the event loop."""
    return _HASHER.hash(_bytes(password))


def is_hash(text: str) -> bool:
    """True where *text* is meant as a hash; `flaw` says whether it is one."""
    return text.startswith(_MARK)


def flaw(hash: str) -> str:
    """What makes *hash* useless, in words; "" where nothing does."""
    try:
        parameters = argon2.extract_parameters(hash)
    except argon2.exceptions.InvalidHashError:
        return "is no whole argon2 hash"
    if not _END.fullmatch(hash):
        return "is no whole argon2 hash"
    if parameters.memory_cost > _MOST_MEMORY:
        return "is an argon2 hash that takes more than 1 GiB of memory for each login"
    return ""


def verify(hash: str, password: str) -> bool:
    """True where *hash* is one of *password*. Takes a while: not for the event loop."""
    try:
        return _HASHER.verify(hash, _bytes(password))
    except argon2.exceptions.VerificationError:
        return False


def _bytes(password: str) -> bytes:
    # A browser may send half a character, a header any byte.
    return password.encode("utf-8", "replace")
