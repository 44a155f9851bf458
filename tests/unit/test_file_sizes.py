from pathlib import Path

import pytest

SOURCES = sorted(Path("src").rglob("*.py"))
LIMIT_LINES = 400
MOST_MODULES = 16


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_a_source_file_stays_within_400_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LIMIT_LINES, "split it by concept"


@pytest.mark.parametrize("folder", sorted({path.parent for path in SOURCES}), ids=str)
def test_a_folder_holds_at_most_16_modules(folder: Path) -> None:
    assert len([path for path in folder.glob("*.py") if path.name != "__init__.py"]) <= MOST_MODULES, "make rooms"
