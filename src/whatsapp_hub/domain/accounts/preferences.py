"""What a person has set for themselves, wherever they sign in."""

from dataclasses import dataclass
from enum import StrEnum

from whatsapp_hub.domain.accounts.tenant import Language
from whatsapp_hub.domain.errors import Flaw, Invalid
from whatsapp_hub.domain.text import is_storable

MOST_VIEWS = 30
LONGEST_NAME, LONGEST_QUERY = 60, 500


class Theme(StrEnum):
    """How the console is coloured."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class Density(StrEnum):
    """How much of a list fits the screen."""

    COMFORTABLE = "comfortable"
    COMPACT = "compact"


@dataclass(frozen=True, slots=True)
class SavedView:
    """A view of the inbox under a name: `query` is what the console's address has after its `?`."""

    name: str
    query: str


@dataclass(frozen=True, slots=True)
class Preferences:
    """None: as the console, the browser or the company has it."""

    views: tuple[SavedView, ...] = ()
    language: Language | None = None
    theme: Theme | None = None
    density: Density | None = None
    enter_sends: bool | None = None
    sound: bool | None = None
    shortcuts: bool | None = None

    def __post_init__(self) -> None:
        """Raises Invalid (`/views/…`)."""
        flaws = [flaw for n, view in enumerate(self.views) for flaw in _flaws(n, view)]
        names = [view.name for view in self.views]
        if len(names) > MOST_VIEWS:
            flaws.append(Flaw("/views", f"must be at most {MOST_VIEWS}"))
        flaws += [
            Flaw(f"/views/{n}/name", "is another view's too") for n, name in enumerate(names) if name in names[:n]
        ]
        if flaws:
            raise Invalid(*flaws)


def _flaws(n: int, view: SavedView) -> list[Flaw]:
    found = []
    for field, value, longest in (("name", view.name, LONGEST_NAME), ("query", view.query, LONGEST_QUERY)):
        if not 1 <= len(value.strip()) <= longest:
            found.append(Flaw(f"/views/{n}/{field}", f"must have 1 to {longest} characters"))
        elif not is_storable(value):
            found.append(Flaw(f"/views/{n}/{field}", "must not contain NUL or lone surrogates"))
    return found
