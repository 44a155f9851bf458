"""Small versions of `benchmarks/desk.py`: several worker processes, many customers at once, one department."""

import pytest

from benchmarks.desk import Plan, run


@pytest.mark.slow
@pytest.mark.parametrize(
    "plan",
    [
        Plan(agents=7, conversations=120, workers=2),
        Plan(agents=5, conversations=80, workers=2, capacity=10),
        Plan(agents=5, conversations=80, workers=2, capacity=12, by_hand=60),
    ],
    ids=["nobody has a bound", "more customers than places", "while an administrator gives by hand"],
)
async def test_loads_are_even_bounds_hold_and_nobody_has_two_agents(
    plan: Plan, database_url: str, valkey_url: str, tmp_path: object
) -> None:
    environment = {
        "DATABASE_URL": database_url,
        "REDIS_URL": valkey_url,
        "HUB_DATA_DIR": str(tmp_path),
        "HUB_SECRET_KEY": "fedcba9876543210fedcba9876543210",
        "JWT_SECRET": "0123456789abcdef0123456789abcdef",
    }
    outcome = await run(environment, plan)
    assert outcome.flaws(plan) == [], outcome
