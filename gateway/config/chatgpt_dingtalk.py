"""config.yml of chatgpt-dingtalk."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.config.environment import seconds
from gateway.config.foreign import Imported, Rule, apply, azure, copy, copy_number, leave, texts, used
from gateway.config.reader import Json

CHANNEL = "dingtalk"


def _base_url(imported: Imported, key: str, value: Json) -> None:
    if isinstance(value, str) and value:
        imported.put(f"{value.rstrip('/')}/v1", "base_url")


def _timeout(imported: Imported, key: str, value: Json) -> None:
    imported.put(seconds(value) if isinstance(value, str) else value, "session_timeout")
    imported.changed.append((key, "is kept; there, sessions did not end by time"))


def _people(*path: str) -> Rule:
    def rule(imported: Imported, key: str, value: Json) -> None:
        if people := texts(value):
            imported.put([f"{CHANNEL}:{person}" for person in people], *path)

    return rule


def _chat_type(imported: Imported, key: str, value: Json) -> None:
    if str(value) == "1":
        imported.put([], "access", "groups")
    elif str(value) == "2":
        imported.left_out.append((key, "private chats are always open to those who may speak"))


RULES: dict[str, Rule] = {
    "api_key": copy("api_key"),
    "base_url": _base_url,
    "model": copy("model"),
    "session_timeout": _timeout,
    "http_proxy": copy("proxy", change='holds for the channel too; it can say "proxy": null'),
    "max_answer_len": copy_number("max_tokens"),
    "max_request": copy_number("limits", "messages_per_day"),
    "port": copy_number("web", "port"),
    "log_level": copy("log", "level"),
    "allow_groups": _people("access", "groups"),
    "allow_users": _people("access", "allow"),
    "deny_users": _people("access", "deny"),
    "admin_users": _people("access", "admins"),
    "chat_type": _chat_type,
    **dict.fromkeys(("run_mode", "credentials", "app_secrets", "stream_mode", "card_template_id"), used),
    **dict.fromkeys(
        (
            "azure_on",
            "azure_resource_name",
            "azure_deployment_name",
            "azure_api_version",
            "azure_openai_token",
        ),
        used,
    ),
    "default_mode": leave("every chat has its context; the clear token ends it", "串聊"),
    "service_url": leave("no pictures are served"),
    "allow_outgoing_groups": leave("outgoing robots are not served"),
    "vip_users": leave("limits hold for everybody but admins"),
    "sensitive_words": leave('write them to a file, one a line, and name it in "moderation.words"'),
    "help": leave("/help says what there is"),
    "max_question_len": leave("a question is never cut", 4096),
    "max_text": used,
}


def convert(values: Mapping[str, Json]) -> Imported:
    """chatgpt-dingtalk's *values*, with its defaults where they are not ours."""
    imported = Imported("chatgpt-dingtalk")
    defaults: dict[str, Json] = {"session_timeout": 600, "max_answer_len": 4096}
    apply(RULES, {**defaults, **values}, imported)
    imported.put(0.6, "temperature")
    imported.put("重置", "session_clear_token")
    imported.changed.append(
        ("重置", "clears wherever a message contains it; 单聊 and 串聊 are words like others")
    )
    _channels(values, imported)
    if values.get("azure_on"):
        resource = values.get("azure_resource_name")
        deployment, version = (
            str(values.get(f"azure_{name}") or "") for name in ("deployment_name", "api_version")
        )
        base = f"https://{resource}.openai.azure.com"
        azure(imported, base, deployment, version, values.get("azure_openai_token"))
    return imported


def _channels(values: Mapping[str, Json], imported: Imported) -> None:
    """A channel for each of `credentials`; the secret alone, where there are none, is not enough to send."""
    found = values.get("credentials")
    accounts = [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []
    secrets = texts(values.get("app_secrets"))
    if secrets and not accounts:
        accounts = [{"client_id": "", "client_secret": secrets[0]}]
        imported.left_out.append(("app_secrets", "a channel needs the client_id (AppKey) beside the secret"))
    elif len(secrets) > len(accounts):
        imported.left_out.append(("app_secrets", "a channel for each client_id has its own client_secret"))
    for index, account in enumerate(accounts or [{}]):
        name = CHANNEL if index == 0 else f"{CHANNEL}{index + 1}"
        imported.put(CHANNEL, "channels", name, "type")
        for key in ("client_id", "client_secret"):
            imported.put(account.get(key, ""), "channels", name, key)
        imported.put("stream" if values.get("run_mode") == "stream" else "http", "channels", name, "mode")
        if template := values.get("card_template_id"):
            imported.put(template, "channels", name, "card_template_id")
    if len(accounts) > 1:
        imported.changed.append(
            ("credentials", f'access names people of "{CHANNEL}"; add those of the others')
        )
