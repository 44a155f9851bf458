"""The library inside another service: nothing installed but itself."""

from __future__ import annotations

import re
import subprocess
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
IMPORT_ALL = """
import importlib, pkgutil, sys, sysconfig
import whatsapp_hub.adapters.memory, whatsapp_hub.application, whatsapp_hub.domain
for room in (whatsapp_hub.domain, whatsapp_hub.application, whatsapp_hub.adapters.memory):
    for module in pkgutil.walk_packages(room.__path__, room.__name__ + "."):
        importlib.import_module(module.name)
own = [name for name in sys.modules if name.startswith("whatsapp_hub")]
inside = ("whatsapp_hub.domain.", "whatsapp_hub.application.", "whatsapp_hub.adapters.memory.")
others = {"whatsapp_hub", "whatsapp_hub.adapters"}
print(sorted(name for name in own if name not in others and not f"{name}.".startswith(inside)))
"""


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python without any package."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=False)
    return folder / "bin" / "python"


def run(python: Path, *arguments: str) -> str:
    environment = {"PYTHONPATH": str(ROOT / "src"), "PATH": ""}
    done = subprocess.run(
        [python, *arguments], capture_output=True, text=True, env=environment, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_domain_use_cases_and_memory_import_nothing_but_the_standard_library(bare_python: Path) -> None:
    assert run(bare_python, "-c", IMPORT_ALL).strip() == "[]"


def test_the_example_routes_conversations_without_any_package(bare_python: Path) -> None:
    shown = run(bare_python, str(ROOT / "examples" / "embed_routing.py"))
    said = [
        "You are in the queue",
        "Agent of Orders has ['ana']",
        "parcel is on its way",
        "Agent of Orders has ['bia']",
    ]
    places = [shown.find(words) for words in said]
    assert -1 not in places, shown
    assert places == sorted(places), shown


def test_the_code_of_the_page_on_embedding_runs_as_it_stands(bare_python: Path) -> None:
    page = (ROOT / "docs" / "embedding.md").read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"```python\n(.*?)```", page, re.DOTALL))
    assert "events: 1" in run(bare_python, "-c", code)
