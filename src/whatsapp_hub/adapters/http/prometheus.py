"""Serve `GET /metrics` to Prometheus. Every API process shows the whole hub: scrape one address, not each process.

Open to the machine itself and to METRICS_TOKEN. The machine itself is a peer on the loopback that asks for it by a name
of the loopback, by HTTP/1.1 and without forwarding headers: a proxy beside the hub is on the loopback, too (nginx
speaks HTTP/1.0 unless configured otherwise), and so is a browser whose page has its own name lead here (DNS rebinding).
"""

import secrets
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from dishka.integrations.litestar import FromDishka
from litestar import MediaType, Request, Response, get
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from whatsapp_hub.adapters.http.auth import PUBLIC
from whatsapp_hub.adapters.http.server.this_machine import is_from_this_machine
from whatsapp_hub.application.measuring import MEASURES, SUM, Measure, Series
from whatsapp_hub.application.reading.overview import Overview, ReadsOverview
from whatsapp_hub.domain.errors import Forbidden, StoresNothing, Unauthenticated, Unavailable

log = structlog.get_logger(__name__)

_PROCESS_GAUGES = {
    "started": ("whatsapp_hub_process_start_time_seconds", "When the process started, in Unix time."),
    "memory": ("whatsapp_hub_process_memory_bytes", "Resident memory of a process."),
    "cpu": ("whatsapp_hub_process_cpu_seconds", "Processor time that a process has used."),
    "files": ("whatsapp_hub_process_open_files", "Open descriptors of a process."),
    "sockets": ("whatsapp_hub_sockets", "Clients on Socket.IO."),
    "streams": ("whatsapp_hub_streams", "Readers of event streams."),
    "held": ("whatsapp_hub_sessions_held", "Sessions whose socket a connector holds."),
    "calls": ("whatsapp_hub_sends_under_way", "Provider calls under way."),
    "pool_open": ("whatsapp_hub_pool_connections", "Connections to PostgreSQL that are open."),
    "pool_used": ("whatsapp_hub_pool_connections_used", "Connections to PostgreSQL that are in use."),
    "clock_ahead": ("whatsapp_hub_clock_ahead_seconds", "The hub's time less PostgreSQL's clock, which was stepped."),
    "clock_lag": ("whatsapp_hub_clock_lag_seconds", "How far the deletion of old things is behind the hub's time."),
    "pool_most": ("whatsapp_hub_pool_connections_most", "Connections to PostgreSQL that a process may have."),
}


@dataclass(frozen=True, slots=True)
class MetricsPage:
    """`token`: METRICS_TOKEN; `ping` raises StoresNothing where the database answers and takes no writes."""

    read: ReadsOverview
    ping: Callable[[], Awaitable[object]]
    version: str
    token: str | None = None

    def admit(self, scope: Mapping[str, Any], credential: str) -> None:
        """Raise Unauthenticated or Forbidden unless the token is right or the request is this machine's."""
        if _is_this_machine(scope):
            return
        if not self.token:
            raise Forbidden("/metrics is open to this machine alone; set METRICS_TOKEN to read it from elsewhere")
        scheme, _, token = credential.partition(" ")
        if scheme.lower() != "bearer" or not secrets.compare_digest(token.strip().encode(), self.token.encode()):
            raise Unauthenticated("METRICS_TOKEN is needed, as a bearer token")

    async def __call__(self, accept: str) -> tuple[bytes, str]:
        """Return the page and its content type; while the database is unavailable, only that it is."""
        overview: Overview | None = None
        try:
            overview = await self.read()
        except (Unavailable, TimeoutError):
            log.warning("metrics without the database")
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Shown(overview, self.version, stores=await self._stores()))
        encode, content_type = choose_encoder(accept)
        return encode(registry), content_type

    async def _stores(self) -> bool:
        try:
            await self.ping()
        except StoresNothing:
            return False
        except (Unavailable, TimeoutError):
            pass  # it is away: `database_up`
        return True


def _is_this_machine(scope: Mapping[str, Any]) -> bool:
    return is_from_this_machine(scope) and not _is_a_pages(list(scope["headers"]))


