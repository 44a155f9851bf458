"""Cards of people, and readers of what providers say in their own form."""

from collections.abc import Iterator

from whatsapp_hub.adapters.contracts.views.view import View


class CardView(View):
    """A person's card."""

    name: str | None
    phones: list[str]
    emails: list[str]
    organization: str | None


def text_in(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def fields_of(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def objects_of(value: object) -> Iterator[dict[str, object]]:
    return map(fields_of, value if isinstance(value, list | tuple) else ())


def card_of(card: object) -> CardView:
    """Show a card in Meta's form."""
    given = fields_of(card)
    name = text_in(fields_of(given.get("name")).get("formatted_name"))
    phones = [text_in(phone.get("phone")) or text_in(phone.get("wa_id")) for phone in objects_of(given.get("phones"))]
    emails = [text_in(email.get("email")) for email in objects_of(given.get("emails"))]
    company = text_in(fields_of(given.get("org")).get("company"))
    return CardView(name, [p for p in phones if p], [e for e in emails if e], company)


def card_in(card: str) -> CardView:
    """Show a vCard: its names, numbers, addresses and company, as far as they stand on one line each."""
    found: dict[str, list[str]] = {}
    for line in card.splitlines()[:200]:
        head, _, value = line.partition(":")
        name = head.partition(";")[0].rpartition(".")[2].upper()
        if value.strip():
            found.setdefault(name, []).append(value.strip())
    name = next(iter(found.get("FN", ())), None) or " ".join(found.get("N", [""])[0].split(";")).strip()
    company = next(iter(found.get("ORG", ())), "").replace(";", " ").strip()
    return CardView(name or None, found.get("TEL", []), found.get("EMAIL", []), company or None)
