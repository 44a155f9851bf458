"""What benchmarks, examples, scripts and tests import of the package is there: nothing checks their types.

Read, not imported: importing all of it takes seconds.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import whatsapp_hub

FOLDERS = ("benchmarks", "examples", "scripts", "tests")
PACKAGE = Path(whatsapp_hub.__file__).parent
IMPORT = re.compile(r"^[ \t]*from (whatsapp_hub(?:\.\w+)*) import (\([^)]*\)|[^\n(]+)", re.MULTILINE)
COMMENT = re.compile(r"#.*")


def imported(text: str) -> Iterator[tuple[str, str]]:
    """Yield module and name of each `from whatsapp_hub… import …`."""
    for module, names in IMPORT.findall(text):
        for name in COMMENT.sub("", names).strip("()\n ").split(","):
            if bare := name.split(" as ")[0].strip():
                yield module, bare


@cache
def defined(module: str) -> frozenset[str]:
    """Names that a module's own statements define; none: there is no such module."""
    path = PACKAGE.joinpath(*module.split(".")[1:])
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if not file.exists():
        return frozenset()
    inner = {one.stem for one in path.glob("*") if one.suffix == ".py" or one.is_dir()} if path.is_dir() else set()
    return frozenset(inner | set(_names(ast.parse(file.read_text()).body)))


def _names(body: list[ast.stmt]) -> Iterator[str]:
    for node in body:
        match node:
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                yield node.name
            case ast.Import() | ast.ImportFrom():
                yield from ((one.asname or one.name).split(".")[0] for one in node.names)
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                yield from (inner.id for one in targets for inner in ast.walk(one) if isinstance(inner, ast.Name))
            case ast.If() | ast.Try() | ast.With() | ast.For():
                for part in ("body", "orelse", "finalbody"):
                    yield from _names(getattr(node, part, []))
                for handler in getattr(node, "handlers", []):
                    yield from _names(handler.body)


def test_every_name_that_is_imported_is_there() -> None:
    asked: dict[tuple[str, str], str] = {}
    for path in (path for folder in FOLDERS for path in Path(folder).rglob("*.py")):
        asked.update(dict.fromkeys(imported(path.read_text()), str(path)))
    assert len(asked) > 500
    missing = {f"{module}.{name}": path for (module, name), path in asked.items() if name not in defined(module)}
    assert missing == {}


TWO = [("whatsapp_hub.a", "b"), ("whatsapp_hub.a", "c")]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("from whatsapp_hub.a import b, c as d  # why", TWO),
        ("    from whatsapp_hub.a import (\n        b,  # e, f\n        c,\n    )", TWO),
        ("from whatsapp_hub_too import b", []),
        ('program = "from whatsapp_hub import b"', []),
    ],
)
def test_imports_are_read_as_python_reads_them(text: str, names: list[tuple[str, str]]) -> None:
    assert list(imported(text)) == names


def test_a_name_that_is_not_there_is_missed() -> None:
    assert "Conversation" in defined("whatsapp_hub.domain.conversations.conversation")
    assert {"EventType", "conversations"} <= defined("whatsapp_hub.domain") | defined("whatsapp_hub.domain.events")
    assert "Nothing" not in defined("whatsapp_hub.domain.events")
    assert defined("whatsapp_hub.nowhere") == frozenset()
