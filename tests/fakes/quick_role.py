"""`quick_role.py connector|worker`: a role of the hub whose patience with sessions is short."""

from datetime import timedelta
from functools import partial
from typing import Any

from whatsapp_hub.main import settings
from whatsapp_hub.main.commands import cli

seconds = timedelta(seconds=1)
quick: Any = partial(
    settings.ReconnectPolicy, silence=2 * seconds, heal=3 * seconds, calm=2 * seconds, first_delay=seconds / 5
)
settings.ReconnectPolicy = quick  # type: ignore[misc]

if __name__ == "__main__":
    cli.main()
