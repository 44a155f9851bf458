"""The scripts of migrations: one line of them in each tree, told without importing alembic."""

import importlib.util
import shutil
from pathlib import Path
from typing import Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from whatsapp_hub.adapters.postgres.engine.version import newest, scripts


@pytest.mark.parametrize("tree", ["hub", "tenant"])
def test_each_tree_ends_in_the_one_revision_that_alembic_sees(tree: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(scripts() / tree))
    assert ScriptDirectory.from_config(config).get_heads() == [newest(tree)]


NEW_MIGRATION = Path(__file__).parents[3] / "scripts" / "new_migration.py"


@pytest.fixture
def begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`make migration` on a copy of the trees."""
    trees = tmp_path / "migrations"
    shutil.copytree(scripts(), trees)
    spec = importlib.util.spec_from_file_location("new_migration", NEW_MIGRATION)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr("whatsapp_hub.adapters.postgres.engine.version.scripts", lambda: trees)
    monkeypatch.setattr(module, "scripts", lambda: trees)
    return module.begin


@pytest.mark.parametrize("tree", ["hub", "tenant"])
def test_a_new_migration_follows_the_newest_of_its_tree(begin: Any, tree: str) -> None:
    for name in ("first", "second"):  # the second follows the first
        before = newest(tree)
        code, sql = begin(name, tree)
        config = Config()
        config.set_main_option("script_location", str(code.parents[1]))
        directory = ScriptDirectory.from_config(config)
        assert directory.get_heads() == [newest(tree)] == [code.stem]
        assert directory.get_revision(code.stem).down_revision == before
        assert sql.exists()


@pytest.mark.parametrize(
    ("name", "tree"), [("", "hub"), ("Two Words", "hub"), ("1st", "hub"), ("x" * 28, "tenant"), ("word", "other")]
)
def test_what_is_no_name_or_no_tree_is_refused_and_nothing_is_written(begin: Any, name: str, tree: str) -> None:
    before = newest("hub"), newest("tenant")
    with pytest.raises(ValueError, match=r"NAME must|TREE must"):
        begin(name, tree)
    assert (newest("hub"), newest("tenant")) == before
