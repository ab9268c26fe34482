"""Telegram: the Bot API, by long poll or webhook. https://core.telegram.org/bots/api"""

from adapters.telegram.adapter import Telegram as Telegram
