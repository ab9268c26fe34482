"""WeChat: a personal account by the web protocol, with itchat-uos."""

from adapters.wechat_web.adapter import WechatWeb as WechatWeb
