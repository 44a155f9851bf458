"""Ask the customer to rate a resolved round from 1 to 5."""

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.routing.reassign import providers_of
from whatsapp_hub.application.routing.service_terms import terms_of
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.menu.phrases import phrases_of


async def ask_rating(changes: Changes, conversation: Conversation) -> None:
    """Ask for a rating of a round that was just resolved, inside its transaction.

    Only where the department, or the company, asks for ratings, the hub routes and the bot may speak."""
    uow = changes.uow
    if not conversation.may_be_rated(changes.now):
        return
    if not (await terms_of(uow, conversation.department_id)).level.asks_rating:
        return
    provider = (await providers_of(uow, [conversation])).get(conversation.id)
    if provider and changes.say(conversation, phrases_of(uow.tenant).ask_rating, provider):
        conversation.asked_for_rating(changes.now)
