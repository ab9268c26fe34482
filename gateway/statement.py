"""What somebody used, in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo

from gateway.calendar import clock
from gateway.conversation import Conversation
from gateway.limits import Limits
from gateway.message import Message
from gateway.store.archive import Account, Archive
from gateway.store.usage import Total
from gateway.texts import Language, Sentence


async def statement(
    message: Message, conversation: Conversation, archive: Archive, language: Language
) -> str:
    """What the author of *message* and its chat used, and what is left of today where that is limited.

    Raises `StoreError`.
    """
    account = await archive.account(message)
    limits = Limits() if conversation.rules.is_admin(message) else conversation.limits
    return _worded(account, limits, language, archive.zone)


def _worded(account: Account, limits: Limits, language: Language, zone: tzinfo | None) -> str:
    lines = [
        Sentence.USAGE.say(
            language,
            today=_used(account.today, language),
            month=_used(account.month, language),
            chat=_used(account.chat, language),
        )
    ]
    until, counted = clock(account.until, zone), account.counted
    for sentence, limit, used in (
        (Sentence.MESSAGES_LEFT, limits.messages_per_day, counted.messages),
        (Sentence.TOKENS_LEFT, limits.tokens_per_day, counted.tokens),
    ):
        if limit:
            lines.append(sentence.say(language, until=until, left=max(0, limit - used), limit=limit))
    return "\n".join(lines)


def _used(total: Total, language: Language) -> str:
    sentence = Sentence.USED_AT_A_COST if total.costs else Sentence.USED
    return sentence.say(language, answers=total.answers, tokens=total.tokens, cost=price(total.costs))


def price(costs: Mapping[str, float]) -> str:
    """Amounts by currency, like ``0.0123 USD``; nothing where there are none."""
    return " + ".join(f"{cost:.4f} {currency}" for currency, cost in sorted(costs.items()))
