"""The frames of a stream, both ways: pure.

https://open-dingtalk.github.io/developerpedia/docs/learn/stream/protocol
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gateway.http import dumps, loads

MESSAGES = "/v1.0/im/bot/messages/get"
"""The topic of messages to a robot."""
_GREETINGS = ("CONNECTED", "REGISTERED")


@dataclass(frozen=True, slots=True)
class Frame:
    """What DingTalk sent: `data` is still the JSON text that it is inside the frame's JSON."""

    type: str
    topic: str
    id: str
    data: str

    @property
    def is_message(self) -> bool:
        """Somebody wrote to the robot."""
        return self.type == "CALLBACK" and self.topic == MESSAGES

    @property
    def is_farewell(self) -> bool:
        """Nothing more comes on this connection, which ends in ten seconds."""
        return self.type == "SYSTEM" and self.topic.lower() == "disconnect"

    @property
    def is_sign_of_life(self) -> bool:
        """It only shows that the link is there."""
        return self.type == "SYSTEM" and not self.is_farewell and self.topic.upper() not in _GREETINGS

    @property
    def payload(self) -> Any:
        """What is in `data`, None where that is no JSON."""
        try:
            return loads(self.data)
        except ValueError:
            return None

    def acknowledgement(self) -> str:
        """The frame that says that we have this one; a ping wants its data back."""
        data = {"CALLBACK": '{"response": null}', "EVENT": '{"status": "SUCCESS"}'}.get(self.type, self.data)
        headers = {"contentType": "application/json", "messageId": self.id}
        frame = {"code": 200, "message": "OK", "headers": headers, "data": data or "{}"}
        return dumps(frame).decode()


def read(text: str | bytes) -> Frame | None:
    """The frame in *text*, None where there is none."""
    try:
        raw = loads(text)
    except ValueError:
        return None
    headers = raw.get("headers") if isinstance(raw, dict) else None
    if not isinstance(headers, dict):
        return None
    return Frame(
        type=str(raw.get("type") or ""),
        topic=str(headers.get("topic") or ""),
        id=str(headers.get("messageId") or ""),
        data=_text(raw.get("data")),
    )


def _text(data: object) -> str:
    return data if isinstance(data, str) else "" if data is None else dumps(data).decode()
