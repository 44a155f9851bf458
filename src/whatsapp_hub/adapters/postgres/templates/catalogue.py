"""The TemplateCatalogue port: each call a transaction of its own as hub_app, without locks."""

from whatsapp_hub.adapters.postgres.engine.pages import cut, ending_early
from whatsapp_hub.adapters.postgres.queries.cursors import Named, encode_cursor, read_named
from whatsapp_hub.adapters.postgres.templates.rows import COLUMNS, ONE, template_of
from whatsapp_hub.adapters.postgres.unit_of_work import PostgresStorage
from whatsapp_hub.application.reading.queries import Page
from whatsapp_hub.application.reading.templates import TemplateFilter
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import TemplateId, TenantId
from whatsapp_hub.domain.templates.template import MessageTemplate

_BODY = """'$[*] ? (@.type == "BODY").text'"""
# A name and its languages, an id apart: of several sessions too.
_LIST = ending_early(
    f"""
    SELECT {COLUMNS} FROM templates
    WHERE ($1::uuid IS NULL OR session_id = $1) AND (cardinality($2::text[]) = 0 OR status = ANY($2))
      AND ($3::text IS NULL OR language = $3) AND ($4::text IS NULL OR category = $4)
      AND ($5::text IS NULL OR strpos(lower(name), lower($5)) > 0
        OR strpos(lower(jsonb_path_query_first(components, {_BODY}) #>> '{{}}'), lower($5)) > 0)
      AND ($6::text IS NULL OR (name || ' ' || language, id) > ($6, $7))
    ORDER BY name || ' ' || language, id LIMIT $8""",
    "name || ' ' || language, id",
)


class PostgresTemplateCatalogue:
    """Implements `TemplateCatalogue`."""

    def __init__(self, storage: PostgresStorage) -> None:
        self._storage = storage

    async def templates(
        self, tenant_id: TenantId, filter: TemplateFilter, limit: int, cursor: str | None
    ) -> Page[MessageTemplate]:
        after = read_named(cursor) if cursor is not None else None
        place = (after.name, after.id) if after else (None, None)
        wanted = (filter.session_id, sorted(filter.statuses), filter.language, filter.category, filter.search)
        async with self._storage.reading(tenant_id) as connection:
            rows = await connection.fetch(_LIST, *wanted, *place, limit + 1)
        shown, goes_on = cut(rows, limit)
        found = [template_of(row) for row in shown]
        if not goes_on:
            return Page(found)
        return Page(found, encode_cursor(Named(f"{found[-1].name} {found[-1].language}", found[-1].id)))

    async def template(self, tenant_id: TenantId, template_id: TemplateId) -> MessageTemplate:
        async with self._storage.reading(tenant_id) as connection:
            row = await connection.fetchrow(ONE, template_id)
        if row is None:
            raise NotFound("template", template_id)
        return template_of(row)
