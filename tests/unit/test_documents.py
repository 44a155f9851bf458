import re
from pathlib import Path

import pytest

PAGES = [*sorted(Path().glob("*.md")), *sorted(Path("docs").rglob("*.md"))]
DECISIONS = sorted(Path("docs/decisions").glob("0*.md"))
LINK = re.compile(r"\]\((?!https?:)([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def links_of(page: Path) -> list[str]:
    return LINK.findall(re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL))


def anchors_of(page: Path) -> set[str]:
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(page.read_text())}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_link_leads_to_a_file_and_its_heading(page: Path) -> None:
    for link in links_of(page):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors_of(target), link


def test_the_readme_leads_to_every_page() -> None:
    assert {str(page) for page in Path("docs").glob("*.md")} <= set(links_of(Path("README.md")))


def test_decisions_are_numbered_without_gaps_and_listed_in_order() -> None:
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    assert [path.read_text().split(".")[0] for path in DECISIONS] == [f"# {n + 1}" for n in range(len(DECISIONS))]
    assert links_of(Path("docs/decisions/README.md")) == [path.name for path in DECISIONS]
