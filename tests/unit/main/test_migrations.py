"""The scripts of migrations: one line of them in each tree, told without importing alembic."""

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from whatsapp_hub.adapters.postgres.version import newest, scripts


@pytest.mark.parametrize("tree", ["hub", "tenant"])
def test_each_tree_ends_in_the_one_revision_that_alembic_sees(tree: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(scripts() / tree))
    assert ScriptDirectory.from_config(config).get_heads() == [newest(tree)]
