"""Add the digests of new migrations to `migrations/landed.sha256`: `make seal-migrations`. What is listed stays."""

import hashlib
import sys
from pathlib import Path

from whatsapp_hub.adapters.postgres.engine.version import scripts

LIST = "landed.sha256"


def digests(below: Path) -> dict[str, str]:
    """Return the digest of each file of the migrations, by its path below their folder."""
    files = (path for path in below.rglob("*") if path.suffix in {".py", ".sql", ".txt"} and path.name != "env.py")
    return {path.relative_to(below).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def landed(below: Path) -> dict[str, str]:
    """Read the list, which is one of sha256sum."""
    lines = (below / LIST).read_text(encoding="utf-8").splitlines()
    return {path: digest for digest, path in (line.split("  ") for line in lines)}


def changed(below: Path) -> list[str]:
    """List the files that differ from their listed digest, or are gone."""
    now = digests(below)
    return [path for path, digest in landed(below).items() if now.get(path) != digest]


def seal(below: Path) -> list[str]:
    """Append what is not listed; return it. Raises ValueError where a listed file was changed."""
    if edited := changed(below):
        raise ValueError(f"a landed migration is never edited, write another one: {', '.join(edited)}")
    known, now = landed(below), digests(below)
    new = sorted(path for path in now if path not in known)
    with (below / LIST).open("a", encoding="utf-8") as file:
        file.writelines(f"{now[path]}  {path}\n" for path in new)
    return new


if __name__ == "__main__":
    try:
        print("\n".join(seal(scripts())) or "nothing new")
    except ValueError as error:
        sys.exit(f"make seal-migrations: {error}")
