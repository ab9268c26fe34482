"""config.json of chatgpt-on-wechat, now called CowAgent, in its classic mode."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.config.foreign import Imported, Rule, apply, azure, copy, leave, texts, used
from gateway.config.reader import Json

_NO_PICTURES = "pictures are not drawn"
_NO_VOICE = "nothing is spoken; voice messages are read where the platform writes them down"
_BY_ID = 'names can be taken by anybody; list ids in access as "channel:id"'
_SERVER_DEFAULT = "the model server's default holds"
_OTHER_CHANNEL = "there is no channel of this kind"
_OTHER_MODEL = "the model that is configured does not use it"
_NO_PLUGINS = "there are no plugins"


@dataclass(frozen=True, slots=True)
class _Vendor:
    """A vendor whose server speaks OpenAI's protocol: how its models' names begin, and the keys of it."""

    models: str
    base_url: str
    key: str
    base_key: str = ""


_VENDORS = (
    _Vendor("glm", "https://open.bigmodel.cn/api/paas/v4", "zhipu_ai_api_key", "zhipu_ai_api_base"),
    _Vendor("moonshot|kimi", "https://api.moonshot.cn/v1", "moonshot_api_key", "moonshot_base_url"),
    _Vendor("qwen|qwq", "https://dashscope.aliyuncs.com/compatible-mode/v1", "dashscope_api_key"),
    _Vendor("gemini", "https://generativelanguage.googleapis.com/v1beta/openai", "gemini_api_key"),
    _Vendor("claude", "https://api.anthropic.com/v1", "claude_api_key", "claude_api_base"),
    _Vendor("deepseek", "https://api.deepseek.com/v1", "deepseek_api_key", "deepseek_api_base"),
    _Vendor("minimax|abab", "https://api.minimax.chat/v1", "Minimax_api_key", "Minimax_base_url"),
)

# Their channel types: our channel's name and type.
_CHANNELS = {
    "wx": ("wechat", "wechat_web"),
    "itchat": ("wechat", "wechat_web"),
    "weixin": ("weixin", "wechat_ilink"),
    "wechatmp": ("gzh", "wechat_official"),
    "wechatmp_service": ("gzh", "wechat_official"),
    "dingtalk": ("dingtalk", "dingtalk"),
    "terminal": ("console", "console"),
    "web": ("web", "webchat"),
}

# Keys that only say something beside a type of channel.
_CREDENTIALS = {
    "wechatmp_app_id": ("gzh", "app_id"),
    "wechatmp_app_secret": ("gzh", "app_secret"),
    "wechatmp_token": ("gzh", "token"),
    "wechatmp_aes_key": ("gzh", "encoding_aes_key"),
    "dingtalk_client_id": ("dingtalk", "client_id"),
    "dingtalk_client_secret": ("dingtalk", "client_secret"),
}


def _private_prefix(imported: Imported, key: str, value: Json) -> None:
    if isinstance(value, list) and value and "" not in value:
        imported.left_out.append((key, "every private message is answered"))


def _mention(imported: Imported, key: str, value: Json) -> None:
    imported.put("plain" if value else "mention", "group", "reply")


def _groups(imported: Imported, key: str, value: Json) -> None:
    everyone = "ALL_GROUP" in texts(value)
    imported.put(["*"] if everyone else [], "access", "groups")


def _shared(imported: Imported, key: str, value: Json) -> None:
    names = texts(value)
    imported.put("chat" if "ALL_GROUP" in names else "member", "group", "context")
    if names and "ALL_GROUP" not in names:
        imported.left_out.append((key, 'one rule holds for all groups: group.context is "chat" or "member"'))


def _clear(imported: Imported, key: str, value: Json) -> None:
    words = texts(value)
    imported.put(words[0] if words else "", "session_clear_token")
    if words:
        imported.changed.append((key, f'"{words[0]}" clears wherever a message contains it'))
    if words[1:]:
        imported.left_out.append((key, f"one word clears; left out: {', '.join(words[1:])}"))


def _channel_type(imported: Imported, key: str, value: Json) -> None:
    for kind in texts(value):
        if kind in _CHANNELS:
            name, type = _CHANNELS[kind]
            imported.put({"type": type}, "channels", name)
        else:
            imported.left_out.append((key, f"{_OTHER_CHANNEL}: {kind}"))


def _debug(imported: Imported, key: str, value: Json) -> None:
    if value:
        imported.put("debug", "log", "level")


RULES: dict[str, Rule] = {
    "open_ai_api_key": copy("api_key"),
    "open_ai_api_base": copy("base_url"),
    "proxy": copy("proxy", change='holds for channels too; a channel can say "proxy": null'),
    "model": copy("model"),
    "temperature": copy("temperature"),
    "request_timeout": copy("timeouts", "total"),
    "conversation_max_tokens": copy("context_tokens", change="tokens are estimated"),
    "expires_in_seconds": copy(
        "session_timeout", change="counts from the last answer; reading does not renew"
    ),
    "character_desc": copy("system_prompt"),
    "single_chat_reply_prefix": copy("reply_prefix", change="is followed by a line break"),
    "group_chat_prefix": copy("group", "triggers", change="any group message may begin with it"),
    "wechatmp_port": copy("web", "port", change="one web server serves all channels, at /hook/<channel>"),
    "channel_type": _channel_type,
    "single_chat_prefix": _private_prefix,
    "no_need_at": _mention,
    "group_name_white_list": _groups,
    "group_chat_in_one_session": _shared,
    "clear_memory_commands": _clear,
    "debug": _debug,
    **dict.fromkeys(("hot_reload", "bot_type", "group_shared_session"), used),
    **dict.fromkeys(("use_azure_chatgpt", "azure_deployment_id", "azure_api_version"), used),
    **dict.fromkeys(_CREDENTIALS, used),
    **dict.fromkeys((vendor.key for vendor in _VENDORS), used),
    **dict.fromkeys((vendor.base_key for vendor in _VENDORS if vendor.base_key), used),
    **dict.fromkeys(
        ("single_chat_reply_suffix", "group_chat_reply_suffix"), leave("nothing follows an answer")
    ),
    "group_chat_reply_prefix": leave("nothing precedes an answer in a group"),
    "group_chat_keyword": leave("only the beginning of a message counts: group.triggers"),
    "group_at_off": leave("a mention is always answered"),
    **dict.fromkeys(("group_name_keyword_white_list", "nick_name_black_list"), leave(_BY_ID)),
    "trigger_by_self": leave("own messages are never answered"),
    "concurrency_in_session": leave("one message of a chat after the other", 1),
    "rate_limit_chatgpt": leave("limits count for each person, not for all together"),
    "rate_limit_dalle": leave(_NO_PICTURES),
    **dict.fromkeys(("top_p", "frequency_penalty", "presence_penalty"), leave(_SERVER_DEFAULT, 1)),
    "timeout": leave("retries end by themselves"),
    **dict.fromkeys(
        ("chat_time_module", "chat_start_time", "chat_stop_time"), leave("there are no office hours")
    ),
    "subscribe_msg": used,
    "group_welcome_msg": leave("who joins a group is not greeted"),
    "group_chat_exit_group": leave("groups are not watched for people leaving"),
    "appdata_dir": leave("what was kept there cannot be read; data_dir is ours"),
    **dict.fromkeys(("plugin_trigger_prefix", "use_global_plugin_config"), leave(_NO_PLUGINS, "$")),
    **dict.fromkeys(("max_media_send_count", "media_send_interval"), leave("answers are text", 3, 1)),
    "dingtalk_card_enabled": leave("set card_template_id in the channel"),
    **dict.fromkeys(
        ("voice_reply_voice", "always_reply_voice", "text_to_voice", "text_to_voice_model"), leave(_NO_VOICE)
    ),
    **dict.fromkeys(("speech_recognition", "group_speech_recognition", "voice_to_text"), leave(_NO_VOICE)),
    "tts_voice_id": leave(_NO_VOICE),
    **dict.fromkeys(
        ("text_to_image", "image_create_prefix", "image_create_size", "image_proxy"), leave(_NO_PICTURES)
    ),
    "translate": leave("there is no translator beside the model"),
    "agent": leave("the model answers; it does nothing on its own"),
}

# Whole families of keys, by how they begin.
_FAMILIES = {
    "dalle3_": _NO_PICTURES,
    "azure_openai_dalle_": _NO_PICTURES,
    "azure_voice_": _NO_VOICE,
    "xi_": _NO_VOICE,
    "baidu_translate_": "there is no translator beside the model",
    "baidu_": _OTHER_MODEL,
    "xunfei_": _OTHER_MODEL,
    "claude_": _OTHER_MODEL,
    "qwen_": _OTHER_MODEL,
    "zhipu_": _OTHER_MODEL,
    "Minimax_": _OTHER_MODEL,
    "linkai_": _OTHER_MODEL,
    "use_linkai": _OTHER_MODEL,
    "wechatcom": _OTHER_CHANNEL,
    "wechaty_": _OTHER_CHANNEL,
    "wework_": _OTHER_CHANNEL,
    "feishu_": _OTHER_CHANNEL,
    "agent_": "the model answers; it does nothing on its own",
}

# What holds there where a key is absent, and not here.
_DEFAULTS: dict[str, Json] = {
    "expires_in_seconds": 0,
    "conversation_max_tokens": 1000,
    "clear_memory_commands": ["#清除记忆"],
    "group_name_white_list": [],
    "group_chat_in_one_session": [],
    "no_need_at": False,
    "channel_type": "wx",
}


def convert(values: Mapping[str, Json]) -> Imported:
    """CowAgent's *values*, with its defaults where they are not ours."""
    imported = Imported("chatgpt-on-wechat")
    filled = {**_DEFAULTS, **values}
    known = {key: value for key, value in filled.items() if key in RULES or _family(key) is None}
    apply(RULES, known, imported)
    for key in filled.keys() - known.keys():
        leave(_family(key) or "")(imported, key, filled[key])
    if isinstance(shared := values.get("group_shared_session"), bool):
        imported.put("chat" if shared else "member", "group", "context")
    # Their answers are as long as the model makes them.
    imported.put(None, "max_tokens")
    _credentials(values, imported)
    _greeting(values, imported)
    _listed_groups(values, imported)
    _server(values, imported)
    return imported