def _is_a_pages(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a page in a browser sent the request: one of any origin, open on this machine, comes from the loopback,
    too (and may read the answer on an embedded hub)."""
    return any(name == b"origin" for name, _ in headers)


class _Shown(Collector):
    def __init__(self, overview: Overview | None, version: str, *, stores: bool) -> None:
        self._overview = overview
        self._stores = stores
        self._version = version

    def collect(self) -> Iterator[Metric]:
        yield _gauge("whatsapp_hub_info", "The version that answers.", ("version",), [((self._version,), 1)])
        yield _gauge("whatsapp_hub_database_up", "Whether PostgreSQL answered.", (), [((), self._overview is not None)])
        if self._overview is None:
            return
        yield _gauge("whatsapp_hub_database_stores", "Whether PostgreSQL takes writes.", (), [((), self._stores)])
        yield from _waiting(self._overview)
        yield from _connected(self._overview)
        yield from _processes(self._overview)
        for measure in MEASURES:
            yield _counted(measure, self._overview.counts)


def _gauge(name: str, help: str, labels: tuple[str, ...], values: Iterable[tuple[tuple[str, ...], float]]) -> Metric:
    family = GaugeMetricFamily(name, help, labels=labels)
    for label_values, value in values:
        family.add_metric(label_values, float(value))
    return family


def _waiting(seen: Overview) -> Iterator[Metric]:
    depths, ages = seen.depths, seen.ages
    counts: dict[tuple[str, ...], float] = {
        ("inbox", "pending"): depths.inbox_pending,
        ("inbox", "quarantined"): depths.inbox_quarantined,
        ("inbox", "unassigned"): depths.inbox_unassigned,
        ("outbox", "pending"): depths.outbox,
        ("lanes", "due"): depths.lanes_due,
        ("webhooks", "pending"): depths.webhooks_waiting,
        ("webhooks", "dead"): depths.webhooks_dead,
    }
    yield _gauge(
        "whatsapp_hub_waiting", "What waits (at most 100,000 are counted).", ("queue", "state"), counts.items()
    )
    oldest = {("inbox",): ages.inbox, ("outbox",): ages.outbox, ("lanes",): ages.lanes, ("webhooks",): ages.webhooks}
    yield _gauge("whatsapp_hub_oldest_seconds", "How long the oldest has waited.", ("queue",), oldest.items())
    yield _gauge("whatsapp_hub_log_position", "The last position of the event log.", (), [((), seen.log_position)])
    yield _gauge("whatsapp_hub_log_oldest_seconds", "Age of the oldest event kept.", (), [((), ages.log)])
    behind = "Positions of the log that webhooks were not planned for yet."
    yield _gauge("whatsapp_hub_webhooks_behind", behind, (), [((), seen.webhooks_behind)])
    down = "Subscriptions whose receiver counts as down."
    yield _gauge("whatsapp_hub_webhook_receivers_down", down, (), [((), seen.receivers_down)])


def _connected(seen: Overview) -> Iterator[Metric]:
    yield _gauge("whatsapp_hub_sessions", "Sessions by status.", ("provider", "status"), seen.sessions.items())
    unheld = "Sessions that wait for a connector."
    yield _gauge("whatsapp_hub_sessions_unheld", unheld, (), [((), seen.unheld)])


def _processes(seen: Overview) -> Iterator[Metric]:
    roles: defaultdict[tuple[str, ...], float] = defaultdict(float)
    for one, _ in seen.processes:
        roles[one.process.role,] += 1
    yield _gauge("whatsapp_hub_processes", "Processes that run.", ("role",), roles.items())
    for key, (name, help) in _PROCESS_GAUGES.items():
        values = [((one.process.role, one.process.name), said[key]) for one, said in seen.processes if key in said]
        yield _gauge(name, help, ("role", "process"), values)


def _counted(measure: Measure, counts: Mapping[Series, float]) -> Metric:
    mine = {labels: value for (name, labels), value in counts.items() if name == measure.name}
    if measure.buckets:
        return _histogram(measure, mine)
    family = CounterMetricFamily(measure.name, measure.help, labels=measure.labels)
    for labels, value in sorted(mine.items()):
        if len(labels) == len(measure.labels):  # else stored by another version
            family.add_metric(labels, value)
    return family


def _histogram(measure: Measure, counts: Mapping[tuple[str, ...], float]) -> Metric:
    family = HistogramMetricFamily(measure.name, measure.help, labels=measure.labels)
    bounds = [*(f"{bound:g}" for bound in measure.buckets), "+Inf"]
    for labels in sorted({labels[:-1] for labels in counts if len(labels) == len(measure.labels) + 1}):
        total, buckets = 0.0, []
        for bound in bounds:
            total += counts.get((*labels, bound), 0.0)
            buckets.append((bound, total))
        family.add_metric(labels, buckets, counts.get((*labels, SUM), 0.0))
    return family


@get("/metrics", opt=PUBLIC, tags=["health"], security=[{}], media_type=MediaType.TEXT)
async def get_metrics(request: Request[Any, Any, Any], page: FromDishka[MetricsPage]) -> Response[bytes]:
    """Show metrics for Prometheus, to this machine itself or with METRICS_TOKEN as a bearer token."""
    page.admit(request.scope, request.headers.get("authorization", ""))
    content, content_type = await page(request.headers.get("accept", ""))
    return Response(content, headers={"Content-Type": content_type})
