"""What the command line shows of names that companies chose."""

import ast
from pathlib import Path

import pytest
from click.testing import CliRunner

from whatsapp_hub.main.commands import hub, lines, session


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Jos\u00e9 \U0001f600", "Jos\u00e9 \U0001f600"),
        ("a\x1b]52;c;cm0=\x07b", "a\\x1b]52;c;cm0=\\x07b"),
        ("a\nroot  MASTER  active", "a\\nroot  MASTER  active"),
        ("a\r\u202eb\u200b", "a\\r\\u202eb\\u200b"),
        ("\x9b31m\ud800", "\\x9b31m\\ud800"),
    ],
)
def test_a_terminal_obeys_no_name(name: str, shown: str) -> None:
    assert lines.plain(name) == shown


def test_commands_print_by_this_alone() -> None:
    """But a QR code, which is drawn here."""
    for module in (hub, session):
        calls = [
            ast.unparse(node)
            for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text()))
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("click.echo", "print", "click.secho")
        ]
        assert set(calls) <= {"click.echo(in_terminal(one.qr_code))"}


@pytest.mark.parametrize("given", [["list", "--limit", "-1"], ["list", "--after", "9" * 20], ["replay", "9" * 20]])
def test_a_number_that_is_none_is_refused_in_a_line(given: list[str]) -> None:
    result = CliRunner().invoke(hub.inbox, given)
    assert (result.exit_code, "Traceback" in result.output) == (2, False)
    assert "is not in the range" in result.output
