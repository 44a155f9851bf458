"""`/api/auth/preferences`: what a person has set for themselves."""

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import get, put
from litestar.params import JSONBody

from whatsapp_hub.adapters.contracts.views.view import View
from whatsapp_hub.adapters.http.auth import Asking
from whatsapp_hub.application.accounts.preferences import KeepPreferences, ReadPreferences
from whatsapp_hub.domain.accounts.preferences import Density, Preferences, SavedView, Theme
from whatsapp_hub.domain.accounts.tenant import Language

TAGS = ["auth"]


class SavedViewBody(View, forbid_unknown_fields=True):
    """A view of the inbox under a name: `query` is what the console's address has after its `?`."""

    name: str
    query: str


class PreferencesBody(View, forbid_unknown_fields=True):
    """Null: as the console, the browser or the company has it."""

    views: list[SavedViewBody] = msgspec.field(default_factory=list)
    language: Language | None = None
    theme: Theme | None = None
    density: Density | None = None
    enter_sends: bool | None = None
    sound: bool | None = None
    shortcuts: bool | None = None

    @classmethod
    def of(cls, kept: Preferences) -> "PreferencesBody":
        """Show them."""
        views = [SavedViewBody(view.name, view.query) for view in kept.views]
        looks = (kept.language, kept.theme, kept.density)
        return cls(views, *looks, kept.enter_sends, kept.sound, kept.shortcuts)

    def to_domain(self) -> Preferences:
        """Convert to the domain's form. Raises Invalid."""
        views = tuple(SavedView(view.name.strip(), view.query) for view in self.views)
        looks = (self.language, self.theme, self.density)
        return Preferences(views, *looks, self.enter_sends, self.sound, self.shortcuts)


@get("/auth/preferences", tags=TAGS)
async def read_preferences(caller: Asking, read_preferences: FromDishka[ReadPreferences]) -> PreferencesBody:
    """Show what one has set for oneself: views of the inbox, and how the console looks and behaves. It follows a person
    to every browser, and no one else sees it."""
    return PreferencesBody.of(await read_preferences(caller))


@put("/auth/preferences", tags=TAGS)
async def keep_preferences(
    caller: Asking, data: JSONBody[PreferencesBody], keep_preferences: FromDishka[KeepPreferences]
) -> PreferencesBody:
    """Set them all at once; what is left out is unset."""
    kept = data.to_domain()
    await keep_preferences(caller, kept)
    return PreferencesBody.of(kept)


HANDLERS = [read_preferences, keep_preferences]
