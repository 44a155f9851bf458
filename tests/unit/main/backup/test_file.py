"""The backup's file: what it holds, how a damaged one is known, and which ones are removed."""

from __future__ import annotations

import io
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whatsapp_hub.main.backup.file import Backup, BadBackup, digest_of, is_key, made_at, name_at, remove_old, write

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
DAY = timedelta(days=1)
PLAIN = NOW.replace(tzinfo=None)
ABOUT = {
    "version": "0.1.0",
    "made_at": NOW,
    "server": 18,
    "dumped_by": 18,
    "position": 7,
    "revisions": {"hub": "0001", "pooled": "0001"},
    "roles": ["hub_app"],
    "key": digest_of("the key that opens everything"),
}


async def pieces(*content: bytes) -> AsyncIterator[bytes]:
    for piece in content:
        yield piece


async def written(path: Path, keys: dict[str, str] | None) -> None:
    with path.open("wb") as file:
        await write(file, pieces(b"one", b"two" * 1000), keys, ABOUT)


async def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    await written(path, {"HUB_SECRET_KEY": "the key that opens everything"})
    backup = Backup(path)
    assert b"".join(backup.dump()) == b"one" + b"two" * 1000
    assert backup.keys() == {"HUB_SECRET_KEY": "the key that opens everything"}
    assert backup.manifest.position == 7
    assert is_key(backup.manifest, "the key that opens everything")
    assert not is_key(backup.manifest, "another key of the same length")


async def test_it_can_be_written_to_a_pipe(tmp_path: Path) -> None:
    class Pipe(io.RawIOBase):
        content = b""

        def writable(self) -> bool:
            return True

        def write(self, piece: object) -> int:
            self.content += bytes(piece)  # type: ignore[call-overload] # a buffer
            return len(piece)  # type: ignore[arg-type]

    pipe = Pipe()
    await write(pipe, pieces(b"x" * 5000), None, ABOUT)  # type: ignore[arg-type] # as sys.stdout.buffer
    path = tmp_path / "a.zip"
    path.write_bytes(pipe.content)
    assert Backup(path).keys() == {}


@pytest.mark.parametrize("part", [0.0, 0.2, 0.5, 0.9, 0.99])
async def test_a_file_that_was_cut_short_is_refused(tmp_path: Path, part: float) -> None:
    path = tmp_path / "a.zip"
    await written(path, {"HUB_SECRET_KEY": "x" * 32})
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    with pytest.raises(BadBackup, match=r"a\.zip"):
        Backup(path)


async def test_every_changed_byte_of_the_dump_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    await written(path, None)
    content = path.read_bytes()
    begin = content.index(b"onetwo")
    for place in range(begin, begin + 3003, 97):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x20]) + content[place + 1 :])
        with pytest.raises(BadBackup):
            Backup(path)


@given(st.datetimes(min_value=PLAIN - 9000 * DAY, max_value=PLAIN + 9000 * DAY))
def test_a_name_says_when_it_was_made(naive: datetime) -> None:
    at = naive.replace(microsecond=0, tzinfo=UTC)
    assert made_at(Path(name_at(at))) == at


def test_only_our_own_old_files_are_removed_and_never_the_newest(tmp_path: Path) -> None:
    strangers = ["notes.txt", "whatsapp-hub-latest.zip", "whatsapp-hub-20200101.zip", "x-" + name_at(NOW - 9 * DAY)]
    for name in strangers:
        (tmp_path / name).touch()
    (tmp_path / name_at(NOW - 8 * DAY)).mkdir()
    ages = (0, 1, 6, 7, 8, 400)
    for days in ages:
        (tmp_path / name_at(NOW - days * DAY - timedelta(seconds=1))).touch()
    remove_old(tmp_path, NOW, 7)
    left = {path.name for path in tmp_path.iterdir()}
    expected = {name_at(NOW - days * DAY - timedelta(seconds=1)) for days in (0, 1, 6)}
    assert left == {*strangers, name_at(NOW - 8 * DAY), *expected}


def test_a_single_old_backup_stays(tmp_path: Path) -> None:
    """Where backups stopped long ago, the last one is all there is."""
    old = tmp_path / name_at(NOW - 100 * DAY)
    old.touch()
    assert remove_old(tmp_path, NOW, 7) == []
    assert old.exists()


def test_what_a_crash_left_unfinished_is_removed_a_day_later(tmp_path: Path) -> None:
    fresh, stale = (tmp_path / f".{name_at(NOW)}.{n}.partial" for n in (1, 2))
    for path in (fresh, stale):
        path.touch()
    os.utime(fresh, (NOW.timestamp() - 60,) * 2)
    os.utime(stale, (NOW.timestamp() - 90_000,) * 2)
    remove_old(tmp_path, NOW, 7)
    assert (fresh.exists(), stale.exists()) == (True, False)


def test_a_file_that_is_not_there_is_not_called_damaged(tmp_path: Path) -> None:
    with pytest.raises(BadBackup, match=r"^there is no file .*nope\.zip$"):
        Backup(tmp_path / "nope.zip")
