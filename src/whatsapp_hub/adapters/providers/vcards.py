"""Cards of people as WhatsApp sends them: vCards, each with the name to show. Pure."""

from whatsapp_hub.adapters.providers.lenient import JsonObject, items, obj, text
from whatsapp_hub.domain.errors import Rejected


def shown(card: str) -> JsonObject:
    """Return a vCard with the name in it."""
    lines = (line for line in card.splitlines() if line.upper().startswith("FN"))
    return {"displayName": next((line.partition(":")[2] for line in lines), ""), "vcard": card}


def made_of(contact: JsonObject) -> JsonObject:
    """Make a vCard of a contact in Meta's form. Raises Rejected without a name."""
    name = text(obj(contact.get("name")).get("formatted_name")) or text(obj(contact.get("name")).get("first_name"))
    if not name:
        raise Rejected("incomplete_content", "each of CONTACTS needs name.formatted_name")
    lines = ["BEGIN:VCARD", "VERSION:3.0", f"FN:{_escaped(name)}", f"N:;{_escaped(name)};;;"]
    for phone in map(obj, items(contact.get("phones"))):
        number = text(phone.get("phone"))
        digits = text(phone.get("wa_id")) or "".join(filter(str.isdigit, number))
        lines.append(f"TEL;type=CELL;waid={digits}:{_escaped(number or digits)}")
    return {"displayName": name, "vcard": "\n".join([*lines, "END:VCARD"])}


def _escaped(value: str) -> str:
    value = value.replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;")
    return value.replace("\r", "").replace("\n", "\\n")
