"""The console's types are made from the OpenAPI document; what they name, the API shows."""

import re
from pathlib import Path

from tests.unit.scripts.test_checks import script

_INTERFACE = re.compile(r"export interface (\w+) \{\n(.*?)\n\}", re.DOTALL)


def fields_of(types: str) -> set[str]:
    """Return `Interface.field` for each field."""
    found = _INTERFACE.findall(types)
    return {
        f"{name}.{line.strip().partition(':')[0].rstrip('?')}" for name, body in found for line in body.splitlines()
    }


def test_the_api_shows_what_the_console_reads() -> None:
    types = script("console_types")
    committed = fields_of(Path(types.TARGET).read_text())
    assert len(committed) > 500
    assert committed - fields_of(types.generated()) == set(), "run `make console-types`"
