"""What commands that only look need besides the container's own parts."""

from dishka import Provider, Scope, provide

from whatsapp_hub.adapters.postgres.queries.session_finder import PostgresSessionFinder
from whatsapp_hub.application.reading.sessions import SessionFinder


class Reading(Provider):
    scope = Scope.APP
    finder = provide(PostgresSessionFinder, provides=SessionFinder)
