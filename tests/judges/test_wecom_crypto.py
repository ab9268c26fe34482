"""Two packages for Node.js, which we did not write, read what we encrypt for WeChat, and we read theirs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapters.wechat_official.crypto import Cipher
from adapters.wechat_official.signing import signature
from tests.judges import npm
from tests.judges.program import Program, running
from tests.servers.wechat_official import crypto

pytestmark = pytest.mark.judge

TOKEN, KEY, APP_ID = "TokenOfTheAccount", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "wx0123456789abcdef"
TEXTS = [
    "hello",
    "<xml><Content><![CDATA[你好，世界 🌍]]></Content></xml>",
    "x" * 2048,
    # every length of the padding
    *("y" * length for length in range(1, 34)),
]


class Judge:
    """One of the packages, asked by lines."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._asked = 0

    async def __call__(self, act: str, **arguments: Any) -> Any:
        self._asked += 1
        self._program.write(orjson.dumps({"act": act, **arguments}).decode())
        return await self._program.until("answer", self._asked)


@pytest.fixture(params=[npm.WECOM_CRYPTO, npm.WECHAT_CRYPTO])
async def judge(request: pytest.FixtureRequest) -> AsyncIterator[Judge]:
    script = str(Path(__file__).parent / "wechat_crypto.cjs")
    async with running(["node", script, str(npm.find(request.param)), TOKEN, KEY, APP_ID]) as program:
        yield Judge(program)


async def test_it_reads_what_the_gateway_encrypts_and_the_other_way_round(judge: Judge) -> None:
    cipher = Cipher(KEY, APP_ID)
    for text in TEXTS:
        read = await judge("decrypt", sealed=cipher.encrypt(text))
        assert (read["message"], read["id"]) == (text, APP_ID)
        assert cipher.decrypt(await judge("encrypt", text=text)).decode() == text


async def test_it_reads_what_the_simulator_encrypts_and_the_other_way_round(judge: Judge) -> None:
    for text in TEXTS[:3]:
        read = await judge("decrypt", sealed=crypto.encrypt(KEY, APP_ID, text))
        assert (read["message"], read["id"]) == (text, APP_ID)
        assert crypto.decrypt(KEY, APP_ID, await judge("encrypt", text=text)) == text


async def test_it_signs_as_the_gateway_and_the_simulator_do(judge: Judge) -> None:
    sealed = Cipher(KEY, APP_ID).encrypt("hello")
    for timestamp, nonce in (("1700000000", "1"), ("1", "9999999999"), ("1699999999", "abc")):
        signed = await judge("sign", timestamp=timestamp, nonce=nonce, sealed=sealed)
        assert signed == signature(TOKEN, timestamp, nonce, sealed)
        assert signed == crypto.sign(TOKEN, timestamp, nonce, sealed)
