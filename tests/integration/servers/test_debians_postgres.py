"""The oldest PostgreSQL that serves, with its own settings: what depends on its planner holds there too."""

import asyncio
import os
import sys
from pathlib import Path

from tests.fakes.debian_postgres import DebianPostgres

POSTGRES_TESTS = Path(__file__).parents[1] / "postgres"


async def test_no_list_sorts_there(debian: DebianPostgres) -> None:
    """The lists' own test, once more, there."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
        *(str(POSTGRES_TESTS / "test_conversation_lists.py"), "-k", "test_no_list_reads_more"),
        env={**os.environ, "HUB_TEST_DATABASE_URL": debian.url("super", database="postgres")},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    assert b"1 passed" in output
