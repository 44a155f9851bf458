"""docs/security.md names tests that there are."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"`((?:unit|integration)/[\w/]+\.py)::(test_\w+)`")


def test_every_test_that_the_page_names_is_there() -> None:
    named = NAMED.findall((ROOT / "docs/security.md").read_text())
    assert len(named) > 40
    missing = [
        f"{file}::{name}"
        for file, name in named
        if not (path := ROOT / "tests" / file).is_file() or f"def {name}(" not in path.read_text()
    ]
    assert missing == []


def test_every_entry_has_a_section() -> None:
    page = (ROOT / "docs/security.md").read_text()
    for entry in (
        "Webhooks",
        "API",
        "Sockets",
        "Console",
        "Connector",
        "Media",
        "calls",
        "Database",
        "Time",
        "Personal data",
        "Supply chain",
    ):
        assert re.search(rf"^## .*{entry}", page, re.MULTILINE), entry
