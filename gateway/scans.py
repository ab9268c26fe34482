"""The code of a login in its channel's folder: a picture for people, a note for other processes of ours.

The gateway that runs writes what it asks, and takes the digits that somebody typed elsewhere. The files are
as secret as a password (mode 0600) and gone when nothing is asked any more.
"""

from __future__ import annotations

import json
import unicodedata
from dataclasses import asdict
from pathlib import Path

from pydantic import TypeAdapter

from gateway import qr
from gateway.files import make_folder, replace, temporary
from gateway.login import Scan

# More are no digits of a phone's; bytes of a file that may have some in it.
_MOST_DIGITS, _LARGEST = 32, 256
_SCAN = TypeAdapter(Scan)


class ScanFiles:
    """The files of one login in *folder*, for both sides. Everything here may block, and raise `OSError`.

    `picture`: the code as a PNG; there is none where no code can hold the text.
    """

    def __init__(self, folder: Path) -> None:
        self.picture = folder / "login.png"
        self._folder = folder
        self._scan = folder / "login.scan"
        self._digits = folder / "login.digits"

    def write(self, scan: Scan | None) -> None:
        """Show *scan* in place of what was there; None: nothing is asked any more."""
        if scan is None:
            self.clear()
            return
        make_folder(self._folder)
        self._digits.unlink(missing_ok=True)  # for an earlier question
        picture = qr.png(scan.text)
        if picture is None:
            self.picture.unlink(missing_ok=True)
        else:
            replace(self.picture, picture, durable=False)
        # Last: who reads it may count on the rest.
        replace(self._scan, json.dumps(asdict(scan)).encode(), durable=False)

    def clear(self) -> None:
        """Take everything away, also what a crash left behind."""
        for path in (self._scan, self._digits, self.picture):
            path.unlink(missing_ok=True)
            temporary(path).unlink(missing_ok=True)

    def read(self) -> Scan | None:
        """What is asked now; None: nothing."""
        try:
            return _SCAN.validate_json(self._scan.read_bytes())
        except (FileNotFoundError, ValueError):
            return None  # not there, or another version's

    def put_digits(self, digits: str) -> None:
        """Hand *digits* to the gateway that runs."""
        replace(self._digits, digits.encode(), durable=False)

    def take_digits(self) -> str:
        """The digits that were handed over, once; "" where there are none."""
        try:
            with self._digits.open("rb") as file:
                found = file.read(_LARGEST)
        except FileNotFoundError:
            return ""
        finally:
            self._digits.unlink(missing_ok=True)
        return digits_of(found.decode(errors="replace"))


def digits_of(typed: str) -> str:
    """The digits that somebody typed, wide ones and spaces between them too; "" where it is anything else."""
    digits = "".join(unicodedata.normalize("NFKC", typed).split())
    return digits if digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS else ""
