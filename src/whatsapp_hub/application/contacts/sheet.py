"""Contacts as a table (CSV, RFC 4180): what is read from one and written into one. Pure."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from whatsapp_hub.domain.errors import Flaw, Invalid
from whatsapp_hub.domain.messaging.contact import Contact, address_of

MOST_LINES = 2000
"""Every contact of a table is locked until all are stored."""

MOST_COLUMNS = 204
"""The hub's own, and as many fields as an export has."""
LONGEST_CELL = 4000
OWN_COLUMNS = ("phone", "name", "labels", "blocked")
_BETWEEN_LABELS = ";"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Beginnings that spreadsheets take for a formula (OWASP, CSV injection). The sign before them makes it text."""
_TEXT_SIGN = "'"


@dataclass(frozen=True, slots=True)
class Line:
    """One contact of a table. `number`: the line in the file, from 1; the header is line 1."""

    number: int
    phone: str
    name: str = ""
    labels: tuple[str, ...] = ()
    fields: dict[str, str] = field(default_factory=dict)


def read_sheet(text: str) -> list[Line]:
    """Read a table: a header with `phone`, then a contact a line; between cells stands a comma, or a semicolon where
    the header has those. `name`, `labels` (with semicolons between them) and `blocked` (not read) are the hub's, every
    other column is a field of that name. Raises Invalid, which names lines and columns (`/2/phone`)."""
    rows = _numbered(text.removeprefix("\ufeff"))
    _, names = next(rows, (1, []))
    names = [_plain(name) for name in names]
    _check(names)
    return list(_lines(rows, names))


def _numbered(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that says something with the number of its first line: a cell may have several."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    number = 1
    try:
        for cells in rows:
            if any(cell.strip() for cell in cells):
                yield number, cells
            number = rows.line_num + 1
    except csv.Error as error:
        raise Invalid.field(str(number), f"must be a line of a CSV file ({error})") from None


def _delimiter(text: str) -> str:
    header, _, _ = text.partition("\n")
    return ";" if ";" in header and "," not in header else ","


def _check(names: Sequence[str]) -> None:
    if "phone" not in names:
        raise Invalid.field("1", "must name the columns, one of them phone")
    if len(names) > MOST_COLUMNS:
        raise Invalid.field("1", f"must have at most {MOST_COLUMNS} columns")
    for place, name in enumerate(names):
        if not name or name in names[:place]:
            raise Invalid.field(f"1/{name or place + 1}", "must be a name, and only one column's")


def _lines(rows: Iterator[tuple[int, list[str]]], names: Sequence[str]) -> Iterator[Line]:
    flaws: list[Flaw] = []
    for count, (number, cells) in enumerate(rows, 1):
        if count > MOST_LINES:
            raise Invalid.field(str(number), f"is one too many: import {MOST_LINES} contacts at a time")
        flaws += _flaws(number, cells, names)
        if not flaws:
            yield _line(number, dict(zip(names, map(_plain, cells), strict=True)))
    if flaws:
        raise Invalid(*flaws)


def _flaws(number: int, cells: Sequence[str], names: Sequence[str]) -> Iterator[Flaw]:
    if len(cells) != len(names):
        yield Flaw(f"/{number}", f"must have {len(names)} cells, as the header")
        return
    for name, cell in zip(names, cells, strict=True):
        if len(cell) > LONGEST_CELL:
            yield Flaw(f"/{number}/{name}", f"must have at most {LONGEST_CELL} characters")
        elif name == "phone" and not cell.strip():
            yield Flaw(f"/{number}/phone", "must not be empty")


def _line(number: int, cells: dict[str, str]) -> Line:
    labels = tuple(label.strip() for label in cells.pop("labels", "").split(_BETWEEN_LABELS) if label.strip())
    cells.pop("blocked", None)
    return Line(number, cells.pop("phone"), cells.pop("name", ""), labels, {n: c for n, c in cells.items() if c})


def _plain(cell: str) -> str:
    """Read a cell as it was before `_safe`."""
    cell = cell.strip()
    return cell[1:] if cell[:1] == _TEXT_SIGN and cell[1:].startswith(_FORMULA) else cell


def _safe(cell: str) -> str:
    return _TEXT_SIGN + cell if cell.startswith(_FORMULA) else cell


def header_of(fields: Sequence[str]) -> str:
    """Write the header. No name of a field is a formula either."""
    return _written([(*OWN_COLUMNS, *map(_safe, fields))])


def lines_of(contacts: Iterable[Contact], fields: Sequence[str]) -> str:
    """Write a line for each contact. `phone` is the JID or BSUID where no number is known. No cell is a formula to a
    spreadsheet."""
    return _written(_cells(contact, fields) for contact in contacts)


def _cells(contact: Contact, fields: Sequence[str]) -> list[str]:
    card, address = contact.card, contact.phone_number or address_of(contact.identities[0])
    own = (address, contact.shown_name or "", _BETWEEN_LABELS.join(card.labels), "yes" if card.blocked_at else "")
    return [_safe(cell) for cell in (*own, *(card.fields.get(name, "") for name in fields))]


def _written(rows: Iterable[Sequence[str]]) -> str:
    file = io.StringIO(newline="")
    csv.writer(file).writerows(rows)
    return file.getvalue()
