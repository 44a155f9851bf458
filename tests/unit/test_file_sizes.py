from pathlib import Path

import pytest

SOURCES = sorted(Path("src").rglob("*.py"))
LIMIT_LINES = 400


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_a_source_file_stays_within_400_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LIMIT_LINES, "split it by concept"
