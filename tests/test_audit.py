"""The audit of the packages: what it finds, and that nobody waits for a network that is not there."""

from __future__ import annotations

import time

from tests.audit import answers, faults


def test_a_network_that_is_not_there_is_not_waited_for() -> None:
    began = time.monotonic()
    assert not answers("http://127.0.0.1:1/", within=0.5)
    assert not answers("https://192.0.2.1/", within=0.2)
    assert not answers("nonsense", within=0.2)
    assert time.monotonic() - began < 5


def test_what_is_found_is_told() -> None:
    fault = {"id": "PYSEC-2026-1", "fix_versions": ["1.1"], "aliases": [], "description": ""}
    report = {
        "dependencies": [
            {"name": "good", "version": "1.0", "vulns": []},
            {"name": "unknown", "skip_reason": "not on PyPI"},
            {"name": "bad", "version": "1.0", "vulns": [fault]},
            {"name": "pip", "version": "1.0", "vulns": [fault]},
        ]
    }
    assert faults(report) == ["bad 1.0: PYSEC-2026-1, fixed in ['1.1']"]
