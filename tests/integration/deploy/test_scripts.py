"""deploy/deploy.sh against a `docker` that remembers what it was asked: what is replaced, checked and taken back."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
# An image is `good` or `bad`; a container is as good as the image that was current when it was made.
DOCKER = r"""#!/usr/bin/env bash
echo "$*" >>"$STATE/asked"
case "$*" in
"image inspect"*) [ -s "$STATE/before" ] && cat "$STATE/before" || exit 1 ;;
"compose build") cp "$STATE/next" "$STATE/current" ;;
"tag "*) echo "$2" >"$STATE/current" ;;
"compose run --rm migrate") [ ! -e "$STATE/migration-fails" ] ;;
"compose run --rm --no-deps login") [ ! -e "$STATE/login-fails" ] ;;
"compose up --detach --no-deps --force-recreate "*) cp "$STATE/current" "$STATE/is-${*: -1}" ;;
"compose run --rm --no-deps -T migrate backup -") echo a backup ;;
"compose exec -T api-"*) grep -q good "$STATE/is-$4" ;;
"compose ps"*) [ ! -e "$STATE/is-${*: -1}" ] || ! grep -q good "$STATE/is-${*: -1}" || echo container ;;
esac
"""


@dataclass
class Server:
    folder: Path
    project: Path

    def deploy(self, *argv: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": f"{self.folder}:{os.environ['PATH']}",
            "STATE": str(self.folder),
            "DEPLOY_PATIENCE_S": "2",
            "DEPLOY_LOOK_S": "0.02",
        }
        script = self.project / "deploy" / "deploy.sh"
        return subprocess.run([script, *argv], env=environment, capture_output=True, text=True, timeout=60, check=False)

    @property
    def asked(self) -> list[str]:
        return (self.folder / "asked").read_text().splitlines()

    def serving(self) -> dict[str, str]:
        return {path.name[3:]: path.read_text().strip() for path in self.folder.glob("is-*")}


@pytest.fixture
def server(tmp_path: Path) -> Server:
    """One on which the version `good-1` runs."""
    folder, project = tmp_path / "state", tmp_path / "project"
    (project / "deploy").mkdir(parents=True)
    folder.mkdir()
    for name in ("deploy.sh", "backup.sh"):
        (project / "deploy" / name).write_bytes((ROOT / "deploy" / name).read_bytes())
        (project / "deploy" / name).chmod(0o755)
    (project / ".env").touch()
    docker = folder / "docker"
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    for name in ("before", "current", "is-worker", "is-connector", "is-api-1", "is-api-2"):
        (folder / name).write_text("good-1\n")
    (folder / "next").write_text("good-2\n")
    return Server(folder, project)


def test_a_version_that_works_replaces_one_process_after_the_other(server: Server) -> None:
    done = server.deploy()
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(server.serving().values()) == {"good-2"}
    ends = ("backup -", "migrate", "login", "worker", "api-1", "api-2", "reload")
    steps = [line.rpartition(" ")[2] for line in server.asked if line.endswith(ends) and "ps" not in line.split()]
    assert steps == ["-", "migrate", "login", "worker", "api-1", "api-2", "reload"]
    assert len(list((server.project / "backups").glob("whatsapp-hub-*.zip"))) == 1


def test_a_version_that_does_not_become_healthy_is_taken_back(server: Server) -> None:
    (server.folder / "next").write_text("bad-2\n")
    done = server.deploy("--no-backup")
    assert done.returncode == 1
    assert "going back to good-1" in done.stderr
    assert set(server.serving().values()) == {"good-1"}
    assert not (server.project / "backups").exists()


@pytest.mark.parametrize("step", ["migration", "login"])
def test_before_the_database_is_ready_nothing_is_replaced(server: Server, step: str) -> None:
    """Containers made anew would use a login that may not exist yet."""
    (server.folder / f"{step}-fails").touch()
    done = server.deploy()
    assert done.returncode == 1
    assert set(server.serving().values()) == {"good-1"}
    assert not [line for line in server.asked if "--force-recreate" in line]
    assert (server.folder / "current").read_text() == "good-1\n"


def test_a_first_version_that_fails_has_nothing_to_go_back_to(server: Server) -> None:
    (server.folder / "before").write_text("")
    (server.folder / "next").write_text("bad-1\n")
    done = server.deploy()
    assert (done.returncode, "no image before" in done.stderr) == (1, True)


def test_without_settings_nothing_is_touched(server: Server) -> None:
    (server.project / ".env").unlink()
    done = server.deploy()
    assert (done.returncode, ".env.example" in done.stderr) == (1, True)
    assert not (server.folder / "asked").exists()


def test_a_backup_that_fails_leaves_no_file_and_stops_the_deployment(server: Server) -> None:
    docker = server.folder / "docker"
    docker.write_text(docker.read_text().replace("echo a backup", "echo half; exit 1"))
    done = server.deploy()
    assert done.returncode != 0
    assert list((server.project / "backups").iterdir()) == []
    assert set(server.serving().values()) == {"good-1"}


def test_databases_that_do_not_start_leave_the_image_before_in_its_place(server: Server) -> None:
    docker = server.folder / "docker"
    docker.write_text(
        docker.read_text().replace('case "$*" in', 'case "$*" in\n*" --wait postgres valkey") exit 1 ;;', 1)
    )
    done = server.deploy()
    assert (done.returncode, "databases" in done.stderr) == (1, True)
    assert (server.folder / "current").read_text() == "good-1\n"
    assert set(server.serving().values()) == {"good-1"}


def test_old_backups_go_and_other_files_stay(server: Server) -> None:
    folder = server.project / "backups"
    folder.mkdir()
    old, young, other = (
        folder / name for name in ("whatsapp-hub-20260101T000000Z.zip", "whatsapp-hub-20260102T000000Z.zip", "mine.zip")
    )
    for path, days in ((old, 9), (young, 3), (other, 90)):
        path.touch()
        os.utime(path, (path.stat().st_mtime - days * 86_400,) * 2)
    assert server.deploy().returncode == 0
    assert (old.exists(), young.exists(), other.exists()) == (False, True, True)
