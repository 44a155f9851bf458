"""Paths that docs/adding.md and docs/architecture.md name exist."""

import re
from pathlib import Path

import pytest

import whatsapp_hub

ROOT = Path(__file__).parents[2]
SOURCE = Path(whatsapp_hub.__file__).parent
CODE = re.compile(r"`([^`\s]+)`")
PATH = re.compile(r"\.?[\w.-]+(/[\w.-]+)*(/|\.(py|md|sql|toml|example))")
OPTIONAL = re.compile(r"@runtime_checkable\nclass (\w+)")
LOCKS = re.compile(r"pg_(?:try_)?advisory_(?:xact_)?lock")


def paths_in(page: str) -> list[str]:
    """Return what stands in code type and is a folder (ends with a slash) or a file below one."""
    found = CODE.findall((ROOT / page).read_text())
    return [name for name in found if "/" in name and PATH.fullmatch(name)]


@pytest.mark.parametrize("page", ["docs/adding.md", "docs/architecture.md"])
def test_every_path_that_the_page_names_exists(page: str) -> None:
    named = paths_in(page)
    assert len(named) > 20
    assert [name for name in named if not (ROOT / name).exists() and not (SOURCE / name).exists()] == []


def test_every_advisory_lock_of_the_source_is_in_the_register() -> None:
    page = (ROOT / "docs/architecture.md").read_text()
    register = page.partition("## Advisory locks")[2].partition("\n## ")[0]
    taking = [str(path.relative_to(SOURCE)) for path in sorted(SOURCE.rglob("*.py")) if LOCKS.search(path.read_text())]
    assert taking
    assert [path for path in taking if f"`{path}`" not in register] == []


def test_every_protocol_of_a_provider_is_in_its_page() -> None:
    page = (ROOT / "docs/providers.md").read_text()
    ports = SOURCE / "application/ports"
    modules = [*sorted((ports / "provider").glob("*.py")), ports / "connections/sockets.py"]
    optional = [name for path in modules for name in OPTIONAL.findall(path.read_text())]
    assert len(optional) > 15
    assert [name for name in optional if f"`{name}`" not in page] == []
