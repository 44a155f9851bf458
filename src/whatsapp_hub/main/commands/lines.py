"""Lines of the command line: what companies and providers wrote is shown, never obeyed by the terminal."""

import click


def say(text: object, *, err: bool = False) -> None:
    """Print one line."""
    click.echo(plain(str(text)), err=err)


def plain(text: str) -> str:
    """Escape line ends, escape sequences, and marks that turn or hide text: a name must not rewrite the line."""
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape", "surrogatepass").decode() for sign in text
    )
