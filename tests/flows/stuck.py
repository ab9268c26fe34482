"""The gateway that loses patience with itself early: ``python -m tests.flows.stuck run --config FILE``.

PATIENCE in the environment says how early (seconds). It knows a type of channel more: "stuck".
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import adapters
from gateway.cli import main, run

if __name__ == "__main__":
    adapters.__path__.append(str(Path(__file__).parent / "extra"))
    run._STUCK = float(os.environ["PATIENCE"])
    sys.exit(main())
