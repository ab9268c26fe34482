"""DingTalk: a robot of an organisation's own application, by stream or HTTP callback.

https://open.dingtalk.com/document/orgapp/robot-overview
"""

from adapters.dingtalk.adapter import DingTalk as DingTalk
