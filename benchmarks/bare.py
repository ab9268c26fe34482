"""The bot that anybody writes first: python-telegram-bot and the openai SDK as they come. Nothing durable."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from typing import Any

from openai import AsyncOpenAI
from telegram import Message, Update
from telegram.ext import Application, ContextTypes, MessageHandler, filters

_AT_ONCE = 1024
_BETWEEN_EDITS = 1.0  # seconds

client = AsyncOpenAI(api_key="none", base_url=os.environ["MODEL_URL"])
history: dict[int, list[Any]] = defaultdict(list)


async def reply_whole(message: Message, turns: list[Any]) -> str:
    """Ask the model and send its answer."""
    completion = await client.chat.completions.create(model="test", messages=turns[-20:])
    text = completion.choices[0].message.content or ""
    await message.reply_text(text, do_quote=False)
    return text


async def reply_growing(message: Message, turns: list[Any]) -> str:
    """Send what the model says first, then edit that now and then until all is said."""
    text, shown = "", 0.0
    sent: Message | None = None
    stream = await client.chat.completions.create(model="test", messages=turns[-20:], stream=True)
    async for chunk in stream:
        text += (chunk.choices[0].delta.content or "") if chunk.choices else ""
        if text.strip() and time.monotonic() - shown > _BETWEEN_EDITS:
            shown = time.monotonic()
            sent = await _show(message, sent, text)
    await _show(message, sent, text)
    return text


async def _show(question: Message, sent: Message | None, text: str) -> Message:
    if sent is None:
        return await question.reply_text(text, do_quote=False)
    if text != sent.text:
        await sent.edit_text(text)
    return sent


async def answer(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    """Ask the model and reply."""
    if update.message is None or update.effective_chat is None:
        return
    turns = history[update.effective_chat.id]
    turns.append({"role": "user", "content": update.message.text or ""})
    reply = reply_growing if os.environ.get("STREAM") else reply_whole
    turns.append({"role": "assistant", "content": await reply(update.message, turns)})


def main() -> None:
    """Run until killed."""
    root = os.environ["TELEGRAM_URL"]
    builder = Application.builder().token(os.environ["TELEGRAM_TOKEN"])
    application = (
        builder.base_url(f"{root}/bot")
        .concurrent_updates(_AT_ONCE)
        .connection_pool_size(_AT_ONCE)
        .pool_timeout(60)
        .read_timeout(60)
        .build()
    )
    application.add_handler(MessageHandler(filters.TEXT, answer))
    application.run_polling()


if __name__ == "__main__":
    main()
