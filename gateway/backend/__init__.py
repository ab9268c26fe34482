"""The language models behind the gateway."""
