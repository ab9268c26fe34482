"""The openai SDK's client for one server, and the headers of its requests."""

from __future__ import annotations

from openai import AsyncOpenAI, Omit

from gateway.backend.base import ModelOptions
from gateway.backend.transport import http_client, parse_proxy


def make_client(options: ModelOptions) -> AsyncOpenAI:
    """A client that retries nothing. Raises `ConfigError` where the proxy's address cannot be one."""
    proxy = parse_proxy(options.proxy.get_secret_value()) if options.proxy else None
    return AsyncOpenAI(
        # The SDK refuses to be without one, and else looks into the environment; see `headers`.
        api_key=options.api_key.get_secret_value() if options.api_key else "none",
        base_url=options.base_url,
        default_query=options.extra_query,
        http_client=http_client(options.timeouts.connect, proxy),
        max_retries=0,
    )


def headers(options: ModelOptions) -> dict[str, str | Omit]:
    """The configured headers; none that the SDK would take from the environment, no key that is not ours."""
    own: dict[str, str | Omit] = {"OpenAI-Organization": Omit(), "OpenAI-Project": Omit()}
    if not options.api_key:
        own["Authorization"] = Omit()
    configured = {name.lower() for name in options.extra_headers}
    kept = {name: value for name, value in own.items() if name.lower() not in configured}
    return {**kept, **options.extra_headers}
