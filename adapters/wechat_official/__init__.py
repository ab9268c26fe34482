"""WeChat official accounts (公众号): messages by callback, answers in the response or by customer service.

https://developers.weixin.qq.com/doc/subscription/guide/product/message/Passive_user_reply_message.html
"""

from adapters.wechat_official.adapter import WechatOfficial as WechatOfficial
