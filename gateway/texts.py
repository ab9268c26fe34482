"""The gateway's own sentences, in English and Chinese."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import Literal

from gateway.message import Message

Language = Literal["en", "zh"]

_HAN = re.compile("[\u3400-\u9fff]")


class Sentence(Enum):
    """What the gateway itself says to people: English, Chinese."""

    CLEARED = ("The context is cleared. What is your next question?", "上下文已经清空，请问下一个问题。")
    STOPPED = ("Stopped.", "已停止。")
    NOTHING_TO_STOP = ("There is nothing to stop.", "没有正在进行的回答。")
    REFUSED = ("Sorry, you may not use this bot. Your id is {id}.", "抱歉，您没有使用权限。您的 ID 是 {id}。")
    TEXT_ONLY = (
        "I can only read text for now. Please write your question.",
        "我目前只能阅读文字，请用文字提问。",
    )
    TOO_LONG = (
        "This is more than the model can read at once. Please shorten it, or start anew with /reset.",
        "内容超出了模型一次能读的长度，请缩短后再试，或用 /reset 重新开始。",
    )
    MODEL_FAILED = (
        "The model cannot answer right now. Please try again in a moment. (error {id})",
        "模型暂时无法回答，请稍后再试。（错误编号 {id}）",
    )
    FORBIDDEN_QUESTION = (
        "I may not answer this. Please ask something else.",
        "抱歉，这个问题包含不允许的内容，请换一个问题。",
    )
    FORBIDDEN_ANSWER = (
        "The answer held something that may not be shown. Please ask in another way.",
        "抱歉，回答中包含不允许显示的内容，请换一种问法。",
    )
    UNJUDGED = (
        "This could not be checked right now. Please try again in a moment.",
        "暂时无法检查这段内容，请稍后再试。",
    )
    UNDELIVERABLE = (
        "The answer could not be shown here. (error {id})",
        "回答无法在这里显示。（错误编号 {id}）",
    )
    UNCONFIRMED = (
        "My answer, or a part of it, may not have arrived. If it is missing, send /retry.",
        "我的回答可能没有（完整）送达。如果没有看到，请发送 /retry。",
    )
    HELP = ("Ask me anything. Commands:", "请直接提问。可用命令：")
    HELP_CLEAR_TOKEN = (
        "A message with “{token}” clears the context, too.",
        "消息中包含“{token}”也会清空上下文。",
    )
    STATUS = (
        "Model: {model}\nContext: {turns} messages, about {tokens} tokens\nThis chat: {chat}\nYou: {person}",
        "模型：{model}\n上下文：{turns} 条消息，约 {tokens} 个 token\n本聊天：{chat}\n您：{person}",
    )
    NOTHING_TO_RETRY = ("There is no question to answer again.", "没有可以重新回答的问题。")
    MODELS = (
        "Models; /model NAME chooses one:",
        "可用模型，用 /model 名称 选择：",
    )
    NO_SUCH_MODEL = ("There is no model {name}. There are: {names}", "没有模型 {name}。可用模型：{names}")
    MODEL_CHOSEN = ("This chat now talks to {name}.", "本聊天现在使用 {name}。")
    PERSONA = (
        "The persona of this chat:\n\n{text}\n\n/system TEXT sets another, /system - takes it back.",
        "本聊天的人设：\n\n{text}\n\n用 /system 文字 设置，用 /system - 恢复默认。",
    )
    NO_PERSONA = (
        "This chat has no persona; /system TEXT sets one.",
        "本聊天没有人设，用 /system 文字 设置。",
    )
    PERSONA_TOO_LONG = ("That is too long: at most {most} characters.", "太长了，最多 {most} 个字符。")
    PERSONA_CHOSEN = ("The persona of this chat is set.", "已设置本聊天的人设。")
    PERSONA_TAKEN_BACK = ("This chat has its first persona again.", "已恢复默认人设。")
    CONTEXT = (
        "The context is by {context}. /context chat: one for all; /context member: one for each.",
        "当前上下文方式：{context}。/context chat：全群共用；/context member：每人各自一个。",
    )
    CONTEXT_OF_CHAT = ("All members share one context now.", "现在全群共用一个上下文。")
    CONTEXT_OF_MEMBERS = ("Every member has a context of their own now.", "现在每位成员有各自的上下文。")
    NOTHING_SAID = ("Nothing is stored of this chat.", "本聊天没有已存储的记录。")
    PERSON = ("Person", "用户")
    BOT = ("Bot", "助手")
    FORGOTTEN = (
        "Everything stored about this chat is deleted, its settings too.",
        "本聊天的全部存储内容（包括设置）已删除。",
    )
    HISTORY = (
        "This chat's memory is {state}. /history on or /history off",
        "本聊天的记忆：{state}。/history on 或 /history off",
    )
    HISTORY_ON = ("This chat is remembered from now on.", "从现在起会记住本聊天。")
    HISTORY_OFF = (
        "This chat is not remembered any more: each question stands alone. /forget deletes what is stored.",
        "不再记住本聊天，每个问题独立回答。用 /forget 删除已存储的内容。",
    )
    ADMINS_ONLY = (
        "Only an admin may do this here. Admins are those whose id (/status) is in access.admins.",
        "只有管理员可以这样做。管理员是指 ID（见 /status）在 access.admins 中的人。",
    )
    GROUPS_ONLY = ("This is for groups.", "此命令用于群聊。")
    CHANNELS = ("Channels:", "通道：")
    TODAY = ("Answers and tokens today:", "今天的回答次数和 token：")
    TOO_FAST = (
        "That is faster than I may answer. Please ask again in {seconds} s.",
        "您提问太快了，请在 {seconds} 秒后再试。",
    )
    QUOTA_USED = (
        "You have used up what you may ask today. You can ask again from {until}.",
        "您今天的用量已用完，{until} 起可以继续提问。",
    )
    USAGE = (
        "You, today: {today}\nYou, this month: {month}\nThis chat: {chat}",
        "您今天：{today}\n您本月：{month}\n本聊天：{chat}",
    )
    USED = ("answers {answers}, tokens {tokens}", "回答 {answers} 次，token {tokens} 个")
    USED_AT_A_COST = (
        "answers {answers}, tokens {tokens}, cost {cost}",
        "回答 {answers} 次，token {tokens} 个，费用 {cost}",
    )
    MESSAGES_LEFT = (
        "Questions left until {until}: {left} of {limit}",
        "{until} 前还可提问：{left}/{limit} 次",
    )
    TOKENS_LEFT = (
        "Tokens left until {until}: {left} of {limit}",
        "{until} 前还可用 token：{left}/{limit} 个",
    )
    CHANNEL_DOWN = ("{channel} is down since {since}.", "通道 {channel} 自 {since} 起中断。")
    CHANNEL_REFUSED = ("The platform refuses the login of {channel}.", "平台拒绝了通道 {channel} 的登录。")
    CHANNEL_BACK = ("{channel} works again.", "通道 {channel} 已恢复正常。")
    LOGIN_WANTED = ("{channel} needs a login: {why}.", "通道 {channel} 需要登录：{why}。")
    NOBODY_LOGGED_IN = ("nobody is logged in", "尚未登录")
    LOGGED_OUT = ("it was logged out", "已被退出登录")
    KICKED = ("another device took its place", "已在其他设备登录")
    SESSION_ENDED = ("the platform ended the session", "平台结束了会话")
    LOGIN_EXPIRED = ("the login has expired", "登录已过期")
    SCAN_THIS = (
        "Scan this code with the phone until {until}.",
        "请在 {until} 之前用手机扫描此二维码。",
    )
    NO_MORE_CODES = ("No more codes for {channel} come here.", "不再在这里发送 {channel} 的二维码。")
    DIGITS_WANTED = (
        "The phone that logs {channel} in shows digits, and they are wanted.",
        "登录 {channel} 的手机上显示了数字，需要输入。",
    )
    LOGIN_HOW = (
        "To log in at any time: `gateway login {channel}`",
        "随时可以登录：`gateway login {channel}`",
    )
    LOGIN_HOW_OR_PAGE = (
        "To log in at any time: `gateway login {channel}`, or open {page}",
        "随时可以登录：`gateway login {channel}`，或打开 {page}",
    )
    GIVEN_UP = (
        "Messages that were given up: {count}. `gateway dead list` shows them.",
        "已放弃的消息：{count} 条。用 `gateway dead list` 查看。",
    )
    TOO_MANY_NOTICES = (
        "Too much happens for a notice each. The next comes at {until}; until then see `gateway status`.",
        "状态变化过多，暂停通知，{until} 再恢复。在此之前请用 `gateway status` 查看。",
    )

    def say(self, language: Language, **values: object) -> str:
        """The sentence in *language*, with *values* put in."""
        return self.value[language == "zh"].format(**values)


def language_of(message: Message, configured: Literal["auto", "zh", "en"]) -> Language:
    """The language to speak to the author of *message*: the configured one, the person's, the text's."""
    if configured != "auto":
        return configured
    return "zh" if message.language.startswith("zh") else language_of_text(message.text)


def language_of_text(text: str) -> Language:
    """The one of our languages that *text* is in, or is nearest to."""
    return "zh" if _HAN.search(text) else "en"


def language_of_locale(environ: Mapping[str, str]) -> Language:
    """The language that the locale in *environ* asks for."""
    names = (environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    locale = next((name for name in names if name), "")
    return "zh" if locale.lower().startswith("zh") else "en"
