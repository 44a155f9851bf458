"""Paces of a session that writes as a person does: a young number's, first contacts', and whose head is being typed."""

from alembic import op

revision = "0108"
down_revision = "0105_metrics"

_STEPS = (
    "ALTER TABLE hub.paces ADD COLUMN warm_until timestamptz NOT NULL DEFAULT '-infinity'",
    "ALTER TABLE hub.paces ADD COLUMN strangers_until timestamptz NOT NULL DEFAULT '-infinity'",
    "ALTER TABLE hub.lanes ADD COLUMN typing_for uuid",
)


def upgrade() -> None:
    for step in _STEPS:
        op.execute(step)
