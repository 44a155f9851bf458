"""The domain and the use cases can be embedded in any service: they need the standard library only."""

import subprocess
import sys
from pathlib import Path

import pytest

import whatsapp_hub

SOURCES = Path(whatsapp_hub.__file__).parents[1]
IMPORT_ALL = """
import importlib, pkgutil, sys
sys.path.insert(0, {path!r})
package = importlib.import_module({package!r})
names = [module.name for module in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
for name in names:
    importlib.import_module(name)
print(*names)
print(*{{name.partition(".")[0] for name in sys.modules}} - {{*sys.stdlib_module_names, "__main__"}})
"""


def imported(package: str) -> tuple[list[str], list[str]]:
    """Every module of the package, and the top-level packages that came with them, without site-packages."""
    code = IMPORT_ALL.format(path=str(SOURCES), package=package)
    done = subprocess.run([sys.executable, "-S", "-I", "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    modules, foreign = done.stdout.split("\n")[:2]
    return modules.split(), foreign.split()


@pytest.mark.parametrize("layer", ["domain", "application"])
def test_a_layer_is_imported_with_nothing_installed(layer: str) -> None:
    modules, foreign = imported(f"whatsapp_hub.{layer}")
    # zoneinfo asks sysconfig for its path, whose data module is named after the platform
    assert [name for name in foreign if not name.startswith("_sysconfigdata")] == ["whatsapp_hub"]
    sources = (SOURCES / "whatsapp_hub" / layer).rglob("*.py")
    assert len(modules) == sum(path.name != "__init__.py" or path.parent.name != layer for path in sources)


def test_the_domain_knows_nothing_of_the_layers_around_it() -> None:
    code = IMPORT_ALL.format(path=str(SOURCES), package="whatsapp_hub.domain") + (
        "print(*[name for name in sys.modules if name.startswith('whatsapp_hub.')])"
    )
    done = subprocess.run([sys.executable, "-S", "-I", "-c", code], capture_output=True, text=True, timeout=60)
    assert {name.split(".")[1] for name in done.stdout.split("\n")[2].split()} == {"domain"}
