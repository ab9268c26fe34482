"""The command line: one file a group of commands."""

from gateway.cli.main import main as main
