"""The gateway as one of many: ``python -m tests.flows.humble run --config FILE``.

Root may write anywhere; this gives that up, so that the permissions of files hold for whoever runs the tests.
"""

from __future__ import annotations

import ctypes
import os
import sys

# <linux/prctl.h>, <linux/capability.h>
_PR_CAPBSET_READ, _PR_CAPBSET_DROP = 23, 24
_CAP_DAC_OVERRIDE = 1


def give_up() -> None:
    """Give root's right up: what was given up is gone in the next program. Raises `OSError`."""
    libc = ctypes.CDLL(None, use_errno=True)
    may_get_it = libc.prctl(_PR_CAPBSET_READ, _CAP_DAC_OVERRIDE, 0, 0, 0) == 1
    if os.geteuid() == 0 and may_get_it and libc.prctl(_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "cannot give up root's right")


if __name__ == "__main__":
    give_up()
    os.execv(sys.executable, [sys.executable, "-m", "gateway", *sys.argv[1:]])
