"""Commands that run the gateway."""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import signal
import socket
import sys
import webbrowser
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from gateway import log
from gateway.adapter import load
from gateway.app import Gateway
from gateway.cli.keyboard import Keyboard
from gateway.cli.ollama import ollama_models
from gateway.cli.settings import configured
from gateway.cli.terminal import Terminal
from gateway.config import Access, ChannelSettings, Config, Web, embedded
from gateway.errors import ConfigError
from gateway.tasks import cancel
from gateway.watchdog import Watchdog

_WELCOME = """\
There is no config.json here, so this is the gateway to try out: a chat page for your browser.

  page    {url}
  model   {model}
  data    {folder}
  next    `gateway init` writes a config.json with your channels; then run this again.
          `gateway chat` talks in this terminal instead.

Ctrl-C ends.
"""
# Where the page may be when its own port is taken: so many after it.
_PORTS = 20
# The event loop does not turn for so long (seconds): it never will again.
_STUCK = 60.0
# Python's collector of cycles looks through everything after so many new objects; see `_spare_collector`.
_NEW_OBJECTS = 20_000


def run(options: argparse.Namespace) -> int:
    """Run the configured gateway, or, without a configuration, a chat page on this machine alone."""
    loaded = configured(options.config)
    if loaded is None:
        config = _on_a_free_port(embedded(os.environ, _loop(ollama_models())))
        url = (config.settings.web or Web()).root
        _welcome(config, url)
        return _serve(config, quiet=True, show=url if _has_desktop(os.environ) else "")
    for note in loaded.notes:
        sys.stderr.write(f"note: {note}\n")
    return _serve(loaded.config)


def chat(options: argparse.Namespace) -> int:
    """Talk to the configured model here, beside a gateway that may be running; channels may have mistakes."""
    loaded = configured(options.config, channels=False)
    config = _console_only(loaded.config if loaded else embedded(os.environ, _loop(ollama_models())))
    if os.isatty(0):
        sys.stdout.write(f"{_talker(config)}\n/help shows what there is, Ctrl-D ends.\n\n")
        sys.stdout.flush()
    return _serve(config, quiet=True)


def _console_only(config: Config) -> Config:
    """The same models and manners on this terminal alone, with data of its own; who sits here is an admin."""
    adapter = load("console")
    settings = config.settings.model_copy(update={"web": None, "access": Access(admins=("console:me",))})
    console = ChannelSettings("console", adapter, adapter.options_type(), settings)
    return replace(
        config, settings=settings, channels={"console": console}, data_dir=config.data_dir / "chat"
    )


def _serve(config: Config, *, quiet: bool = False, show: str = "") -> int:
    """Run until a signal; *quiet* keeps the log from the terminal, *show* is opened in the browser."""
    settings = config.settings.log
    log.configure(settings.format, "error" if quiet else settings.level, config.secrets())
    _spare_collector()
    _loop(_until_signal(config, show))
    return 0


def _spare_collector() -> None:
    """Have it look at what is made from now on, and seldom: it took a quarter of the CPU of every reply.

    What was imported stays for good, and hardly anything here is in a cycle: the rest is freed without it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 20, 50)


async def _until_signal(config: Config, show: str) -> None:
    terminal = _terminal(config)
    gateway = Gateway(config, terminal)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    showing = asyncio.create_task(_show(show)) if show else None
    try:
        with Watchdog(_STUCK):
            await gateway.run(stopping)
    finally:
        if terminal is not None:
            terminal.close()
        if showing is not None:
            await cancel(showing)


def _terminal(config: Config) -> Terminal | None:
    """Where the person who runs this sees logins; None where nobody sits there.

    What is typed is for the login, unless a console channel talks with who types it.
    """
    if not sys.stdout.isatty():
        return None
    talks = any(channel.type == "console" for channel in config.channels.values())
    return Terminal(sys.stdout, Keyboard(0) if not talks and os.isatty(0) else None)


async def _show(url: str) -> None:
    """Open *url* in the person's browser as soon as something answers there."""
    parts = urlsplit(url)
    for _ in range(100):
        try:
            _, writer = await asyncio.open_connection(parts.hostname, parts.port)
        except OSError:
            await asyncio.sleep(0.1)
            continue
        writer.close()
        await asyncio.to_thread(webbrowser.open, url)
        return


def _has_desktop(environ: Mapping[str, str]) -> bool:
    """True where somebody sits at this terminal and has a screen beside it."""
    screen = sys.platform == "darwin" or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))
    return screen and sys.stdout.isatty() and "SSH_CONNECTION" not in environ


def _on_a_free_port(config: Config) -> Config:
    """*config* with its web server where nobody else listens; says so where that is another port."""
    web = config.settings.web or Web()
    if _is_free(web.host, web.port):
        return config
    for port in range(web.port + 1, min(web.port + _PORTS, 65535) + 1):
        if _is_free(web.host, port):
            sys.stderr.write(f"note: port {web.port} is taken by another program; taking {port}\n")
            settings = config.settings.model_copy(update={"web": web.model_copy(update={"port": port})})
            return replace(config, settings=settings)
    raise ConfigError(f"the ports from {web.port} on are all taken: set another with GATEWAY_WEB__PORT")


def _is_free(host: str, port: int) -> bool:
    try:
        with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
            return True
    except OSError:
        return False


def _loop(main: Coroutine[Any, Any, Any]) -> Any:
    """Run *main* on the fastest event loop there is."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(main)
    return uvloop.run(main)


def _welcome(config: Config, url: str) -> None:
    sys.stdout.write(_WELCOME.format(url=url, model=_talker(config), folder=config.data_dir))
    sys.stdout.flush()


def _talker(config: Config) -> str:
    """Which model answers in the only channel."""
    (name,) = config.channels
    model = config.models[config.conversation(name).model]
    if model.type != "echo":
        return f"{model.model} at {model.base_url}"
    return "echo: it says back what you say (set OPENAI_API_KEY, or start Ollama, for a real one)"
