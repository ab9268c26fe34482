"""WeChat iLink: the official bot API for personal accounts, private chats only.

https://github.com/Tencent/openclaw-weixin/blob/main/docs/protocol.md
"""

from adapters.wechat_ilink.adapter import WechatIlink as WechatIlink
