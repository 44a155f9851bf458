"""The I/O half of Meta's Cloud API: one pool of connections for all numbers."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import datetime

import msgspec

from whatsapp_hub.adapters.providers.http_call import Answer, Call, HttpPool, exchange
from whatsapp_hub.adapters.providers.lenient import JsonObject, clean, items, obj, text
from whatsapp_hub.adapters.providers.meta_cloud import errors, templates
from whatsapp_hub.adapters.providers.meta_cloud.download import download
from whatsapp_hub.adapters.providers.meta_cloud.inbound import identity_of
from whatsapp_hub.adapters.providers.meta_cloud.outbound import (
    block_body,
    form,
    message_body,
    require_blocked,
    thread_of,
)
from whatsapp_hub.adapters.providers.meta_cloud.settings import MetaSettings
from whatsapp_hub.adapters.providers.own_settings import own
from whatsapp_hub.application.ports.provider.events import SessionSeen
from whatsapp_hub.application.ports.provider.plugin import (
    Accepted,
    Download,
    Outgoing,
    OutgoingFile,
    ReadMessage,
    RemoteFile,
    SessionRef,
)
from whatsapp_hub.application.ports.provider.templates import TemplateDraft
from whatsapp_hub.domain.errors import OutcomeUnknown, Rejected, Scope, Transient
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.sessions.session import SessionStatus
from whatsapp_hub.domain.templates.template import TemplateNews

_DEADLINE_S = 15.0
"""For calls other than `send`, which has its own."""


class MetaClient:
    def __init__(self, base_url: str, now: Callable[[], datetime]) -> None:
        self._base = base_url
        self._now = now
        self._http = HttpPool()

    async def send(self, session: SessionRef, message: Outgoing, deadline_s: float) -> Accepted:
        """Send a message. A file that Meta has from an earlier one is not uploaded again, unless Meta says that it does
        not have it: it was certainly not sent then."""
        settings, began = _settings(session), time.monotonic()
        if message.media is None:
            return await self._send(settings, message, None, deadline_s)
        if message.media.uploaded:
            try:
                return await self._send(settings, message, message.media.uploaded, deadline_s)
            except Rejected as error:
                if error.code not in errors.STALE_ID:
                    raise
        uploaded = await self._upload(settings, message.media, deadline_s - (time.monotonic() - began))
        left_s = deadline_s - (time.monotonic() - began)
        return replace(await self._send(settings, message, uploaded, left_s), uploaded=uploaded)

    async def _send(
        self, settings: MetaSettings, message: Outgoing, uploaded: str | None, deadline_s: float
    ) -> Accepted:
        body = message_body(message, uploaded)
        answer = errors.read(await self._post(settings, f"{settings.phone_number_id}/messages", body, deadline_s))
        id = text(obj(next(iter(items(answer.get("messages"))), None)).get("id"))
        if not id:
            raise OutcomeUnknown("no_message_id", "Meta answered without a message id")
        contact = obj(next(iter(items(answer.get("contacts"))), None))
        return Accepted(id, identity_of(text(contact.get("wa_id")), text(contact.get("user_id"))))

    async def _upload(self, settings: MetaSettings, file: OutgoingFile, deadline_s: float) -> str:
        """Upload a file and return Meta's id of it. A retry is safe: nothing reaches the customer before the message is
        sent."""
        headers = {"Authorization": f"Bearer {settings.access_token}"}
        url = f"{self._base}/{settings.phone_number_id}/media"
        call = Call("POST", url, headers, idempotent=True, form=form(file))
        id = text(errors.read(await exchange(self._http, call, deadline_s)).get("id"))
        if not id:
            raise Transient("no_media_id", "Meta took the file without an id", retry_after_s=5, scope=Scope.RECIPIENT)
        return id

    def download(self, session: SessionRef, file: RemoteFile, most: int) -> AbstractAsyncContextManager[Download]:
        """Open a customer's file."""
        return download(self._http, self._base, _settings(session), file, most)

    async def start(self, session: SessionRef) -> SessionSeen:
        """Subscribe the business account to our app's webhooks, and look the number up."""
        settings = _settings(session)
        if settings.business_account_id:
            path = f"{settings.business_account_id}/subscribed_apps"
            errors.read(await self._post(settings, path, {}, _DEADLINE_S, idempotent=True))
        number = errors.read(await self._get(settings, f"{settings.phone_number_id}?fields=display_phone_number"))
        digits = "".join(c for c in text(number.get("display_phone_number")) if c.isascii() and c.isdigit())
        return SessionSeen(SessionStatus.CONNECTED, self._now(), phone_number=digits or None)

    async def templates(self, session: SessionRef) -> list[TemplateNews]:
        """Fetch the account's templates, page by page. Raises Rejected (`no_account`) without a business account."""
        settings, account = _settings(session), _account(session)
        found: list[TemplateNews] = []
        after: str | None = None
        for _ in range(templates.MOST_PAGES):
            page, after = templates.listed(errors.read(await self._get(settings, templates.list_path(account, after))))
            found += page
            if after is None:
                return found
        raise Rejected("too_many_templates", "the catalogue did not end")

    async def create_template(self, session: SessionRef, draft: TemplateDraft) -> TemplateNews:
        """Submit a template; Meta answers with its status, and the category that it chose."""
        path, body = f"{_account(session)}/message_templates", templates.draft_body(draft)
        answer = errors.read(await self._post(_settings(session), path, body, _DEADLINE_S))
        return templates.created(draft, answer)

    async def delete_template(self, session: SessionRef, name: str, provider_id: str | None) -> None:
        """Delete it in one language by Meta's id of it, else by its name."""
        path = templates.delete_path(_account(session), name, provider_id)
        errors.read(await self._ask("DELETE", _settings(session), path))

    async def stop(self, session: SessionRef) -> SessionSeen:
        """Change nothing at Meta: other numbers of the account may need the subscription."""
        return SessionSeen(SessionStatus.DISCONNECTED, self._now(), "stopped")

    async def mark_read(self, session: SessionRef, chat: str, messages: Sequence[ReadMessage]) -> None:
        """Mark the newest as read; Meta marks all earlier ones of the chat too."""
        if messages:
            await self._read_mark(session, {"message_id": messages[-1].provider_message_id})

    async def show_typing(self, session: SessionRef, chat: str, last_inbound_id: str | None) -> None:
        """Show typing for up to 25 s. Meta ties it to a message of the customer, and marks that one as read."""
        if last_inbound_id:
            await self._read_mark(session, {"message_id": last_inbound_id, "typing_indicator": {"type": "text"}})

    async def take_thread(self, session: SessionRef, recipient: tuple[Identity, ...], chat: str) -> None:
        """Take a customer's thread from the program that has it; Meta allows that to the escalation partner."""
        settings = _settings(session)
        body: JsonObject = {"messaging_product": "whatsapp", "action": "take", **thread_of(recipient, chat)}
        path = f"{settings.phone_number_id}/thread_control"
        errors.read(await self._post(settings, path, body, _DEADLINE_S, idempotent=True))

    async def block(self, session: SessionRef, identities: Sequence[Identity], *, blocked: bool) -> None:
        """Block or unblock by phone number. Meta blocks only who wrote within the last 24 hours."""
        settings, body = _settings(session), block_body(identities)
        method, path = "POST" if blocked else "DELETE", f"{settings.phone_number_id}/block_users"
        answer = await self._post(settings, path, body, _DEADLINE_S, idempotent=True, method=method)
        require_blocked(errors.read(answer))

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _read_mark(self, session: SessionRef, what: JsonObject) -> None:
        settings = _settings(session)
        body: JsonObject = {"messaging_product": "whatsapp", "status": "read", **what}
        path = f"{settings.phone_number_id}/messages"
        errors.read(await self._post(settings, path, body, _DEADLINE_S, idempotent=True))

    async def _post(
        self,
        settings: MetaSettings,
        path: str,
        body: JsonObject,
        deadline_s: float,
        *,
        idempotent: bool = False,
        method: str = "POST",
    ) -> Answer:
        headers = {"Authorization": f"Bearer {settings.access_token}", "Content-Type": "application/json"}
        call = Call(method, f"{self._base}/{path}", headers, msgspec.json.encode(clean(body)), idempotent)
        return await exchange(self._http, call, deadline_s)

    async def _get(self, settings: MetaSettings, path: str) -> Answer:
        return await self._ask("GET", settings, path)

    async def _ask(self, method: str, settings: MetaSettings, path: str) -> Answer:
        headers = {"Authorization": f"Bearer {settings.access_token}"}
        return await exchange(self._http, Call(method, f"{self._base}/{path}", headers, idempotent=True), _DEADLINE_S)


def _account(session: SessionRef) -> str:
    account = _settings(session).business_account_id
    if not account:
        raise Rejected("no_account", "templates belong to the business account: set the session's businessAccountId")
    return account


def _settings(session: SessionRef) -> MetaSettings:
    return own(MetaSettings, session.settings)
