"""The command that turns a password into what may stand in a configuration."""

from __future__ import annotations

import argparse
import getpass
import sys

from gateway.errors import ConfigError
from gateway.password import hashed


def hash_password(options: argparse.Namespace) -> int:
    """Print the hash of a password: of what is typed twice, or of the first line that comes in."""
    password = _typed() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise ConfigError("there is no password: type one, or send it in a line")
    sys.stdout.write(f"{hashed(password)}\n")
    return 0


def _typed() -> str:
    password = getpass.getpass("Password: ")
    if password and getpass.getpass("Once more: ") != password:
        raise ConfigError("these were two passwords")
    return password
