"""What benchmarks, examples, scripts and tests import of the package is there: nothing checks their types."""

import ast
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

FOLDERS = ("benchmarks", "examples", "scripts", "tests")


def test_every_name_that_is_imported_is_there() -> None:
    asked: dict[tuple[str, str], str] = {}
    for path in (path for folder in FOLDERS for path in Path(folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("whatsapp_hub"):
                asked.update({(node.module, name.name): str(path) for name in node.names})
    assert len(asked) > 500
    missing = {f"{module}.{name}": path for (module, name), path in asked.items() if not _is_there(module, name)}
    assert missing == {}


def _is_there(module: str, name: str) -> bool:
    try:
        found = import_module(module)
    except ModuleNotFoundError:
        return False
    return hasattr(found, name) or find_spec(f"{module}.{name}") is not None