def _family(key: str) -> str | None:
    return next((why for prefix, why in _FAMILIES.items() if key.startswith(prefix)), None)


def _credentials(values: Mapping[str, Json], imported: Imported) -> None:
    channels = _channels(imported)
    for key, (channel, name) in _CREDENTIALS.items():
        if not (value := values.get(key)):
            continue
        if channel in channels:
            imported.put(value, "channels", channel, name)
        else:
            imported.left_out.append((key, "the channel is not among channel_type"))


def _greeting(values: Mapping[str, Json], imported: Imported) -> None:
    """What a new follower of the official account reads."""
    said = values.get("subscribe_msg")
    if not isinstance(said, str) or not said:
        return
    if "gzh" in _channels(imported):
        # There, private messages had to begin with something.
        imported.put(said.replace("{trigger_prefix}", ""), "channels", "gzh", "greeting")
    else:
        imported.left_out.append(("subscribe_msg", "only an official account greets its followers"))


def _listed_groups(values: Mapping[str, Json], imported: Imported) -> None:
    """The groups that are answered, where not all are: WeChat on the web knows them by name, too."""
    key = "group_name_white_list"
    names, channels = texts(values.get(key)), _channels(imported)
    if not names or "ALL_GROUP" in names:
        return
    if "wechat" in channels:
        imported.put([*names], "channels", "wechat", "groups")
        imported.put({"groups": ["*"]}, "channels", "wechat", "access")
    if channels.keys() - {"wechat"}:
        imported.left_out.append((key, f"{_BY_ID}; until then no group is answered"))


def _channels(imported: Imported) -> dict[str, Json]:
    found = imported.config.get("channels")
    return found if isinstance(found, dict) else {}


def _server(values: Mapping[str, Json], imported: Imported) -> None:
    """The model's server: Azure's, the vendor's whose model it is, or what open_ai_api_base says."""
    name = str(values.get("model") or "")
    if values.get("use_azure_chatgpt"):
        deployment = str(values.get("azure_deployment_id") or name)
        base, version = str(values.get("open_ai_api_base") or ""), str(values.get("azure_api_version") or "")
        azure(imported, base, deployment, version, values.get("open_ai_api_key"))
        return
    asks_openai = values.get("bot_type") in ("chatGPT", "openai")
    for vendor in _VENDORS:
        key = values.get(vendor.key)
        if key and not asks_openai and re.match(vendor.models, name, re.IGNORECASE):
            base = str(values.get(vendor.base_key) or vendor.base_url)
            imported.put(key, "api_key")
            imported.put(base.removesuffix("/chat/completions"), "base_url")
        elif key:
            imported.left_out.append((vendor.key, _OTHER_MODEL))
