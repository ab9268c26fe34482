"""What holds for every test."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.clock import Clock
from tests.servers.known import leaked, platforms

_CODE = ("gateway", "adapters")
_OURS = logging.Formatter()
CI = os.environ.get("CI") == "true"

# A machine with much to do is no mistake of ours; and what CI has tried once, it tries every time.
settings.register_profile(
    "gateway",
    settings.get_profile("ci" if CI else "default"),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("gateway")

# Whoever starts the tests in the background has Ctrl-C ignored, by all that they start, too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _no_secret_in_a_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever is tested: what the gateway's own code has logged names no secret of a simulated platform."""
    yield
    records = [*caplog.get_records("setup"), *caplog.get_records("call")]
    shown = "\n".join(_OURS.format(record) for record in records if record.name.startswith(_CODE))
    if shown:
        assert leaked((text for one in platforms() for text in one.given_out()), shown) == []


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """What `time.monotonic` says from now on: it only moves when told."""
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    return clock


@pytest.fixture
def logging_as_before() -> Iterator[None]:
    """For tests that run a command here: it says where the log goes, for the whole process."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where everything is said to be installed, a skipped test is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if CI and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
