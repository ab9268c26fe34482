"""What holds for every command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.cli import main

ECHO = {"models": {"echo": {"type": "echo"}}, "model": "echo", "channels": {"console": {}}}


def test_who_reads_no_more_hears_no_complaint(tmp_path: Path) -> None:
    """`gateway check | head -1` ended with a traceback."""
    (tmp_path / "config.json").write_text(json.dumps(ECHO))
    reads, writes = os.pipe()
    os.close(reads)
    command = [sys.executable, "-m", "gateway", "check"]
    try:
        done = subprocess.run(command, cwd=tmp_path, stdout=writes, stderr=subprocess.PIPE, timeout=60)
    finally:
        os.close(writes)
    assert (done.returncode, done.stderr) == (1, b"")


def test_an_import_names_the_file_that_it_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`gateway check` alone would look at another."""
    old, new = tmp_path / "old.json", tmp_path / "my new.json"
    old.write_text(json.dumps({"api_key": "sk-0123456789", "auto_pass": True}))
    assert main(["import", str(old), "--config", str(new)]) == 0
    assert f"`gateway check --config '{new}'` looks at it" in capsys.readouterr().out
