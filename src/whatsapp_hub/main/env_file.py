"""`.env` in the working folder: settings of one machine. Read once, when a command starts.

The environment wins, also with an empty value. HUB_ENV_FILE names another file. A command's child processes inherit the
variables and read no file themselves.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path

from whatsapp_hub.main.setting_values import SettingsError

WHERE = "HUB_ENV_FILE"
USUAL = ".env"

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class EnvFile:
    """The variables that a file set, and those that the environment overrides."""

    path: Path
    used: tuple[str, ...]
    overridden: tuple[str, ...]

    def __str__(self) -> str:
        said = f"{self.path} is read: {len(self.used)} settings"
        return f"{said}; set otherwise by the environment: {', '.join(self.overridden)}" if self.overridden else said


def load_env_file(environ: MutableMapping[str, str]) -> EnvFile | None:
    """Add the file's variables to `environ`. Raises SettingsError, which names the line."""
    named = environ.get(WHERE)
    path = Path(named or USUAL)
    text = _text(path, must_be=bool(named))
    environ[WHERE] = os.devnull
    if text is None:
        return None
    parsed = _values(path, text, environ)
    used = {name: value for name, value in parsed.items() if name not in environ}
    overridden = tuple(name for name, value in parsed.items() if name not in used and environ[name] != value)
    environ.update(used)
    return EnvFile(path, tuple(name for name, value in used.items() if value), overridden)


def _text(path: Path, *, must_be: bool) -> str | None:
    try:
        return path.read_text(encoding="utf-8-sig") or None
    except FileNotFoundError:
        if must_be:
            raise SettingsError(f"{WHERE}: there is no file {path}") from None
        return None
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: must be UTF-8 text") from None
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror})") from None


def _values(path: Path, text: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the values; the last of a name counts. `${NAME}` is a variable set above or in the environment, except in
    single quotes."""
    parsed: dict[str, str] = {}
    for line, name, value, is_literal in _lines(path, text):
        try:
            parsed[name] = value if is_literal else _filled(value, {**parsed, **environ})
        except KeyError as missing:
            advice = "set it above, or write the text in single quotes"
            raise SettingsError(f"{path}, line {line}: ${{{missing.args[0]}}} is set nowhere; {advice}") from None
        if "\0" in parsed[name]:
            raise SettingsError(f"{path}, line {line}: {name} must not contain NUL")
    return parsed


def _lines(path: Path, text: str) -> Iterator[tuple[int, str, str, bool]]:
    from dotenv.parser import parse_stream

    for binding in parse_stream(io.StringIO(text)):
        written = binding.original.string
        line = binding.original.line + len(written) - len(written.lstrip("\r\n"))
        if binding.key is None and not binding.error:
            continue  # a comment, or nothing
        if binding.key is None or binding.value is None or not _NAME.fullmatch(binding.key):
            raise SettingsError(f"{path}, line {line}: expected NAME=value (quotes closed), or # and a comment")
        yield line, binding.key, binding.value, written.partition("=")[2].lstrip().startswith("'")


def _filled(value: str, known: Mapping[str, str]) -> str:
    """Substitute `${NAME}`. Raises KeyError."""
    from dotenv.variables import Variable, parse_variables

    atoms = list(parse_variables(value))
    for atom in atoms:
        if isinstance(atom, Variable) and atom.default is None and atom.name not in known:
            raise KeyError(atom.name)
    return "".join(atom.resolve(known) for atom in atoms)
