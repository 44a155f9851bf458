"""What `doctor` says of files."""

from pathlib import Path

from whatsapp_hub.main.commands.doctor_files import place, scanner, shared
from whatsapp_hub.main.settings import Settings


def test_it_says_where_files_stand(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "yet"
    said = place(Settings(hub_data_dir=str(folder)))
    assert said.good is not False
    assert str(folder / "media") in said.text
    assert "s3://bucket" in place(Settings(hub_data_dir=str(folder), media_url="s3://bucket/x")).text


def test_machines_that_share_no_folder_are_named() -> None:
    names = ["one:12", "one:13", "two:7"]
    [said] = shared(names, Settings())
    assert said.good is None
    assert "one, two" in said.text
    assert list(shared(names[:2], Settings())) == []
    assert list(shared(names, Settings(media_url="s3://bucket"))) == []


async def test_the_virus_scanner_is_tried() -> None:
    assert await scanner(Settings()) == []
    [good] = await scanner(Settings(media_scanner="true"))
    [found] = await scanner(Settings(media_scanner="sh -c 'echo Test FOUND; exit 1'"))
    [away] = await scanner(Settings(media_scanner="/there/is/none"))
    assert (good.good, found.good, away.good) == (True, False, False)
    assert "Test" in found.text
