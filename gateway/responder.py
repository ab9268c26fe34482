"""What happens to one message, from top to bottom."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from gateway import commands
from gateway.access import Verdict
from gateway.asking import Asker
from gateway.case import Case, Inquiry
from gateway.commands import Again, Call, Command, Export, Tools
from gateway.conversation import Conversation
from gateway.delivery import Delivery
from gateway.draft import Draft
from gateway.errors import ConfigError
from gateway.limiter import Limiter
from gateway.message import Message
from gateway.stops import Overtaken, Stopped
from gateway.store.answers import Answer
from gateway.texts import Sentence, language_of

logger = logging.getLogger(__name__)


class Responder:
    """Answers messages."""

    def __init__(
        self,
        conversations: Mapping[str, Conversation],
        tools: Tools,
        asker: Asker,
        limiter: Limiter,
        delivery: Delivery,
    ) -> None:
        self._conversations = conversations
        self._tools = tools
        self._asker = asker
        self._limiter = limiter
        self._delivery = delivery

    async def respond(self, message: Message) -> None:
        """Answer one message. What a crash left decided or half sent is finished, not done again."""
        conversation = self._conversation(message)
        message = conversation.rules.addressed(message)
        command = commands.match(message, conversation.session_clear_token)
        verdict = conversation.rules.judge(message, command=command is not None)
        if verdict is Verdict.IGNORE:
            await self._overhear(message, conversation)
            return
        self._delivery.check(message.chat)
        begun: tuple[Case, Draft] | None = None
        try:
            with self._tools.stops.open(commands.lane(message)):
                case = await self._open(message, conversation)
                if _says_nothing_new(case):
                    return
                if case.record.answer is None and not commands.is_urgent(message):
                    self._limiter.slow_down(message)
                draft = self._delivery.draft(message, case.conversation, case.record.receipts)
                begun = case, draft
                answer = case.record.answer or await self._answer(case, verdict, command, draft)
                await self._delivery.deliver(message, case.conversation, answer)
        except Overtaken:
            logger.info("corrected or recalled while it was answered")
        except Stopped:
            logger.info("stopped by the person")
            if begun is not None:
                await self._keep_partial(*begun)

    def _conversation(self, message: Message) -> Conversation:
        conversation = self._conversations.get(message.chat.channel)
        if conversation is None:
            raise ConfigError(f"there is no channel {message.chat.channel!r} any more")
        return conversation

    async def _overhear(self, message: Message, conversation: Conversation) -> None:
        """What a group says beside us is remembered where the configuration wants it, and never answered."""
        if conversation.recent and message.text and conversation.rules.listens(message):
            await self._tools.store.overhear(message, conversation.recent)

    async def _open(self, message: Message, conversation: Conversation) -> Case:
        record = await self._tools.store.open(
            message,
            conversation.group_context,
            silence=conversation.session_timeout,
            summarised=conversation.history == "summarise",
            recent=conversation.recent if message.chat.kind == "group" else 0,
        )
        adjusted = conversation.adjusted(record.settings)
        return Case(message, adjusted, language_of(message, conversation.language), record)

    async def _answer(
        self, case: Case, verdict: Verdict, command: tuple[Command, str] | None, draft: Draft
    ) -> Answer:
        """Decide what to say and make it durable."""
        said = await self._own_words(case, verdict, command)
        if isinstance(said, Again):
            said = await self._limiter.refuse(case.message, case.language)
        if said is None:
            return await self._asker.answer(case, draft, _inquiry(case))
        answer = _finished(case, said)
        await self._tools.store.commit(case.message, answer)
        return answer

    async def _own_words(
        self, case: Case, verdict: Verdict, command: tuple[Command, str] | None
    ) -> str | Export | Again | None:
        """What we say ourselves; None: the model is to be asked."""
        if verdict is Verdict.REFUSE:
            return Sentence.REFUSED.say(case.language, id=case.message.sender.id)
        if command is not None:
            return await commands.obey(Call(case, command[1], self._tools), command[0])
        if not case.message.text:
            return Sentence.TEXT_ONLY.say(case.language)
        return await self._limiter.refuse(case.message, case.language)

    async def _keep_partial(self, case: Case, draft: Draft) -> None:
        """What a person saw before stopping it stays said."""
        # Looked up anew: stopped while it was written down or sent, the whole answer is decided already.
        decided = (await self._tools.store.open(case.message, case.conversation.group_context)).answer
        if decided is None and (partial := await self._asker.keep_partial(case, draft, _inquiry(case))):
            await self._delivery.deliver(case.message, case.conversation, partial)


def _says_nothing_new(case: Case) -> bool:
    """True for a correction that leaves the question as it was: a link got a preview, say."""
    earlier = case.record.earlier
    return case.record.answer is None and earlier is not None and earlier.question.text == case.question


def _inquiry(case: Case) -> Inquiry:
    """What the model is to be asked: what was said, or, where that is wished, the last question again."""
    found = commands.find(case.message.text)
    if found is not None and found[0].run is commands.retry and case.last is not None:
        return Inquiry(case.last.question.text, case.last)
    return Inquiry(case.question, case.record.earlier)


def _finished(case: Case, said: str | Export) -> Answer:
    """The gateway's own words as an answer; they take the place of an earlier answer, if there is one."""
    if isinstance(said, Export):
        return Answer(said.text, file=said.name, receipts=case.record.receipts)
    return Answer(said, receipts=case.record.receipts)
