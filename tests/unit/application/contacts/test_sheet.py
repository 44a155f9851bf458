"""Tables of contacts: what is read, what is refused by line and column, what is written."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whatsapp_hub.application.contacts.sheet import MOST_COLUMNS, MOST_LINES, Line, header_of, lines_of, read_sheet
from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.ids import ContactId, TenantId
from whatsapp_hub.domain.messaging.contact import Card, Contact, Identity
from whatsapp_hub.domain.text import fold

NOW = datetime(2026, 11, 27, tzinfo=UTC)
NOTHING = UUID(int=0)


def contact(card: Card, name: str | None = None) -> Contact:
    identities = (Identity.phone("5511999990001"),)
    return Contact(ContactId(NOTHING), TenantId(NOTHING), identities, NOW, name, card=card)


def test_a_line_is_read_by_its_columns_and_what_is_no_column_of_the_hub_is_a_field() -> None:
    text = '\ufeffphone,cidade,labels,name\r\n+55 11 99999-0001,Recife,vip; atacado,"Souza, Ana"\r\n\r\n49170,,,\r\n'
    assert read_sheet(text) == [
        Line(2, "+55 11 99999-0001", "Souza, Ana", ("vip", "atacado"), {"cidade": "Recife"}),
        Line(4, "49170"),
    ]
    assert read_sheet("phone;name\n49170;Ana\n") == [Line(2, "49170", "Ana")]


def test_a_line_is_numbered_as_an_editor_does_even_behind_a_cell_of_several_lines() -> None:
    assert [line.number for line in read_sheet('phone,nota\n1,"a\nb"\n2,c\n')] == [2, 4]


@pytest.mark.parametrize(
    ("text", "pointers"),
    [
        ("", ["/1"]),
        ("name\nAna\n", ["/1"]),
        ("phone,name,name\n", ["/1/name"]),
        ("phone,\n", ["/1/2"]),
        ("phone," + ",".join(f"c{n}" for n in range(MOST_COLUMNS)), ["/1"]),
        ("phone,name\n1\n,Ana\n", ["/2", "/3/phone"]),
        (f"phone,x\n1,{'y' * 4001}\n", ["/2/x"]),
        ('phone,name\n1,"Ana\n', ["/2"]),
        ("phone\n" + "1\n" * (MOST_LINES + 1), [f"/{MOST_LINES + 2}"]),
    ],
)
def test_what_is_wrong_is_named_by_line_and_column(text: str, pointers: list[str]) -> None:
    with pytest.raises(Invalid) as refused:
        read_sheet(text)
    assert [flaw.pointer for flaw in refused.value.flaws] == pointers


@pytest.mark.parametrize("cell", ["=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "\t=1", "\r=1"])
def test_no_cell_that_is_written_is_a_formula(cell: str) -> None:
    table = lines_of([contact(Card(fields={"x": cell}), cell)], ["x"])
    [cells] = csv.reader(io.StringIO(table, newline=""))
    assert len(cells) == 5
    assert not any(written.startswith(("=", "+", "-", "@", "\t", "\r")) for written in cells)


words = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20).filter(
    lambda text: fold(text) != ""
)


@given(words, st.lists(words.filter(lambda text: ";" not in text), max_size=3), words)
def test_what_is_written_is_read_as_it_was(name: str, labels: list[str], value: str) -> None:
    card = Card().named(name).labelled(labels).filled({"x": value.strip()})
    [line] = read_sheet(header_of(["x"]) + lines_of([contact(card)], ["x"]))
    assert (line.phone, line.name, line.fields) == ("5511999990001", card.name, card.fields)
    assert line.labels == card.labels


def test_no_name_of_a_column_is_a_formula_and_each_comes_back_as_it_was() -> None:
    fields = ["=HYPERLINK(0)", "+x", "-x", "@x", "cidade"]
    header = header_of(fields)
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in next(csv.reader(io.StringIO(header))))
    [line] = read_sheet(header + ",".join(["49170", "", "", "", *"abcde"]))
    assert list(line.fields) == fields
