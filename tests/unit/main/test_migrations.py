"""The scripts of migrations and the files of functions, told without a database."""

import importlib.util
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from whatsapp_hub.adapters.postgres.engine.schema import functions
from whatsapp_hub.adapters.postgres.engine.version import initial, newest, scripts

SCRIPTS = Path(__file__).parents[3] / "scripts"
TREES = ["hub", "tenant"]


@pytest.mark.parametrize("tree", TREES)
def test_each_tree_ends_in_the_one_revision_that_alembic_sees(tree: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(scripts() / tree))
    assert ScriptDirectory.from_config(config).get_heads() == [newest(tree)]


@pytest.mark.parametrize("tree", TREES)
def test_each_tree_begins_with_one_initial_revision_named_by_its_date(tree: str) -> None:
    assert re.fullmatch(r"20\d{6}_initial", initial(tree))
    for path in (scripts() / tree / "versions").glob("*.py"):
        assert re.fullmatch(r"20\d{6}_[a-z0-9_]+", path.stem)
        assert f'revision = "{path.stem}"' in path.read_text(encoding="utf-8")


DEFINES = re.compile(r"\bCREATE\s+(OR\s+REPLACE\s+)?(FUNCTION|PROCEDURE)\b", re.IGNORECASE)


def test_no_migration_defines_a_function() -> None:
    """They stand once, in adapters/postgres/sql."""
    files = [path for tree in TREES for kind in ("py", "sql") for path in (scripts() / tree).rglob(f"*.{kind}")]
    assert len(files) > 10
    assert [path.name for path in files if DEFINES.search(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("tree", TREES)
def test_a_functions_file_has_its_name_and_can_be_applied_again(tree: str) -> None:
    found = functions.files(tree)
    assert found
    for path in found:
        text = path.read_text(encoding="utf-8")
        assert re.findall(r"^CREATE OR REPLACE FUNCTION (?:hub\.)?(\w+)", text, re.MULTILINE) == [path.stem]
        assert text.startswith("-- "), "say first what it does"


def loaded(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def trees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the migrations."""
    copied = tmp_path / "migrations"
    shutil.copytree(scripts(), copied)
    monkeypatch.setattr("whatsapp_hub.adapters.postgres.engine.version.scripts", lambda: copied)
    return copied


def test_a_landed_migration_is_never_edited() -> None:
    """`make seal-migrations` lists what is new; what is listed stays as it is."""
    seal = loaded("seal_migrations")
    assert seal.changed(scripts()) == [], "write another migration"
    assert set(seal.digests(scripts())) == set(seal.landed(scripts())), "make seal-migrations"


def test_sealing_lists_what_is_new_and_refuses_what_was_edited(trees: Path) -> None:
    seal = loaded("seal_migrations")
    new = trees / "hub" / "versions" / "20991231_word.py"
    new.write_text("revision = ...")
    assert seal.seal(trees) == ["hub/versions/20991231_word.py"]
    assert seal.seal(trees) == []
    new.write_text("revision = ... # edited")
    with pytest.raises(ValueError, match="never edited, write another one: hub/versions/20991231_word"):
        seal.seal(trees)
    new.unlink()
    assert seal.changed(trees) == ["hub/versions/20991231_word.py"]


@pytest.fixture
def begin(trees: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """`make migration` on a copy of the trees."""
    module = loaded("new_migration")
    monkeypatch.setattr(module, "scripts", lambda: trees)
    made: Callable[[str, str], Path] = module.begin
    return made


@pytest.mark.parametrize("tree", TREES)
def test_a_new_migration_follows_the_newest_of_its_tree(begin: Callable[[str, str], Path], tree: str) -> None:
    for name in ("first", "second"):  # the second follows the first
        before = newest(tree)
        code = begin(name, tree)
        config = Config()
        config.set_main_option("script_location", str(code.parents[1]))
        directory = ScriptDirectory.from_config(config)
        assert directory.get_heads() == [newest(tree)] == [code.stem]
        assert directory.get_revision(code.stem).down_revision == before


@pytest.mark.parametrize(
    ("name", "tree"), [("", "hub"), ("Two Words", "hub"), ("1st", "hub"), ("x" * 24, "tenant"), ("word", "other")]
)
def test_what_is_no_name_or_no_tree_is_refused_and_nothing_is_written(
    begin: Callable[[str, str], Path], name: str, tree: str
) -> None:
    before = newest("hub"), newest("tenant")
    with pytest.raises(ValueError, match=r"NAME must|TREE must"):
        begin(name, tree)
    assert (newest("hub"), newest("tenant")) == before


def test_a_name_of_the_same_day_is_not_written_over(begin: Callable[[str, str], Path]) -> None:
    begin("word", "hub")
    with pytest.raises(ValueError, match="NAME must be new"):
        begin("word", "hub")
