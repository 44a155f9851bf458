"""The stored form of a message's file: what `data` says of one that the hub stores."""

from collections.abc import Mapping
from typing import Any

from whatsapp_hub.domain.ids import MediaId
from whatsapp_hub.domain.messaging.content import MediaState, StoredMedia

STATE, ERROR, THUMBNAIL, WAVEFORM = "mediaState", "mediaError", "thumbnail", "waveform"
BEFORE = "blob"
"""The file's id, for the version before `messages.media_id`; never read."""


def write_stored(media: StoredMedia) -> Mapping[str, object]:
    """Return what differs from a file that is simply there."""
    found: dict[str, object] = {BEFORE: media.id}
    if media.state is not MediaState.READY:
        found[STATE] = media.state.value
    if media.error is not None:
        found[ERROR] = media.error
    if media.has_thumbnail:
        found[THUMBNAIL] = True
    if media.waveform:
        found[WAVEFORM] = list(media.waveform)
    return found


def read_stored(id: MediaId, given: dict[str, Any]) -> StoredMedia:
    """Take it out of `data`; a state that this version does not know is a failure."""
    given.pop(BEFORE, None)
    state, error, waveform = given.pop(STATE, MediaState.READY), given.pop(ERROR, None), given.pop(WAVEFORM, None)
    known = MediaState(state) if state in MediaState.__members__ else MediaState.FAILED
    loud = tuple(n for n in waveform if isinstance(n, int)) if isinstance(waveform, list) else None
    return StoredMedia(id, known, error if isinstance(error, str) else None, given.pop(THUMBNAIL, None) is True, loud)
