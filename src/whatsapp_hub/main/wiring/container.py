"""The dependency container: the only place that knows every adapter.

A process plays a `Part`: API and worker differ in which work they do themselves (its wake-ups stay inside) and in how
many connections they need; TOOL is a command that runs and ends.
"""

from dishka import AsyncContainer, Provider, make_async_container

from whatsapp_hub.main.settings import Settings
from whatsapp_hub.main.wiring.infrastructure import Infrastructure, Part
from whatsapp_hub.main.wiring.integrations import Integrations
from whatsapp_hub.main.wiring.storing import Storing
from whatsapp_hub.main.wiring.use_cases import UseCases


def make_container(settings: Settings, part: Part, *more: Provider) -> AsyncContainer:
    """Build the container; close it when the process ends. `more`: providers of this process alone."""
    context = {Settings: settings, Part: part}
    return make_async_container(Infrastructure(), Storing(), UseCases(), Integrations(), *more, context=context)
