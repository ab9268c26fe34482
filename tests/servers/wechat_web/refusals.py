"""WeChat's way to say no: status 200, and a number in `BaseResponse.Ret`.

https://github.com/eatmoreapple/openwechat, for 1204 https://github.com/youfou/wxpy/issues/141
"""

from __future__ import annotations

# The numbers that web clients know; what people have met them for.
SYSTEM = -1  # a name that this login does not know
PARAMETER = 1  # a field that is missing or cannot be
LOGGED_OUT = 1100  # on the phone, or never logged in
KICKED = 1101  # by another login
COOKIE_INVALID = 1102  # the server has ended the login: restricted accounts, cookies that are not its own
LOGIN_ENVIRONMENT = 1203  # this account may not log in here
NO_FRIEND = 1204  # neither a friend nor a group we are in; or ourselves
TOO_OFTEN = 1205

NOT_HERE = (
    "为了你的帐号安全，此微信号不能登录网页微信。你可以使用Windows微信或Mac微信在电脑端登录。"
    "Windows微信下载地址：https://pc.weixin.qq.com  Mac微信下载地址：https://mac.weixin.qq.com"
)


class Refusal(Exception):
    """A call that WeChat does not do: *ret* of its answer."""

    def __init__(self, ret: int) -> None:
        super().__init__(ret)
        self.ret = ret
