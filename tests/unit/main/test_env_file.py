from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from whatsapp_hub.main.commands.cli import commands
from whatsapp_hub.main.env_file import load_env_file
from whatsapp_hub.main.setting_values import SettingsError
from whatsapp_hub.main.settings import Settings


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(text: str | bytes, **environ: str) -> Mapping[str, str]:
    """The environment after a `.env` of this text was read."""
    Path(".env").write_bytes(text if isinstance(text, bytes) else text.encode())
    load_env_file(environ)
    environ.pop("HUB_ENV_FILE")
    return environ


def test_a_file_is_not_needed() -> None:
    environ: dict[str, str] = {}
    assert load_env_file(environ) is None
    assert Settings.from_environment(environ).port == 4000


def test_the_file_is_read_and_the_environment_wins() -> None:
    Path(".env").write_text("PORT=4411\nHOST=0.0.0.0\nLOG_LEVEL=DEBUG\nREDIS_URL=\nDATABASE_URL=postgresql://db/x\n")
    environ = {"PORT": "4500", "DATABASE_URL": "", "LOG_LEVEL": "DEBUG"}
    found = load_env_file(environ)
    settings = Settings.from_environment(environ)
    assert (settings.port, settings.host, settings.log_level, settings.embedded) == (4500, "0.0.0.0", "DEBUG", True)
    assert str(found) == ".env is read: 1 settings; set otherwise by the environment: PORT, DATABASE_URL"


def test_people_write_it_in_many_ways() -> None:
    text = "\ufeff# a comment\r\n\r\nexport A=1\r\nB = 'two # 2'  # said\nC=\"x\\ny\"\nD=a=b==\nE=\n\n  F=f\nA=3\n"
    assert read(text) == {"A": "3", "B": "two # 2", "C": "x\ny", "D": "a=b==", "E": "", "F": "f"}


def test_a_variable_stands_for_another() -> None:
    text = "P=s3cret\nU=postgresql://hub:${P}@db/hub\nQ='${P}'\nR=${S:-r}-${HOME_OF}\nT=$P\n"
    found = read(text, HOME_OF="h")
    assert (found["U"], found["Q"], found["R"], found["T"]) == ("postgresql://hub:s3cret@db/hub", "${P}", "r-h", "$P")
    assert read("P=file\nU=${P}\n", P="environment")["U"] == "environment"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("A=1\nPORT 4411\n", 2),
        ("PORT\n", 1),
        ("A=1\n\n# said\n=4\n", 4),
        ("A='open\nB=2\n", 1),
        ("\n\n\nB=${NOWHERE}\n", 4),
        ("A-B=1\n", 1),
        ("<<<<<<< HEAD\n", 1),
    ],
)
def test_a_bad_line_is_named_and_its_value_is_not(text: str, line: int) -> None:
    with pytest.raises(SettingsError, match=rf"^\.env, line {line}: ") as caught:
        read(text)
    assert "\n" not in str(caught.value)
    assert "4411" not in str(caught.value)


def test_what_is_no_text_is_refused_in_one_line() -> None:
    with pytest.raises(SettingsError, match=re.escape(".env: must be UTF-8 text")):
        read(b"A=\xff\xfe")
    Path(".env").unlink()
    Path(".env").mkdir()
    with pytest.raises(SettingsError, match=re.escape(".env: cannot be read (Is a directory)")):
        load_env_file({})


def test_another_file_may_be_named_and_must_be_there(folder: Path) -> None:
    (folder / "other").write_text("PORT=4412\n")
    environ = {"HUB_ENV_FILE": str(folder / "other")}
    load_env_file(environ)
    assert environ["PORT"] == "4412"
    with pytest.raises(SettingsError, match=r"^HUB_ENV_FILE: there is no file"):
        load_env_file({"HUB_ENV_FILE": "nowhere"})


def test_what_a_command_starts_reads_no_file_again() -> None:
    Path(".env").write_text("PORT=4411\n")
    environ: dict[str, str] = {}
    load_env_file(environ)
    Path(".env").write_text("HOST=0.0.0.0\n")
    assert load_env_file(environ) is None
    assert environ == {"PORT": "4411", "HUB_ENV_FILE": os.devnull}


@pytest.mark.parametrize("command", [name for name, c in commands.commands.items() if not isinstance(c, click.Group)])
def test_every_command_reads_it(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a wrong value in it each command says so before it does anything."""
    monkeypatch.setenv("HUB_ENV_FILE", "")
    monkeypatch.setenv("PORT", "")
    monkeypatch.delenv("PORT")  # and again after the test
    Path(".env").write_text("PORT=ninety\n")
    needed = [parameter.human_readable_name for parameter in commands.commands[command].params if parameter.required]
    result = CliRunner().invoke(commands, [command, *needed])
    assert "PORT: expected int" in f"{result.exception} {result.output}"


def test_tests_never_read_it() -> None:
    Path(".env").write_text("PORT=ninety\n")
    result = CliRunner().invoke(commands, ["doctor"])
    assert "PORT" not in result.output
