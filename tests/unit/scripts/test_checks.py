"""What `make check` and `make pin-images` do beside the linters."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[3]
DIGEST = f"sha256:{'0' * 64}"


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("key = 'AKIA" + "Q3EGQ7OZPZ5YXW4N'", "AWS Access Key"),
        ("-----BEGIN " + "RSA PRIVATE KEY-----", "Private Key"),
        ("token: ghp_" + "wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx", "GitHub Token"),
    ],
)
def test_a_credential_is_found_by_its_form_and_not_shown(tmp_path: Path, line: str, kind: str) -> None:
    file = tmp_path / "settings.py"
    file.write_text(f"first = 1\n{line}\n")
    assert list(script("find_secrets").found_in([file])) == [f"{file}:2: {kind}"]
    file.write_text(f"{line}  # pragma: allowlist secret\n")
    assert list(script("find_secrets").found_in([file])) == []


def test_an_advisory_is_a_fault_and_no_answer_at_all_is_none() -> None:
    audit = script("audit_packages")
    known = {"name": "x", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}
    fine = {"name": "y", "version": "1", "vulns": []}
    assert audit.faults({"dependencies": [known, fine]}) == ["x 1: PYSEC-1, mended in 2"]
    assert audit.faults({"dependencies": [fine]}) == []
    with pytest.raises(LookupError):
        audit.faults({"dependencies": [{"name": "z", "skip_reason": "not found"}]})


def test_images_are_pinned_and_pinned_anew_to_their_digests() -> None:
    pin = script("pin_images")
    text = "  image: postgres:18\n  image: whatsapp-hub\nFROM python:3.13-slim AS build\n"
    assert pin.unpinned(text) == ["postgres:18", "python:3.13-slim"]
    once = pin.pinned(text, {"postgres:18": DIGEST, "python:3.13-slim": DIGEST})
    assert f"image: postgres:18@{DIGEST}\n" in once
    assert f"FROM python:3.13-slim@{DIGEST} AS build" in once
    assert "image: whatsapp-hub\n" in once
    assert pin.unpinned(once) == []
    assert pin.pinned(once, {"postgres:18": DIGEST, "python:3.13-slim": DIGEST}) == once


def test_every_image_that_we_stand_on_is_one_that_can_be_pinned() -> None:
    pin = script("pin_images")
    lines = [line for file in pin.FILES for line in (ROOT / file).read_text().splitlines()]
    named = [line.split()[1] for line in lines if line.strip().startswith(("image:", "FROM "))]
    foreign = {name.split("@")[0] for name in named if not name.startswith("whatsapp-hub")}
    assert foreign == {found["name"] for line in lines for found in pin.IMAGE.finditer(line)}
