"""The bot that anybody writes first: python-telegram-bot and the openai SDK as they come. Nothing durable."""

from __future__ import annotations

import os
from collections import defaultdict

from openai import AsyncOpenAI
from telegram import Update
from telegram.ext import Application, ContextTypes, MessageHandler, filters

client = AsyncOpenAI(api_key="none", base_url=os.environ["MODEL_URL"])
history: dict[int, list[dict[str, str]]] = defaultdict(list)


async def answer(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    """Ask the model and reply."""
    if update.message is None or update.effective_chat is None:
        return
    turns = history[update.effective_chat.id]
    turns.append({"role": "user", "content": update.message.text or ""})
    completion = await client.chat.completions.create(model="test", messages=turns[-20:])  # type: ignore[arg-type]
    text = completion.choices[0].message.content or ""
    turns.append({"role": "assistant", "content": text})
    await update.message.reply_text(text, do_quote=False)


def main() -> None:
    """Run until killed."""
    root = os.environ["TELEGRAM_URL"]
    builder = Application.builder().token(os.environ["TELEGRAM_TOKEN"])
    application = (
        builder.base_url(f"{root}/bot")
        .concurrent_updates(256)
        .connection_pool_size(256)
        .pool_timeout(60)
        .build()
    )
    application.add_handler(MessageHandler(filters.TEXT, answer))
    application.run_polling()


if __name__ == "__main__":
    main()
