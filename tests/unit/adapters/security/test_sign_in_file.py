"""The link that the start prints signs in once, and not for long."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from whatsapp_hub.adapters.security.sign_in_file import LIFETIME_S, SignInFile
from whatsapp_hub.main.generated_secrets import replace_secret

NOW = 1000.0


class Hand:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def link(tmp_path: Path, clock: Hand) -> SignInFile:
    return SignInFile(tmp_path / "sign-in-link", clock)


def test_a_link_signs_in_once_and_the_folder_does_not_hold_it(link: SignInFile, tmp_path: Path) -> None:
    secret = link.offer("root@example.org", replace_secret)
    path = tmp_path / "sign-in-link"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert secret.encode() not in path.read_bytes()
    assert link.take("another") is None
    assert link.take(secret) == "root@example.org"
    assert link.take(secret) is None


def test_it_is_good_for_minutes_only(link: SignInFile, clock: Hand) -> None:
    secret = link.offer("root@example.org", replace_secret)
    clock.now = NOW + LIFETIME_S + 1
    assert link.take(secret) is None
    clock.now = NOW
    assert link.take(secret) is None


def test_the_next_start_ends_the_link_of_the_one_before(link: SignInFile) -> None:
    first = link.offer("root@example.org", replace_secret)
    second = link.offer("root@example.org", replace_secret)
    assert (link.take(first), link.take(second)) == (None, "root@example.org")
    link.offer("root@example.org", replace_secret)
    link.withdraw()
    link.withdraw()
    assert link.take(second) is None


@pytest.mark.parametrize("content", [b"", b"{}", b"nonsense", b"\xff"])
def test_a_file_that_is_none_of_ours_signs_nobody_in(link: SignInFile, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "sign-in-link").write_bytes(content)
    assert link.take("x") is None
