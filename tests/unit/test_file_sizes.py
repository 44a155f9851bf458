from collections import Counter
from pathlib import Path

SOURCES = sorted(Path("src").rglob("*.py"))
LIMIT_LINES = 400
MOST_MODULES = 16


def test_a_source_file_stays_within_400_lines() -> None:
    lines = {str(path): len(path.read_text().splitlines()) for path in SOURCES}
    assert len(lines) > 300
    assert {path: number for path, number in lines.items() if number > LIMIT_LINES} == {}, "split them by concept"


def test_a_folder_holds_at_most_16_modules() -> None:
    modules = Counter(str(path.parent) for path in SOURCES if path.name != "__init__.py")
    assert {folder: number for folder, number in modules.items() if number > MOST_MODULES} == {}, "make rooms"
