"""Parts of commands that only read."""

from dishka import Provider, Scope, provide

from whatsapp_hub.adapters.postgres.queries.session_finder import PostgresSessionFinder
from whatsapp_hub.application.reading.sessions import SessionFinder


class Reading(Provider):
    """Queries of commands."""

    scope = Scope.APP
    finder = provide(PostgresSessionFinder, provides=SessionFinder)
