"""What the doctor says when root starts the embedded servers."""

import os
from pathlib import Path

import pytest

from whatsapp_hub.adapters.processes.launcher import (
    CAP_DAC_OVERRIDE,
    CAP_DAC_READ_SEARCH,
    CAP_SETPCAP,
    least_reading,
    may_keep_reading,
)
from whatsapp_hub.main.commands.doctor_root import closed_folders, embedded_servers, judged
from whatsapp_hub.main.settings import Settings

CLOSED = [Path("/root"), Path("/root/.hub")]


def test_a_right_to_read_all_files_is_told_whether_it_is_needed_or_not() -> None:
    for closed in (CLOSED, []):
        said = judged(closed, keeps_reading=True)
        assert said is not None
        assert (said.good, "CAP_DAC_READ_SEARCH" in said.text) == (None, True)


def test_without_it_a_folder_that_nobody_may_enter_stops_the_servers() -> None:
    said = judged(CLOSED, keeps_reading=False)
    assert said is not None
    assert (said.good, "may not enter /root:" in said.text) == (False, True)
    assert judged([], keeps_reading=False) is None


def test_folders_that_others_may_not_enter_are_found_and_one_that_is_to_be_made_counts(tmp_path: Path) -> None:
    for above in (tmp_path, *tmp_path.parents[:3]):
        above.chmod(0o755)
    data = tmp_path / "open" / "data"
    assert closed_folders([data]) == [data]
    data.mkdir(parents=True)
    data.chmod(0o755)
    assert closed_folders([data]) == []
    data.parent.chmod(0o700)
    assert closed_folders([data, data / "pgdata"]) == [data.parent, data / "pgdata"]


@pytest.mark.parametrize(
    ("bits", "least", "kept"),
    [
        ((), None, False),
        ((CAP_SETPCAP,), None, False),
        ((CAP_DAC_READ_SEARCH,), CAP_DAC_READ_SEARCH, False),
        ((CAP_SETPCAP, CAP_DAC_OVERRIDE), CAP_DAC_OVERRIDE, True),
        ((CAP_SETPCAP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH), CAP_DAC_READ_SEARCH, True),
    ],
)
def test_the_least_right_that_reads_is_kept_where_it_may_be_passed_on(
    bits: tuple[int, ...], least: int | None, kept: bool
) -> None:
    permitted = sum(1 << bit for bit in bits)
    assert (least_reading(permitted), may_keep_reading(permitted)) == (least, kept)


def test_it_matters_to_root_with_embedded_servers_alone() -> None:
    assert embedded_servers(Settings(database_url="postgresql://x/x", redis_url="redis://x")) is None
    assert (embedded_servers(Settings()) is None) is (os.geteuid() != 0)
