"""ApplyMessages: store each message that a provider reports, once, and let the bot answer where it may.

Answered (contract E.0): only a live, one-to-one message from the other side, on a session whose
routing is `departments`, or that has a bot. Everything else is only stored.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from whatsapp_hub.application.campaigns.heed_words import HeedWords
from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.media.expect_files import ExpectFiles
from whatsapp_hub.application.ports.provider.events import ChatKind, MessageSeen, Origin
from whatsapp_hub.application.ports.queues.commands import TypingSign
from whatsapp_hub.application.receiving.annotate import Annotate
from whatsapp_hub.application.receiving.apply_receipts import apply_receipt
from whatsapp_hub.application.receiving.apply_rules import ApplyRules
from whatsapp_hub.application.receiving.batch import Batch, SeenMessage, SeenName
from whatsapp_hub.application.receiving.echoes import may_be_echo
from whatsapp_hub.application.routing.follow_flow import FollowFlow
from whatsapp_hub.application.routing.hand_off_to_people import HandOffToPeople
from whatsapp_hub.application.routing.service_terms import terms_of
from whatsapp_hub.domain.conversations import flow
from whatsapp_hub.domain.conversations.bot import BotPart
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.conversations.dialogue import Dialogue
from whatsapp_hub.domain.conversations.notification import NotificationKind
from whatsapp_hub.domain.conversations.reasons import RoutingCode, because
from whatsapp_hub.domain.events import Details, EventType
from whatsapp_hub.domain.ids import ConversationId, MessageId
from whatsapp_hub.domain.integrations.threads import held_by, watched
from whatsapp_hub.domain.messaging.contact import Contact, IdentityKind, address_of
from whatsapp_hub.domain.messaging.content import Call, Text, completes
from whatsapp_hub.domain.messaging.message import Direction, Message, MessageStatus, Outcome
from whatsapp_hub.domain.messaging.window import extended
from whatsapp_hub.domain.sessions.session import Routing, Session

log = logging.getLogger(__name__)

STALE_AFTER = timedelta(minutes=10)
NO_ROUND = because(RoutingCode.NO_ROUND, "a reaction or a notice opens no round")


class ApplyMessages:
    """Apply the messages of one batch inside its transaction."""

    def __init__(
        self,
        batch: Batch,
        changes: Changes,
        window_of: Callable[[str], timedelta | None],
        files: ExpectFiles,
    ) -> None:
        self._batch = batch
        self._changes = changes
        self._window_of = window_of
        self._files = files
        self._menu = FollowFlow(changes)
        self._heed_words = HeedWords(changes)
        self._rules = ApplyRules(changes)
        self._hand_off = HandOffToPeople(changes)
        self._annotate = Annotate(batch.messages, changes)
        self._settled: list[Message] = []
        self._source = ""
        """The provider that reports the present message: the session may have moved to another."""
        self.for_bots: list[tuple[Session, TypingSign]] = []
        """Messages that sessions' own bots are about to answer: "typing…" is shown for them after the commit."""

    async def __call__(self, seen: SeenMessage) -> None:
        """Store the message in its round and let the bot answer; a known one only advances its status."""
        event, contact = seen.event, seen.contact
        self._source = seen.item.provider if seen.item else self._batch.sessions[seen.session_id].provider
        known = self._batch.messages.seen(seen.session_id, contact.id, event)
        if known is not None:
            self._echo(known, event)
            self._complete(known, event)
            return
        if may_be_echo(event) and (ours := self._batch.echoes.take(seen.session_id, contact, event)):
            await self._recognise(ours, event)
            return
        if not self._declines(seen):
            await self._apply(seen)

    def _declines(self, seen: SeenMessage) -> bool:
        """Decline, with a line in the log, what a blocked contact wrote."""
        if seen.event.from_me or not seen.contact.declines(seen.event.at):
            return False
        log.info("message.declined", extra={"session_id": str(seen.session_id), "contact_id": str(seen.contact.id)})
        return True

    async def _apply(self, seen: SeenMessage) -> None:
        event, contact = seen.event, seen.contact
        session = self._batch.sessions[seen.session_id]
        if self._take_rating(session, contact, event) or self._change(session, contact, event):
            return
        asked = self._heed_words.asked(contact, event)
        conversation, is_new = await self._round(session, contact, event)
        message = self._store(session, contact, conversation, event)
        if is_watched := self._see_thread(session, conversation, event):
            watched(conversation, self._changes.now, from_me=event.from_me)
        else:
            await self._note(session, conversation, event)
        self._changes.conversation(conversation, new=is_new)
        await self._keep(message, event)
        if asked:
            heed = partial(self._heed_words, is_new=is_new, silently=is_watched)
            if await heed(session, contact, conversation, asked):
                return
        if event.thread and event.thread.is_passed:
            await self._take_over(session, conversation, event)
        elif not is_watched and event.kind is ChatKind.PERSON and _is_said(event):
            if asked is None:
                await self._answer(session, conversation, event)
            await self._ensure_noticed(session, conversation, event)

    async def _note(self, session: Session, conversation: Conversation, event: MessageSeen) -> None:
        """Let the round know who wrote."""
        if is_typed_now(event):
            conversation.person_wrote(self._changes.now)
            conversation.silence()
        elif _is_said(event):
            is_first = conversation.clock.first_customer_at is None
            window = self._window_of(session.provider)
            conversation.window_closes_at = extended(conversation.window_closes_at, event.at, window)
            conversation.customer_wrote(self._changes.now, await self._patience(conversation, event))
            if is_first:
                await self._start_deadlines(session, conversation, event)

    def _see_thread(self, session: Session, conversation: Conversation, event: MessageSeen) -> bool:
        """Follow which program has the thread; return whether another has it, so that this is only watched. What comes
        to us as usual says that we have it."""
        if event.thread:
            held_by(conversation, event.thread.holder, self._changes.now)
            return event.thread.holder is not None
        is_written = not event.from_me and not event.content.is_about_earlier and event.origin is Origin.LIVE
        if is_written and self._source == session.provider:
            held_by(conversation, None, self._changes.now)
        return False

    async def _take_over(self, session: Session, conversation: Conversation, event: MessageSeen) -> None:
        """Route a customer whom another program passed to us: they wait for a person, and need no menu."""
        if not conversation.is_live or not session.routes(conversation.bot_part):
            return
        now = self._changes.now
        conversation.customer_wrote(now, await self._batch.response_timeout(conversation, now))
        await self._start_deadlines(session, conversation, event)
        if conversation.is_unplaced:
            await self._hand_off.silently(conversation, session, is_history=False)
        elif session.routing is Routing.DEPARTMENTS and conversation.assigned_user_id is None:
            await self._menu.queue_silently(conversation, session.provider)
        self._changes.conversation(conversation)

    async def _keep(self, message: Message, event: MessageSeen) -> None:
        """Store a new message; one that was typed on the phone with the receipts that came before it."""
        self._changes.new_message(message)
        if may_be_echo(event):
            await self._take_receipts(message)

    def name(self, seen: SeenName) -> None:
        """Show a group's name in its live round; one that people gave the round stays."""
        latest = self._batch.rounds.get((seen.session_id, seen.contact.id))
        if latest is None or not latest.is_live:
            return
        before = latest.shown
        if latest.customer_name in (None, latest.profile_name):
            latest.customer_name = seen.event.name
        latest.profile_name = seen.event.name
        latest.updated(before, self._changes.now)
        self._changes.conversation(latest)

    def _echo(self, known: Message, event: MessageSeen) -> None:
        """Mark our own message as sent, now that it came back. Any other known message is a repeat."""
        is_ours, was_unknown = event.from_me and known.direction is Direction.OUTBOUND, known.outcome is Outcome.UNKNOWN
        if is_ours and known.advance(MessageStatus.SENT, self._changes.now):
            self._changes.message(known)
            if known.target:
                self._annotate(known, {})
        if was_unknown and known.outcome is None:
            self._settled.append(known)

    def _complete(self, known: Message, event: MessageSeen) -> None:
        """Complete a call by a later report of it (it was taken, rejected or missed, and lasted so long), and a message
        of which only the place was told."""
        whole = known.content
        if isinstance(known.content, Call) and isinstance(event.content, Call):
            whole = known.content.later(event.content)
        elif completes(known.content, event.content) and event.content.target is None:
            whole = self._files.expected(self._source, event.content)
        if whole != known.content:
            known.content = whole
            self._changes.annotated(known)
            self._files.fetched(self._batch.sessions[known.session_id], self._source, known)
            self._changes.uow.publish([known.event(EventType.MESSAGE_UPDATED, self._changes.now)])

    async def _recognise(self, ours: Message, event: MessageSeen) -> None:
        """Complete a send whose answer brought no id, or never came, by its echo, and apply the receipts that came
        before."""
        if ours.whatsapp_message_id is None:
            ours.whatsapp_message_id = event.provider_message_id
            self._changes.message(ours)
        self._batch.messages.add(ours)
        self._echo(ours, event)
        if self._annotate.arrived(ours):
            self._changes.annotated(ours)
        await self._take_receipts(ours)

    async def _take_receipts(self, ours: Message) -> None:
        """Apply the receipts of our number's message that came before it."""
        if ours.whatsapp_message_id:
            for _, receipt in await self._batch.uow.receipts.take([(ours.session_id, ours.whatsapp_message_id)]):
                apply_receipt(ours, receipt, self._changes)

    async def write(self) -> None:
        """Release the lanes that waited for the outcome of a message; keep changes whose message is not known yet."""
        await self._annotate.write()
        if self._settled:
            await self._batch.uow.lanes.settled(self._settled)

    def _take_rating(self, session: Session, contact: Contact, event: MessageSeen) -> bool:
        """Store a rating with the round it rates, without opening a new one; True if the message was one."""
        latest = self._batch.rounds.get((session.id, contact.id))
        is_text = isinstance(event.content, Text) and not event.content.is_about_earlier
        may_rate = session.routing is Routing.DEPARTMENTS and event.kind is ChatKind.PERSON and not event.from_me
        if latest is None or not is_text or not may_rate:
            return False
        value = flow.rating_given(latest, event.content.text, event.at)
        if value is None:
            return False
        self._changes.new_message(self._store(session, contact, latest, event))
        self._menu.rated(latest, value, session.provider)
        return True

    def _change(self, session: Session, contact: Contact, event: MessageSeen) -> bool:
        """Apply a reaction, an edit or the like to the message that it names, and keep it with that message's round;
        True unless it is none, or its message is not known."""
        changed = self._batch.messages.named(session.id, contact.id, event.content.target)
        if changed is None:
            return False
        change = self._message(session, contact, event, changed.conversation_id)
        self._batch.messages.add(change)
        self._changes.new_message(change)
        self._annotate(change, gateway_details(contact, event))
        return True

    async def _round(self, session: Session, contact: Contact, event: MessageSeen) -> tuple[Conversation, bool]:
        """Return the contact's live round, or a new one that continues the last, and whether it is new."""
        key = (session.id, contact.id)
        latest = self._batch.rounds.get(key)
        meets_bot = session.bot is not None and event.kind is ChatKind.PERSON
        if latest and (latest.is_live or event.content.is_about_earlier):
            before, latest.profile_name = latest.shown, contact.name
            if meets_bot and latest.is_live:
                latest.start_bot()
            latest.updated(before, self._changes.now)
            return latest, False
        conversation = self._open(session, contact, event)
        if latest:
            conversation.continues(latest)
        if meets_bot:
            conversation.start_bot()
        self._batch.rounds[key] = conversation
        if event.content.is_about_earlier:
            conversation.archive(self._changes.now, NO_ROUND)
            return conversation, True
        await self._start_deadlines(session, conversation, event)
        conversation.opened(self._changes.now)
        return conversation, True

    async def _start_deadlines(self, session: Session, conversation: Conversation, event: MessageSeen) -> None:
        """Start the service deadlines, which only people have, on sessions where the hub routes."""
        is_bots = conversation.bot_part is BotPart.TALKING or (event.thread and event.thread.holder)
        if session.routing is Routing.DEPARTMENTS and event.kind is ChatKind.PERSON and not is_bots:
            conversation.set_deadlines(await terms_of(self._changes.uow, conversation.department_id), self._changes.now)

    def _open(self, session: Session, contact: Contact, event: MessageSeen) -> Conversation:
        now = self._changes.now
        return Conversation(
            id=ConversationId(self._changes.new_id()),
            tenant_id=session.tenant_id,
            session_id=session.id,
            contact_id=contact.id,
            chat=event.chat,
            created_at=now,
            updated_at=now,
            customer_phone=contact.phone_number,
            customer_name=contact.shown_name,
            profile_name=contact.name,
            dialogue=Dialogue(silenced=event.kind is not ChatKind.PERSON),
        )

    def _message(
        self, session: Session, contact: Contact, event: MessageSeen, conversation_id: ConversationId
    ) -> Message:
        now = self._changes.now
        return Message(
            id=MessageId(self._changes.new_id()),
            tenant_id=session.tenant_id,
            session_id=session.id,
            conversation_id=conversation_id,
            contact_id=contact.id,
            direction=Direction.OUTBOUND if event.from_me else Direction.INBOUND,
            content=self._files.expected(self._source, event.content),
            created_at=now,
            timestamp=event.at,
            status=MessageStatus.SENT if event.from_me else MessageStatus.DELIVERED,
            chat=event.chat,
            whatsapp_message_id=event.provider_message_id,
            reply_to=event.reply_to,
            author=event.author,
            author_name=event.name if event.author or event.content.target else None,
            author_phone=event.author_phone,
            quoted=self._batch.messages.quoted(session.id, contact.id, event.reply_to),
        )

    def _store(self, session: Session, contact: Contact, conversation: Conversation, event: MessageSeen) -> Message:
        now = self._changes.now
        message = self._message(session, contact, event, conversation.id)
        self._batch.messages.add(message)
        self._files.fetched(session, self._source, message)
        if message.target:
            self._annotate(message, gateway_details(contact, event))
            return message
        self._annotate.arrived(message)
        kind = EventType.MESSAGE_SENT if event.from_me else EventType.MESSAGE_RECEIVED
        is_bots = conversation.bot_part is BotPart.TALKING and not event.from_me and not self._is_old(event)
        is_bots = is_bots and event.thread is None
        extra = {"handled_by": "bot"} if is_bots else {}
        if is_bots and event.kind is ChatKind.PERSON and not event.content.is_about_earlier:
            self.for_bots.append((session, TypingSign(conversation.chat, last_inbound_id=event.provider_message_id)))
        message.record(message.event(kind, now, **gateway_details(contact, event), **extra))
        return message

    def _is_old(self, event: MessageSeen) -> bool:
        return event.origin is Origin.HISTORY or self._changes.now - event.at > STALE_AFTER

    async def _patience(self, conversation: Conversation, event: MessageSeen) -> timedelta | None:
        """Return how long the customer may wait; None for an old message before a bot, which never receives it."""
        if conversation.is_unplaced and self._is_old(event):
            return None
        return await self._batch.response_timeout(conversation, self._changes.now)

    async def _answer(self, session: Session, conversation: Conversation, event: MessageSeen) -> None:
        """Let the menu answer, but no call: people may just be speaking."""
        if isinstance(event.content, Call):
            return
        route = await self._rules(session, conversation, event.content.text)
        if conversation.is_unplaced:
            if self._is_old(event):
                await self._hand_off.silently(conversation, session, is_history=event.origin is Origin.HISTORY)
        elif session.routing is not Routing.DEPARTMENTS:
            return
        elif route:
            await self._menu.straight(conversation, route, session.provider, silently=self._is_old(event))
        elif self._is_old(event):
            await self._menu.queue_silently(conversation, session.provider)
        else:
            has_file = not event.content.in_words
            text = event.content.text
            await self._menu.customer_wrote(conversation, text, session.provider, event.at, has_file=has_file)

    async def _ensure_noticed(self, session: Session, conversation: Conversation, event: MessageSeen) -> None:
        """Give a conversation that no person, queue, bot or question has a deadline (contract G: none waits unseen).

        Supervisors are notified at once of an old message. Imported history causes neither."""
        if not conversation.waits_unseen or not session.routes(conversation.bot_part):
            return
        if event.origin is Origin.HISTORY:
            conversation.clear_wait()
            return
        now = self._changes.now
        what = "an old message" if self._is_old(event) else "a message"
        why = because(RoutingCode.NO_DEPARTMENT_TAKES_IT, f"{what} that no department takes")
        until = now + await self._batch.patience(None, now)
        conversation.set_wait(until, now, why)
        if self._is_old(event):
            self._changes.notify(conversation, NotificationKind.UNROUTED)


def gateway_details(contact: Contact, event: MessageSeen) -> Details:
    """Return what gateways add to a message, so that clients need not look the chat up: its address in the usual form
    (a phone's digits, else a JID), the author's own name, whether the chat is a group."""
    identity = next((i for i in contact.identities if i.kind is IdentityKind.PHONE), contact.identities[0])
    name = event.name or (None if event.from_me else contact.name)
    return {"from": address_of(identity), "push_name": name, "is_group": event.kind is ChatKind.GROUP}


def is_typed_now(event: MessageSeen) -> bool:
    """Return whether a person typed it on the phone just now. A program's text may be the bot's own, and history is no
    answer."""
    is_typed = event.from_me and not event.via_api and not event.content.is_about_earlier
    return is_typed and event.origin is not Origin.HISTORY


def _is_said(event: MessageSeen) -> bool:
    """Whether the customer says something, rather than reacts or the like."""
    return not event.from_me and not event.content.is_about_earlier
