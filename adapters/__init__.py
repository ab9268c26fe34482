"""One module or package per platform."""
