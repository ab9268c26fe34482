"""A robot made with dingtalk-stream: run by the tests as a program of its own.

It answers a text with the same text, "markdown" with markdown, "card" with an AI card, "fail" with one that
fails, and a picture with its media id after fetching and uploading it again.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

import dingtalk_stream
import requests
from dingtalk_stream import AckMessage, CallbackMessage, ChatbotHandler, ChatbotMessage

_post = requests.post


def post(url: str, *args: Any, **kwargs: Any) -> requests.Response:
    """`requests.post`, also for the one address that the library does not let us set."""
    root = os.environ["DINGTALK_OPENAPI_ENDPOINT"]
    return _post(url.replace("https://oapi.dingtalk.com", root), *args, **{"timeout": 10, **kwargs})


class Echo(ChatbotHandler):
    async def process(self, callback: CallbackMessage) -> tuple[int, str]:
        message = ChatbotMessage.from_dict(callback.data)
        if images := message.get_image_list():
            number = self.extract_image_from_incoming_message(message)[0]
            self.reply_text(f"{len(images)} picture: {number}", message)
        elif message.text.content.strip() == "markdown":
            self.reply_markdown("title", "# hello", message)
        elif message.text.content.strip() in ("card", "fail"):
            card = self.ai_markdown_card_start(message, title="thinking")
            card.ai_streaming("one", append=True)
            card.ai_streaming(" two", append=True)
            if message.text.content.strip() == "card":
                card.ai_finish("one two three")
            else:
                card.ai_fail()
        else:
            self.reply_text(message.text.content.strip(), message)
        return AckMessage.STATUS_OK, "OK"


class Events(dingtalk_stream.EventHandler):
    async def process(self, event: dingtalk_stream.EventMessage) -> tuple[int, str]:
        return AckMessage.STATUS_OK, "OK"


requests.post = post
client = dingtalk_stream.DingTalkStreamClient(dingtalk_stream.Credential(sys.argv[1], sys.argv[2]))
client.register_callback_handler(ChatbotMessage.TOPIC, Echo())
client.register_all_event_handler(Events())
asyncio.run(client.start())
