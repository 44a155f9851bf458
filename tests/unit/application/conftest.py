"""An office in memory for each test; and which use cases the tests execute."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.unit.application.office import Office
from tests.unit.application.use_cases import EXECUTED, use_cases

HERE = Path(__file__).parent


@pytest_asyncio.fixture
async def office() -> AsyncIterator[Office]:
    made = await Office.opened()
    yield made
    await made.providers.aclose()


@pytest.fixture(scope="session", autouse=True)
def executed() -> Iterator[None]:
    """Note each use case that is called."""
    originals = {kind: kind.__call__ for kind in use_cases()}
    for kind, original in originals.items():
        kind.__call__ = _noted(kind, original)  # type: ignore[method-assign]
    yield
    for kind, original in originals.items():
        kind.__call__ = original  # type: ignore[method-assign]


def _noted(kind: type, original: Any) -> Any:
    if inspect.iscoroutinefunction(original):

        @functools.wraps(original)
        async def asked(*given: Any, **named: Any) -> Any:
            EXECUTED.add(kind)
            return await original(*given, **named)

        return asked

    @functools.wraps(original)
    def called(*given: Any, **named: Any) -> Any:
        EXECUTED.add(kind)
        return original(*given, **named)

    return called


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Ask last which use cases were executed, and say whether all tests of them are there."""
    last = [item for item in items if item.path.name == "test_every_use_case.py"]
    others = [item for item in items if item not in last]
    items[:] = [*others, *last]
    collected = {item.path for item in items}
    config.stash[WHOLE] = set(HERE.rglob("test_*.py")) <= collected and not config.getoption("keyword", "")


WHOLE = pytest.StashKey[bool]()
