"""What people and administrators do: apps, conversations, writing and sending."""

from __future__ import annotations

import time
from typing import Any

from .deliveries import Deliveries
from .stream import MESSAGES, Push
from .world import CORP, Json, Robot, Room, Sent, User, World

_NEW = ""  # asks for a new user id; None is somebody without one


class People:
    """Robots, people and conversations."""

    world: World

    def robot(
        self,
        client_id: str = "ding-app",
        client_secret: str = "secret",
        name: str = "Bot",
        code: str | None = None,
    ) -> Robot:
        """An app with a robot, the one there is by that client id; its robotCode is the client id."""
        known = self.world.robots.get(client_id)
        if known is not None:
            return known
        mark = self.world.mark("$:LWCP_v1:$")
        robot = Robot(client_id, client_secret, name, code or client_id, mark)
        self.world.robots[client_id] = robot
        self.world.changed()
        return robot

    def user(self, name: str = "Ann", *, staff_id: str | None = _NEW, admin: bool = False) -> User:
        """A person; with a new user id (staff1, staff2, …), with *staff_id*, or None: from outside."""
        if staff_id == _NEW:
            staff_id = f"staff{len(self.world.users) + 1}"
        user = User(name, self.world.mark("$:LWCP_v1:$"), staff_id, admin)
        self.world.users.append(user)
        return user

    def private(self, user: User, robot: Robot | None = None) -> Room:
        """The conversation of *user* with *robot*, the first one where it is not said."""
        return self.world.private(user, robot or self.first)

    def group(self, title: str, *members: User, robot: Robot | tuple[Robot, ...] | None = None) -> Room:
        """A group of *members* and one robot, or several."""
        robots = robot if isinstance(robot, tuple) else (robot or self.first,)
        return self.world.open(Room(self.world.mark("cid"), title, robots, None, members))

    @property
    def first(self) -> Robot:
        """The robot that is meant where none is named."""
        return next(iter(self.world.robots.values()), None) or self.robot()

    def callback(self, robot: Robot, url: str | None) -> None:
        """Post the robot's messages to *url* from now on; None: over its connections."""
        robot.url = url

    def forbid(self, robot: Robot, *scopes: str) -> None:
        """Take permissions from an app: calls that need them meet 403."""
        robot.scopes.difference_update(scopes)

    def permit(self, robot: Robot, *scopes: str) -> None:
        """Give permissions to an app."""
        robot.scopes.update(scopes)


