"""How a company's people close conversations: by which reasons, and whether one must be given."""

from collections.abc import Sequence
from dataclasses import dataclass

from whatsapp_hub.domain.errors import Flaw, Invalid
from whatsapp_hub.domain.text import is_storable

MOST_REASONS = 50
REASON_LENGTH = 64


@dataclass(frozen=True, slots=True)
class ClosingTerms:
    """`resolve_reasons` are the company's own words, in its order; without any, none is taken."""

    resolve_reasons: tuple[str, ...] = ()
    resolve_reason_required: bool = False

    def changed(self, reasons: Sequence[str] | None, required: bool | None) -> "ClosingTerms":
        """Set what is not None."""
        return ClosingTerms(
            self.resolve_reasons if reasons is None else tuple(reasons),
            self.resolve_reason_required if required is None else required,
        )

    def flaws(self) -> list[Flaw]:
        """Return every bad field."""
        if len(self.resolve_reasons) > MOST_REASONS:
            return [Flaw("/resolve_reasons", f"must have at most {MOST_REASONS} reasons")]
        found = [
            Flaw(f"/resolve_reasons/{place}", why)
            for place, reason in enumerate(self.resolve_reasons)
            if (why := self._flaw(place, reason))
        ]
        if self.resolve_reason_required and not self.resolve_reasons:
            found.append(Flaw("/resolve_reason_required", "must be false while there are no resolve_reasons"))
        return found

    def _flaw(self, place: int, reason: str) -> str | None:
        if not 1 <= len(reason) <= REASON_LENGTH or reason != reason.strip() or not reason.isprintable():
            return f"must have 1 to {REASON_LENGTH} printable characters, without spaces around"
        if not is_storable(reason):
            return "must be text that can be stored"
        return "is there twice" if reason in self.resolve_reasons[:place] else None

    def checked(self, reason: str | None) -> str | None:
        """Return the reason for which a conversation is resolved, if it is one of the company's. Raises Invalid."""
        if reason is None and not self.resolve_reason_required:
            return None
        if reason not in self.resolve_reasons:
            shown = ", ".join(self.resolve_reasons)
            raise Invalid.field("reason", f"must be one of: {shown}" if shown else "must be left out: there are none")
        return reason


NO_TERMS = ClosingTerms()
