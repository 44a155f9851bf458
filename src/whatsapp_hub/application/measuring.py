"""Metrics: one tally a process, which is added to the database every few seconds.

Everything here is cheap and never fails: it is called in hot paths. Labels have few possible values (an outcome, a
provider, the type of an error): never an id, a name or a phone number.
"""

from collections.abc import Mapping
from dataclasses import dataclass

Labels = tuple[str, ...]
Series = tuple[str, Labels]
"""A metric's name and the values of its labels; for a histogram, the upper bound of a bucket or `sum` comes last."""

SUM = "sum"


@dataclass(frozen=True, slots=True)
class Measure:
    """A counter, or with `buckets` (upper bounds in seconds) a histogram."""

    name: str
    help: str
    labels: Labels = ()
    buckets: tuple[float, ...] = ()

    def bound(self, seconds: float) -> str:
        """Return the upper bound of the value's bucket."""
        return next((f"{bound:g}" for bound in self.buckets if seconds <= bound), "+Inf")


QUICK = (0.005, 0.025, 0.1, 0.25, 1.0, 5.0, 30.0, 300.0)
PATIENT = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0)

UPDATES = Measure(
    "whatsapp_hub_updates", "Updates that providers delivered, by what became of them on arrival.", ("outcome",)
)
PROCESSED = Measure(
    "whatsapp_hub_updates_processed", "Stored updates that were processed, or failed at it.", ("provider", "outcome")
)
PROCESSING = Measure(
    "whatsapp_hub_update_seconds", "From the arrival of an update until it is processed.", ("provider",), QUICK
)
EVENTS = Measure("whatsapp_hub_events", "Events written to the log, by type.", ("type",))
ROUTING = Measure(
    "whatsapp_hub_routing_wait_seconds",
    "From a customer's first unanswered message until somebody has the conversation.",
    (),
    PATIENT,
)
SENDS = Measure(
    "whatsapp_hub_sends",
    "Attempts to send a message, by outcome (sent, failed, retried, unknown, paused) and the type of the error.",
    ("provider", "outcome", "error"),
)
CALLS = Measure("whatsapp_hub_send_seconds", "How long a provider took to take a message.", ("provider",), QUICK)
POSTS = Measure("whatsapp_hub_webhook_posts", "Attempts to deliver an outgoing webhook, by outcome.", ("outcome",))
POSTING = Measure("whatsapp_hub_webhook_post_seconds", "How long a webhook's receiver took to answer.", (), QUICK)
REQUESTS = Measure("whatsapp_hub_http_requests", "Requests answered, webhooks and sockets apart.", ("method", "status"))
ANSWERING = Measure(
    "whatsapp_hub_http_request_seconds", "How long requests took; a stream's, until it ended.", (), QUICK
)
STEPS = Measure("whatsapp_hub_clock_steps", "Steps of PostgreSQL's clock that the hub's time did not take part in.")
STORE_TROUBLES = Measure(
    "whatsapp_hub_store_troubles",
    "Trouble with the stores of WhatsApp Web's keys, by kind: statements that were asked_again, connections that were"
    " refused, stores that failed (their numbers hung up).",
    ("kind",),
)
UNDECRYPTABLE = Measure(
    "whatsapp_hub_undecryptable_messages",
    "Messages on WhatsApp Web that could not be read: their senders are asked again.",
)
LOST_MESSAGES = Measure(
    "whatsapp_hub_lost_messages",
    "Messages on WhatsApp Web that came again and cannot be read again, of which no copy was stored: a connector died"
    " between reading and storing them.",
)
UNPROTECTED = Measure(
    "whatsapp_hub_unprotected_messages",
    "Messages on WhatsApp Web that were acknowledged before they were stored: a connector that dies then loses them.",
)

MEASURES = (
    *(UPDATES, PROCESSED, PROCESSING, EVENTS, ROUTING, SENDS, CALLS, POSTS, POSTING, REQUESTS, ANSWERING, STEPS),
    *(STORE_TROUBLES, UNDECRYPTABLE, LOST_MESSAGES, UNPROTECTED),
)


class Tally:
    """Counts since it was last taken."""

    def __init__(self) -> None:
        self._counts: dict[Series, float] = {}

    def add(self, measure: Measure, *labels: str, n: float = 1.0) -> None:
        series = (measure.name, labels)
        self._counts[series] = self._counts.get(series, 0.0) + n

    def observe(self, measure: Measure, seconds: float, *labels: str) -> None:
        """Count a duration in its bucket and in the sum."""
        seconds = max(0.0, seconds)
        self.add(measure, *labels, measure.bound(seconds))
        self.add(measure, *labels, SUM, n=seconds)

    def take(self) -> Mapping[Series, float]:
        """Return the counts and reset them."""
        taken, self._counts = self._counts, {}
        return taken

    def give_back(self, counts: Mapping[Series, float]) -> None:
        """Add counts back that were taken and could not be stored."""
        for series, n in counts.items():
            self._counts[series] = self._counts.get(series, 0.0) + n


TALLY = Tally()
"""This process's own."""
