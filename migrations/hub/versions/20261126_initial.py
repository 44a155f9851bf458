"""The shared schema `hub`: directory, queues, log, operations."""

from pathlib import Path

from whatsapp_hub.adapters.postgres.engine.schema.script import run_files

revision = "20261126_initial"
down_revision = None


def upgrade() -> None:
    run_files(Path(__file__).parents[1] / "initial")
