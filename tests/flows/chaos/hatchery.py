"""Starts gateways fast: ``python -m tests.flows.chaos.hatchery``, with all the gateway needs imported once.

Each line of standard input asks for something, as JSON: ``{"start": FOLDER}`` forks a process that runs
``gateway run`` on FOLDER's config.json, and is answered its id; ``{"reap": ID}`` waits for one that ends, and
is answered its exit code. At the end of the input all that still run are killed.

Each gateway is a process of its own, with its own loop, threads and files; only the second that Python takes
to import everything is saved. It differs from ``python -m gateway`` in three things: it obeys `orders`
(SIGUSR1), it says which tasks it has (SIGUSR2, in the log), and an official account's three tries are as near
to each other as in the simulated WeChat.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from collections import Counter
from pathlib import Path

from adapters.wechat_official import desk
from gateway.adapter import load
from gateway.cli import main
from tests.flows.chaos.orders import Orders

KINDS = ("telegram", "dingtalk", "wechat_web", "wechat_ilink", "wechat_official", "webchat")
# From here on (seconds after the first) a request of the simulated WeChat's is the last of its three.
LAST_TRY = 2.6


def hatch(folder: Path) -> None:
    """Be the gateway of *folder*, to the end."""
    os.chdir(folder)
    os.umask(0)  # whatever it makes for itself alone, it must say so
    log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, file in enumerate((nothing, log, log)):
        os.dup2(file, number)
    _obey(folder)
    code = 70
    try:
        code = main(["run", "--config", str(folder / "config.json")])
    except SystemExit as exc:
        code = exc.code if isinstance(exc.code, int) else 1
    finally:
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _obey(folder: Path) -> None:
    orders = Orders(folder)

    def count(*_: object) -> None:
        # Not here and now: whatever the signal interrupts may be writing a line of the log itself.
        with contextlib.suppress(RuntimeError):  # it has not begun
            asyncio.get_running_loop().call_soon_threadsafe(_say_tasks)

    signal.signal(signal.SIGUSR1, lambda *_: orders.obey())
    signal.signal(signal.SIGUSR2, count)
    orders.take_over()
    desk._LAST_AFTER = LAST_TRY


def _say_tasks() -> None:
    tasks = asyncio.all_tasks()
    working = sum(task.get_name().startswith("work ") for task in tasks)
    names = Counter(getattr(task.get_coro(), "__qualname__", "?") for task in tasks)
    logging.getLogger("chaos").info("tasks: %s, of messages: %d", json.dumps(names), working)


def serve() -> None:
    """Do what is asked for, until nobody asks any more."""
    for early in (signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(early, signal.SIG_IGN)
    running: set[int] = set()
    for line in sys.stdin:
        asked = json.loads(line)
        if "start" in asked:
            pid = os.fork()
            if pid == 0:
                hatch(Path(asked["start"]))
            running.add(pid)
            answer = pid
        else:
            _, status = os.waitpid(asked["reap"], 0)
            running.discard(asked["reap"])
            answer = os.waitstatus_to_exitcode(status)
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()
    for pid in running:
        os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    for kind in KINDS:
        load(kind)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    serve()
