"""Messages as DingTalk tells a robot of them.

https://open.dingtalk.com/document/orgapp/receive-message
"""

from __future__ import annotations

from typing import Any

from adapters.dingtalk.parse import Account

ME = Account("ding", "app")
BOT = "$:LWCP_v1:$bot"
PRIVATE: dict[str, Any] = {
    "msgId": "msg1",
    "conversationId": "cid1",
    "conversationType": "1",
    "chatbotUserId": BOT,
    "robotCode": "app",
    "senderId": "$:LWCP_v1:$ann",
    "senderStaffId": "staff1",
    "senderNick": "Ann",
    "createAt": 1_700_000_000_500,
    "sessionWebhook": "https://oapi.dingtalk.com/robot/sendBySession?session=x",
    "sessionWebhookExpiredTime": 1_700_005_400_000,
    "msgtype": "text",
    "text": {"content": "hello"},
}
GROUP = PRIVATE | {
    "conversationType": "2",
    "conversationTitle": "Friends",
    "isInAtList": True,
    "atUsers": [{"dingtalkId": BOT}, {"dingtalkId": "x", "staffId": "s"}],
    "text": {"content": " what time is it? "},
}
