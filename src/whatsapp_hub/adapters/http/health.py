"""Health of the process and of what it depends on."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from dishka.integrations.litestar import FromDishka
from litestar import Response, get
from litestar.response import Redirect

from whatsapp_hub.adapters.contracts.views.view import View
from whatsapp_hub.adapters.http.auth import PUBLIC
from whatsapp_hub.domain.errors import StoresNothing

_DEADLINE_S = 2.0
_GIVEN_UP_S = 8.0
_SLOW_FOR_S = 12.0
_STORES_NOTHING = "stores nothing: "

Check = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Health:
    """`needed` must answer for the hub to be ready; `helpful` are only reported. A check returns if all is well (a
    string replaces "ok") and raises if not. A slow one is "slow" while it was well a moment ago: a database far away
    takes no instance out of service. Each check runs once at a time."""

    version: str
    needed: Mapping[str, Check]
    helpful: Mapping[str, Check]
    _asking: dict[str, asyncio.Task[str]] = field(default_factory=dict)
    _well_at: dict[str, float] = field(default_factory=dict)

    async def __call__(self) -> tuple[bool, dict[str, str]]:
        """Return whether the hub is ready, and each dependency's state."""
        checks = {**self.needed, **self.helpful}
        states = dict(zip(checks, await asyncio.gather(*map(self._state, checks, checks.values())), strict=True))
        return not any(is_out(states[name]) for name in self.needed), states

    async def _state(self, name: str, check: Check) -> str:
        asking = self._asking.get(name)
        if asking is None:
            asking = self._asking[name] = asyncio.create_task(self._ask(name, check), name=f"health of {name}")
        if (await asyncio.wait([asking], timeout=_DEADLINE_S))[0]:
            return asking.result()
        return "slow" if time.monotonic() - self._well_at.get(name, -_SLOW_FOR_S) < _SLOW_FOR_S else "away"

    async def _ask(self, name: str, check: Check) -> str:
        try:
            async with asyncio.timeout(_GIVEN_UP_S):
                answer = await check()
        except StoresNothing as error:
            return f"{_STORES_NOTHING}{error.reason}"
        except Exception:
            return "away"
        finally:
            self._asking.pop(name, None)
        self._well_at[name] = time.monotonic()
        return answer if isinstance(answer, str) else "ok"


def is_out(state: str) -> bool:
    """Tell whether a dependency cannot be worked with."""
    return state == "away" or state.startswith(_STORES_NOTHING)


@get("/", opt=PUBLIC, tags=["health"], security=[{}], status_code=302)
async def show_start() -> Redirect:
    """Redirect a browser at the hub's address to the console, which lets sign in who has not."""
    return Redirect("dashboard")  # relative: a proxy may serve the hub under a path of its own


class HealthView(View):
    """The hub's health. `dependencies`: the state of each, `ok` while it is well."""

    status: Literal["ok", "degraded", "unavailable"]
    version: str
    dependencies: dict[str, str]


@get(["/health", "/api/health"], opt=PUBLIC, tags=["health"], security=[{}])
async def get_health(health: FromDishka[Health]) -> Response[HealthView]:
    """Show the hub's health; 503 while what it needs is away or the database stores nothing (a full disk)."""
    ready, dependencies = await health()
    well = not any(map(is_out, dependencies.values())) and all(
        dependencies.get(name, "ok") == "ok" for name in ("loops", "clock")
    )
    status: Literal["ok", "degraded"] = "ok" if well else "degraded"
    document = HealthView(status if ready else "unavailable", health.version, dependencies)
    return Response(document, status_code=200 if ready else 503)
