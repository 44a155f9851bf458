"""Have the files of received messages fetched."""

from dataclasses import replace

from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.ports.provider.plugin import Providers
from whatsapp_hub.application.ports.queues.fetches import Fetch
from whatsapp_hub.domain.ids import MediaId
from whatsapp_hub.domain.messaging.content import Content, File, MediaState, StoredMedia
from whatsapp_hub.domain.messaging.message import Message
from whatsapp_hub.domain.sessions.session import Session


class ExpectFiles:
    """Give a message's file an id and a row that says "to be fetched", in the message's own transaction."""

    def __init__(self, providers: Providers, changes: Changes) -> None:
        self._providers = providers
        self._changes = changes

    def expected(self, provider: str, content: Content) -> Content:
        """Return the content with the id of its file, if the provider that it came from hands files over."""
        if not isinstance(content, File) or content.media or content.is_about_earlier:
            return content
        if not self._providers.hands_over_files(provider):
            return content
        return replace(content, media=StoredMedia(MediaId(self._changes.new_id()), MediaState.PENDING))

    def fetched(self, session: Session, provider: str, message: Message) -> None:
        """Have the file of a new message fetched, if it is expected."""
        content = message.content
        media = content.media if isinstance(content, File) else None
        if isinstance(media, StoredMedia) and media.state is MediaState.PENDING:
            is_held = provider == session.provider and self._providers.holds_socket(provider)
            fetch = Fetch(media.id, message.id, session.id, is_held, self._changes.now, provider=provider)
            self._changes.fetch(fetch)
