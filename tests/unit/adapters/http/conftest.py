"""One app, and one reading of its OpenAPI document, for all tests that only look at them: describing takes a second."""

from typing import Any

import pytest
from dishka import Provider, Scope, make_async_container, provide
from litestar import Litestar
from litestar.testing import TestClient

from whatsapp_hub.adapters.http.app import HttpOptions, HubApp, create_app
from whatsapp_hub.adapters.security.clock import system_clock
from whatsapp_hub.adapters.security.tokens import JwtTokens
from whatsapp_hub.application.authentication.callers import Callers


class Security(Provider):
    @provide(scope=Scope.APP)
    def callers(self) -> Callers:
        return Callers(JwtTokens("0123456789abcdef0123456789abcdef"), None, system_clock)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def app() -> HubApp:
    """Every route, the sandbox's among them; nobody can sign in."""
    return create_app(make_async_container(Security()), HttpOptions("0.1.0", "https://desk.example", sandbox=True))


@pytest.fixture(scope="session")
def document(app: HubApp) -> dict[str, Any]:
    """The OpenAPI document as it is served; for reading only."""
    client: TestClient[Litestar] = TestClient(app, raise_server_exceptions=False)  # type: ignore[type-var]
    found: dict[str, Any] = client.get("/schema/openapi.json").json()
    return found
