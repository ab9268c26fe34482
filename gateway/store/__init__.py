"""Durable state: one SQLite file, its tables, and the questions asked of them."""
