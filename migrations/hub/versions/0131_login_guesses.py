"""Failed guesses at accounts, by a digest of e-mail and network; where each sign-in came from, as one guesser."""

from alembic import op

revision = "0131_login_guesses"
down_revision = "0131_sign_ins"

_STATEMENTS = (
    """
    CREATE TABLE hub.login_guesses (
      count bytea PRIMARY KEY,
      failures integer NOT NULL,
      last_at timestamptz
    )
    """,
    "CREATE INDEX login_guesses_age ON hub.login_guesses (last_at)",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON hub.login_guesses TO hub_system",
    "ALTER TABLE hub.login_guesses ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
    "CREATE POLICY machinery ON hub.login_guesses TO hub_system USING (true)",
    "ALTER TABLE hub.sign_ins ADD COLUMN network text",
    "CREATE INDEX sign_ins_networks ON hub.sign_ins (user_id, network)",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