class Speech:
    """What people write and send. Every method returns the message's id.

    In a group it reaches the robot that it mentions: the first one, or the one that *mention* is.
    """

    world: World
    deliveries: Deliveries

    def say(
        self,
        room: Room,
        user: User,
        text: str = "",
        *,
        mention: bool | Robot = True,
        quote: str | Sent | None = None,
        msgtype: str = "text",
        **extra: Any,
    ) -> str:
        """Write *text*, as an answer to *quote* (a person's message id, or what a robot sent).

        *extra* adds to the message; another *msgtype* has no text, its content is in *extra*.
        """
        robot = mention if isinstance(mention, Robot) else room.robots[0]
        data = self._message(room, user, robot)
        data["msgtype"] = msgtype
        if msgtype == "text":
            data["text"] = {"content": text if room.private else f" {text}"}
        if quote is not None:
            data |= self._quotation(data, quote)
        data |= extra
        push = Push(data["msgId"], robot, "CALLBACK", MESSAGES, data)
        if mention or room.private:
            return self.deliveries.add(push)
        self.deliveries.pushes[push.id] = push  # people can still quote what no robot hears
        push.acked.set()
        return push.id

    def rich_text(self, room: Room, user: User, *parts: str | bytes, **rest: Any) -> str:
        """Write texts and pictures in one message, in order. *rest* here and below: as for `say`."""
        content: list[Json] = []
        for part in parts:
            if isinstance(part, str):
                content.append({"text": part})
            else:
                content.append({"type": "picture", **self._picture(part)})
        return self.say(room, user, msgtype="richText", content={"richText": content}, **rest)

    def picture(self, room: Room, user: User, *, content: bytes = b"\x89PNGpicture", **rest: Any) -> str:
        """Send a picture."""
        return self.say(room, user, msgtype="picture", content=self._picture(content), **rest)

    def audio(
        self,
        room: Room,
        user: User,
        *,
        recognition: str | None = None,
        content: bytes = b"#!AMRaudio",
        duration: int = 2000,
        **rest: Any,
    ) -> str:
        """Send a voice message of *duration* milliseconds, with what DingTalk understood of it."""
        said: Json = {"duration": duration, "downloadCode": self.world.store(content)}
        if recognition is not None:
            said["recognition"] = recognition
        return self.say(room, user, msgtype="audio", content=said, **rest)

    def file(
        self, room: Room, user: User, *, name: str = "notes.pdf", content: bytes = b"%PDF-1.4", **rest: Any
    ) -> str:
        """Send a file."""
        number = str(next(self.world.numbers))
        code = self.world.store(content)
        sent = {"fileName": name, "downloadCode": code, "fileId": number, "spaceId": "1"}
        return self.say(room, user, msgtype="file", content=sent, **rest)

    def video(self, room: Room, user: User, *, content: bytes = b"\0\0\0 ftypmp42", **rest: Any) -> str:
        """Send a video."""
        sent = {"duration": 3000, "downloadCode": self.world.store(content), "videoType": "mp4"}
        return self.say(room, user, msgtype="video", content=sent, **rest)

    def event(self, robot: Robot, kind: str, data: Json) -> str:
        """Something happened in the organisation; the event's id."""
        number, now = self.world.mark("evt"), str(int(time.time() * 1000))
        headers = {
            "eventId": number,
            "eventBornTime": now,
            "eventCorpId": CORP,
            "eventType": kind,
            "eventUnifiedAppId": robot.client_id,
        }
        return self.deliveries.add(Push(number, robot, "EVENT", "*", data, headers))

    def _picture(self, content: bytes) -> Json:
        code = self.world.store(content)
        return {"downloadCode": code, "pictureDownloadCode": code}

    def _message(self, room: Room, user: User, robot: Robot) -> Json:
        url, session = self.world.session(room, robot)
        data: Json = {
            "msgId": self.world.mark("msg"),
            "conversationId": room.id,
            "conversationType": "1" if room.private else "2",
            "chatbotCorpId": CORP,
            "chatbotUserId": robot.user_id,
            "robotCode": robot.code,
            "senderId": user.id,
            "senderNick": user.name,
            "senderPlatform": "Mac",
            "isAdmin": user.admin,
            "createAt": int(time.time() * 1000),
            "sessionWebhook": url,
            "sessionWebhookExpiredTime": int(session.until * 1000),
        }
        if user.staff_id is not None:
            data |= {"senderStaffId": user.staff_id, "senderCorpId": CORP}
        if not room.private:
            at = [{"dingtalkId": robot.user_id}]
            data |= {"conversationTitle": room.title, "isInAtList": True, "atUsers": at}
        return data

    def _quotation(self, data: Json, quote: str | Sent) -> Json:
        """What is added to *data* where it answers an earlier message: undocumented, seen by users."""
        if isinstance(quote, Sent):
            number = self.world.mark("msg")
            kind = "interactiveCard" if quote.msgtype == "card" else "unknownMsgType"
            replied: Json = {"msgType": kind, "msgId": number, "senderId": quote.robot.user_id}
        else:
            said, number = self.deliveries.pushes[quote].data, quote
            kind = said["msgtype"]
            content = {"text": said["text"]["content"].strip()} if kind == "text" else said["content"]
            replied = {
                "msgType": kind,
                "msgId": number,
                "senderId": said["senderId"],
                "createdAt": said["createAt"],
                "content": content,
            }
        text = {**data.get("text", {}), "isReplyMsg": True, "repliedMsg": replied}
        return {"text": text, "originalMsgId": number}
