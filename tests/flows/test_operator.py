"""The operator hears of a channel's trouble through another channel, and both go on."""

from __future__ import annotations

from pathlib import Path

from tests.flows.process import GatewayProcess
from tests.servers.model import ModelServer
from tests.servers.telegram import TelegramServer


async def test_a_channel_that_is_refused_is_told_through_another(
    tmp_path: Path, telegram: TelegramServer, model: ModelServer
) -> None:
    ann = telegram.user("Ann")
    chat = telegram.private(ann)
    async with TelegramServer(token="67890:OTHER") as other:
        other.fail("getMe", status=401, times=None)
        channels = {
            name: {"type": "telegram", "token": server.token, "api_root": server.root, "pacing": None}
            for name, server in {"telegram": telegram, "other": other}.items()
        }
        config = {"base_url": model.base_url, "model": "test", "channels": channels, "language": "zh"}
        async with GatewayProcess(tmp_path, {**config, "operator": [f"telegram:{chat['id']}"]}):
            (notice,) = await telegram.answers(chat, 1, timeout=20)
            assert notice.text.startswith("平台拒绝了通道 other 的登录。")
            telegram.say(chat, ann, "hello")
            sent = await telegram.answers(chat, 2)
            assert sent[1].text == "hello (1 turns)"
