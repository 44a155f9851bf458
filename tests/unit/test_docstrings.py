"""Public modules, classes, functions and methods have docstrings, whose first lines say what a function does: an
imperative verb and its object."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import whatsapp_hub

SOURCE = Path(whatsapp_hub.__file__).parent
LEAST = 0.9
"""One in ten may speak for itself."""
MOST_OTHERS = 20
"""First lines that are no imperatives (or that ruff takes for none); the number only ever falls."""

Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def public(node: Documented) -> Iterator[Documented]:
    """Yield the node and what is public below it; a function's own functions are nobody else's."""
    yield node
    if isinstance(node, ast.Module | ast.ClassDef):
        for inner in node.body:
            if isinstance(inner, Documented) and not inner.name.startswith("_"):
                yield from public(inner)


def coverage(sources: Iterator[str]) -> float:
    found = [bool(ast.get_docstring(node)) for text in sources if text for node in public(ast.parse(text))]
    return sum(found) / len(found)


def test_a_docstring_counts_once_for_each_public_thing() -> None:
    of_class = 'class A:\n    """A."""\n    def b(self): ...\n    def _c(self): ...\n'
    source = f'"""Module."""\n{of_class}def d():\n    def e(): ...\n'
    assert coverage(iter([source, ""])) == 2 / 4


def test_public_docstrings_cover_no_less_than_they_did() -> None:
    assert coverage(path.read_text() for path in SOURCE.rglob("*.py")) >= LEAST


def test_first_lines_of_functions_are_imperatives() -> None:
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "D401", "--output-format", "concise"]
    found = subprocess.run([*command, str(SOURCE)], capture_output=True, text=True, check=False)
    others = [line for line in found.stdout.splitlines() if " D401 " in line]
    assert found.returncode == bool(others), found.stderr
    assert len(others) <= MOST_OTHERS, "\n".join(others)
