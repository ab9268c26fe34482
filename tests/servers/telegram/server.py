"""The server: Bot API calls over HTTP in, answers out."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson
from aiohttp import web

from tests.servers.faults import Fault, fail
from tests.servers.listening import Listening, Port

from .entities import ApiError, Json, bad_request, decoded
from .faults import Faults
from .methods import METHODS, Upload
from .people import People, Speech
from .screen import Call, Screen
from .updates import DEFAULT_KINDS, MAX_POLL_SECONDS, UpdateQueue, Webhook
from .world import World

_LARGEST_REQUEST = 60 << 20
_SECRET = re.compile(r"[A-Za-z0-9_-]{0,256}")


class TelegramServer(Listening, People, Speech, Screen, Faults):
    """Telegram, as one bot and the people it talks to see it.

    `async with` it to listen on 127.0.0.1; entered again after it was left, it listens on the same port
    and knows all it knew. `root` is its address.
    """

    def __init__(
        self,
        *,
        token: str = "12345:TEST",
        username: str = "gateway_bot",
        reads_all: bool = True,
        port: int = 0,
    ) -> None:
        self.token = token
        super().__init__(Port(self._handle, port, largest=_LARGEST_REQUEST, backlog=4096))
        self.world = World(token, username, reads_all=reads_all)
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        self.webhook: Webhook | None = None
        self._waiting: dict[str, Callable[[Json], Awaitable[Any]]] = {
            "getupdates": self._get_updates,
            "setwebhook": self._set_webhook,
            "deletewebhook": self._delete_webhook,
            "getwebhookinfo": self._get_webhook_info,
        }

    @property
    def queue(self) -> UpdateQueue:
        """The updates that the bot has not confirmed."""
        return self.world.queue

    def given_out(self) -> Iterable[str]:
        """What nobody may read in a log: the token, what webhooks bring, what opens files."""
        yield from (self.token, self.token.partition(":")[2])
        if self.webhook is not None:
            yield self.webhook.secret

    async def start(self) -> None:
        """Listen, and call the webhook."""
        await super().start()
        if self.webhook is not None:
            self.webhook.start()

    async def stop(self) -> None:
        """Listen no more, and call nobody."""
        if self.webhook is not None:
            await self.webhook.stop()
        await super().stop()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path = unquote(request.rel_url.raw_path)
        if path.startswith("/file/bot"):
            return self._download(path.removeprefix("/file/bot"))
        token, _, method = path.removeprefix("/bot").partition("/")
        if not path.startswith("/bot") or not method:
            return _answer(404, {"ok": False, "error_code": 404, "description": "Not Found"})
        if token != self.token:
            return _answer(401, {"ok": False, "error_code": 401, "description": "Unauthorized"})
        try:
            params = await _parameters(request)
        except ApiError as error:
            return _refusal(error)
        call = Call(method, params, time.monotonic())
        self.calls.append(call)
        self.world.changed()
        fault = self.fault_for(method, params)
        if fault is None or fault.after_acting:
            answer = await self._call(method.lower(), params)
            if fault is None:
                call.status = answer.status
                self.world.changed()
                return answer
        call.status = fault.status or call.status
        self.world.changed()
        return await fail(request, fault)

    async def _call(self, method: str, params: Json) -> web.Response:
        try:
            if (act := METHODS.get(method)) is not None:
                result = act(self.world, params)
            elif (wait := self._waiting.get(method)) is not None:
                result = await wait(params)
            else:
                raise ApiError(404, "Not Found: method not found")
        except ApiError as error:
            return _refusal(error)
        return _answer(200, {"ok": True, "result": result})

    def _download(self, path: str) -> web.Response:
        token, _, name = path.partition("/")
        fault = self.fault_for("download", {"path": name})
        if fault is not None:
            return web.Response(status=fault.status, body=fault.body)
        if token != self.token:
            return _answer(401, {"ok": False, "error_code": 401, "description": "Unauthorized"})
        if (content := self.world.paths.get(name)) is not None:
            return web.Response(body=content, content_type="application/octet-stream")
        return _answer(404, {"ok": False, "error_code": 404, "description": "Not Found"})

    async def _get_updates(self, params: Json) -> list[orjson.Fragment]:
        if self.webhook is not None:
            raise ApiError(
                409,
                "Conflict: can't use getUpdates method while webhook is active; "
                "use deleteWebhook to delete the webhook first",
            )
        limit = min(max(_number(params, "limit", 100), 1), 100)
        seconds = min(max(_number(params, "timeout", 0), 0), MAX_POLL_SECONDS)
        self.queue.allow(decoded(params.get("allowed_updates")))
        updates = await self.queue.get(_number(params, "offset", 0), limit, seconds)
        return [orjson.Fragment(update.body) for update in updates]

    async def _set_webhook(self, params: Json) -> bool:
        url, secret = str(params.get("url") or ""), str(params.get("secret_token") or "")
        if not url:
            return await self._delete_webhook(params)
        address = urlsplit(url)
        if address.scheme != "https" and address.hostname != "127.0.0.1":
            raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
        if not _SECRET.fullmatch(secret):
            why = "is too long" if len(secret) > 256 else "contains unallowed characters"
            raise bad_request(f"secret token {why}")
        await self._delete_webhook(params)
        self.queue.end_poll("setWebhook request")
        self.queue.allow(decoded(params.get("allowed_updates")))
        connections = min(max(_number(params, "max_connections", 40), 1), 100)
        self.webhook = Webhook(self.queue, url, secret, connections)
        self.webhook.start()
        return True

    async def _delete_webhook(self, params: Json) -> bool:
        webhook, self.webhook = self.webhook, None
        if webhook is not None:
            await webhook.stop()
        if str(params.get("drop_pending_updates", "")).lower() in ("true", "1"):
            self.queue.pending.clear()
        return True

    async def _get_webhook_info(self, params: Json) -> Json:
        info: Json = {
            "url": "",
            "has_custom_certificate": False,
            "pending_update_count": len(self.queue.pending),
        }
        if self.queue.allowed != DEFAULT_KINDS:
            info["allowed_updates"] = sorted(self.queue.allowed)
        if self.webhook is not None:
            info.update(url=self.webhook.url, max_connections=self.webhook.max_connections)
            info["ip_address"] = "127.0.0.1"
            if self.webhook.last_error is not None:
                date, message = self.webhook.last_error
                info.update(last_error_date=date, last_error_message=message)
        return info


async def _parameters(request: web.BaseRequest) -> Json:
    """The call's parameters from the query string and a JSON, form or multipart body."""
    params: Json = dict(request.query) if request.query_string else {}
    if not request.can_read_body:
        return params
    kind = request.content_type
    if kind == "application/json":
        body = decoded((await request.read()).decode("utf-8", "replace"))
        if not isinstance(body, dict):
            raise bad_request("can't parse JSON object")
        params.update(body)
    elif kind == "application/x-www-form-urlencoded":
        params.update(_form(await request.read()))
    elif kind == "multipart/form-data":
        for key, value in (await request.post()).items():
            params[key] = _upload(value) if isinstance(value, web.FileField) else value
    return params


def _form(body: bytes) -> Json:
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, errors="strict"))
    except UnicodeDecodeError as exc:
        raise bad_request("strings must be encoded in UTF-8") from exc


def _upload(field: web.FileField) -> Upload:
    upload = Upload(field.file.read())
    upload.name, upload.mime_type = field.filename, field.content_type
    return upload


def _number(params: Json, key: str, default: int) -> int:
    value = params.get(key)
    try:
        return default if value in (None, "") else int(float(value))
    except (TypeError, ValueError):
        return default


def _answer(status: int, answer: Json) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(answer), content_type="application/json")


def _refusal(error: ApiError) -> web.Response:
    answer: Json = {"ok": False, "error_code": error.status, "description": error.description}
    if error.parameters:
        answer["parameters"] = error.parameters
    return _answer(error.status, answer)
