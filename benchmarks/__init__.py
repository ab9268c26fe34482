"""How fast the gateway is, beside a bare bot and the least that a bot can do: ``make bench``.

docs/performance.md explains every figure.
"""
