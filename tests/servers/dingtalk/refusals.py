"""DingTalk's two ways to say no, in its own words.

`api.dingtalk.com` answers with a status and a code in words, `oapi.dingtalk.com` with 200 and an errcode.
https://open.dingtalk.com/document/development/error-code
"""

from __future__ import annotations

import uuid

from .world import Json, Robot


class Refusal(Exception):
    """A call that DingTalk does not do: `status` and `body` of its answer."""

    def __init__(self, status: int, body: Json) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body


def refused(code: str, message: str, status: int = 400, **more: object) -> Refusal:
    """As api.dingtalk.com says it."""
    body = {"code": code, "requestid": str(uuid.uuid4()).upper(), "message": message, **more}
    return Refusal(status, body)


def errcode(number: int, message: str, **more: object) -> Refusal:
    """As oapi.dingtalk.com says it: the status is 200."""
    return Refusal(200, {"errcode": number, "errmsg": message, **more})


def no_permission(robot: Robot, scope: str) -> Refusal:
    """The app may not do this until an administrator gives it *scope*."""
    link = f"https://open-dev.dingtalk.com/appscope/apply?content={robot.client_id}%23{scope}"
    return refused(
        "Forbidden.AccessDenied.AccessTokenPermissionDenied",
        f"应用尚未开通所需的权限：[{scope}]，点击链接申请并开通即可：{link}",
        403,
        accessdenieddetail={"requiredScopes": [scope]},
    )


def too_fast() -> Refusal:
    """More calls in a second than the app may make of one API."""
    return refused(
        "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi",
        "您的应用调用该接口的QPS超过限制，请稍后再试",
        403,
    )
