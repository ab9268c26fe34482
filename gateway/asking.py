"""Asking the model: what it is sent, what is kept of its answer, what a person hears when it fails."""

from __future__ import annotations

import logging
import time
import uuid

from gateway import metrics
from gateway.backend.models import Answer as Completion
from gateway.backend.models import Models, Show
from gateway.case import Case, Inquiry
from gateway.draft import Draft
from gateway.errors import BackendError, ContextTooLong
from gateway.message import Message
from gateway.moderation import Finding, Forbidden, Moderator
from gateway.moderation.finding import Subject
from gateway.session import Turn
from gateway.store.answers import Answer
from gateway.store.history import Exchange
from gateway.store.store import Store
from gateway.store.usage import Spent
from gateway.summary import Summariser
from gateway.text import estimate_tokens
from gateway.texts import Sentence

logger = logging.getLogger(__name__)

_TALK = {"en": "Recently said in this group:", "zh": "群里最近的聊天："}


class Asker:
    """Puts questions to the models; the answer, the history and what it cost are one transaction."""

    def __init__(
        self, store: Store, models: Models, summariser: Summariser, moderator: Moderator | None
    ) -> None:
        self._store = store
        self._models = models
        self._summariser = summariser
        self._moderator = moderator

    async def answer(self, case: Case, draft: Draft, inquiry: Inquiry) -> Answer:
        """The answer to what is asked, made durable."""
        question = Turn("user", inquiry.text, time.time())
        if (finding := await self._judge("question", inquiry.text)) is not None:
            return await self._refuse(case, finding)
        try:
            async with draft:
                completion = await self._ask(case, inquiry, question, draft)
        except Forbidden as exc:
            return await self._refuse(case, exc.finding, draft.receipt)
        except BackendError as exc:
            answer = Answer(_excuse(case, exc), receipts=_receipts(case, draft.receipt))
            await self._store.commit(case.message, answer)
            return answer
        metrics.MODEL_SECONDS.labels(completion.model).observe(time.time() - question.time)
        if (finding := await self._judge("answer", completion.text)) is not None:
            return await self._refuse(case, finding, draft.receipt, self._spent_on(completion))
        return await self._commit(case, inquiry, question, completion, draft)

    async def _refuse(
        self, case: Case, finding: Finding, receipt: str | None = None, spent: Spent | None = None
    ) -> Answer:
        """Say that something may not be said; the turn is not history."""
        answer = Answer(finding.sentence.say(case.language), receipts=_receipts(case, receipt))
        await self._store.commit(case.message, answer, spent=spent)
        return answer

    async def keep_partial(self, case: Case, draft: Draft, inquiry: Inquiry) -> Answer | None:
        """What a person saw before stopping it stays said, and is part of the context; None: saw nothing."""
        text = draft.text.strip()
        if not text:
            return None
        question = Turn("user", inquiry.text, time.time())
        window = _window(case, inquiry, question, self._models.context_tokens(case.conversation.model))
        asked = sum(turn.tokens for turn in window)
        spent = self._spent(case.conversation.model, asked, estimate_tokens(text))
        answer = Answer(text, case.prefix, receipts=_receipts(case, draft.receipt))
        await self._store.commit(case.message, answer, _exchange(case, inquiry, question, text), spent)
        return answer

    async def book(self, message: Message, completion: Completion) -> None:
        """Put what a summary cost on the account of whose message made it necessary."""
        await self._store.book(message, self._spent_on(completion))

    async def _commit(
        self, case: Case, inquiry: Inquiry, question: Turn, completion: Completion, draft: Draft
    ) -> Answer:
        text, conversation = completion.text, case.conversation
        answer = Answer(text, case.prefix, receipts=_receipts(case, draft.receipt))
        exchange = _exchange(case, inquiry, question, text)
        await self._store.commit(case.message, answer, exchange, self._spent_on(completion))
        if exchange is not None:
            turns = [*case.record.turns(), question, Turn("assistant", text, exchange.answered)]
            self._summariser.consider(case.message, case.record.session, conversation, turns)
        return answer

    async def _ask(self, case: Case, inquiry: Inquiry, question: Turn, draft: Draft) -> Completion:
        """Ask with as much of the context as fits; where the model finds it too long, once with half."""
        conversation, models = case.conversation, self._models
        show: Show | None = draft.show
        if self._moderator is not None:
            # Where nothing grows, the whole is judged once, at its end.
            show = self._moderator.gate(draft.show) if conversation.stream else None
        window = _window(case, inquiry, question, models.context_tokens(conversation.model))
        try:
            return await models.answer(conversation.model, window, show, stream=conversation.stream)
        except ContextTooLong:
            half = _window(case, inquiry, question, sum(turn.tokens for turn in window) // 2)
            if half == window:
                raise
            logger.info("the context is too long for the model: asking again with %d turns", len(half))
            return await models.answer(conversation.model, half, show, stream=conversation.stream)

    async def _judge(self, subject: Subject, text: str) -> Finding | None:
        if self._moderator is None:
            return None
        return await self._moderator.judge(subject, text)

    def _spent_on(self, completion: Completion) -> Spent:
        usage = completion.usage
        return self._spent(completion.model, usage.prompt_tokens, usage.completion_tokens)

    def _spent(self, model: str, prompt_tokens: int, completion_tokens: int) -> Spent:
        price = self._models.price(model)
        cost = price.cost(prompt_tokens, completion_tokens)
        return Spent(model, prompt_tokens, completion_tokens, cost, price.currency)


def _window(case: Case, inquiry: Inquiry, question: Turn, budget: int) -> list[Turn]:
    """What the model is sent, in *budget* tokens; half of them at most tell what was said beside us."""
    return case.session(inquiry.replaces).window(_prompt(case, budget // 2), question, budget)


def _prompt(case: Case, most: int) -> str:
    """The system prompt, and what a group said beside us: the newest of it, in *most* tokens."""
    prompt = case.conversation.system_prompt
    lines: list[str] = []
    for line in reversed(case.record.talk):
        most -= estimate_tokens(line) + 1
        if most < 0:
            break
        lines.append(line)
    heard = "\n".join([_TALK[case.language], *reversed(lines)]) if lines else ""
    return "\n\n".join(part for part in (prompt, heard) if part)


def _receipts(case: Case, grown: str | None) -> tuple[str, ...]:
    """The messages that the answer belongs in: those that are there, or the one that has *grown*."""
    return case.record.receipts or ((grown,) if grown is not None else ())


def _exchange(case: Case, inquiry: Inquiry, question: Turn, answer: str) -> Exchange | None:
    """What will be remembered of it; None where the chat is not."""
    if not case.conversation.remembers:
        return None
    replaces = inquiry.replaces.id if inquiry.replaces else None
    return Exchange(case.record.session, question.text, answer, question.time, time.time(), replaces)


def _excuse(case: Case, error: BackendError) -> str:
    """One sentence for the person; the log has the rest, under the same id."""
    if isinstance(error, ContextTooLong):
        logger.warning("too long for the model: %s", error)
        return Sentence.TOO_LONG.say(case.language)
    id = uuid.uuid4().hex[:8]
    logger.error("error %s: %s: %s", id, type(error).__name__, error)
    metrics.MODEL_FAILURES.labels(type(error).__name__).inc()
    return Sentence.MODEL_FAILED.say(case.language, id=id)
