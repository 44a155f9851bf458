"""The table of the console's scenarios names tests that there are."""

import re
from pathlib import Path

CONSOLE = Path(__file__).parents[1] / "integration/console"
SCENARIOS = {*range(1, 21), *range(27, 33)}


def test_each_scenario_of_the_table_has_tests_that_there_are() -> None:
    rows = re.findall(r"^\| (\d+) \| .* \| (.*) \|$", (CONSOLE / "README.md").read_text(), re.MULTILINE)
    assert {int(number) for number, _ in rows} == SCENARIOS
    missing = []
    for number, cell in rows:
        named = re.findall(r"`([\w/.]+)::(\w+)`", cell)
        assert named, f"scenario {number} has no test"
        missing += [f"{file}::{test}" for file, test in named if f"def {test}(" not in (CONSOLE / file).read_text()]
    assert missing == []
