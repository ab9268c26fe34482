"""What browsers are told with every answer: to do no more with it than it needs."""

from __future__ import annotations


def guarded(policy: str) -> dict[str, str]:
    """The headers of an answer for browsers; *policy* is its Content-Security-Policy."""
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        # Not "no-referrer": with it, browsers send our own forms as of the origin "null".
        "Referrer-Policy": "same-origin",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
