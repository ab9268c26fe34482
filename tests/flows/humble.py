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

libc = ctypes.CDLL(None, use_errno=True)
may_get_it = libc.prctl(_PR_CAPBSET_READ, _CAP_DAC_OVERRIDE, 0, 0, 0) == 1
if os.geteuid() == 0 and may_get_it and libc.prctl(_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE, 0, 0, 0):
    sys.exit(f"cannot give up root's right: {os.strerror(ctypes.get_errno())}")
# What was given up is gone in the next program.
os.execv(sys.executable, [sys.executable, "-m", "gateway", *sys.argv[1:]])
