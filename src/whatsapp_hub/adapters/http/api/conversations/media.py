"""`/api/media`: files of messages, shown only where a browser cannot be made to run them."""

from collections.abc import AsyncIterator
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from dishka.integrations.litestar import FromDishka
from litestar import Request, get, post
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream

from whatsapp_hub.adapters.contracts.views.content import LinkView
from whatsapp_hub.adapters.http.auth import PUBLIC, Asking, allows
from whatsapp_hub.adapters.http.ranges import Part, wanted
from whatsapp_hub.application.media.links import MediaLinks
from whatsapp_hub.application.media.open_link import OpenLink
from whatsapp_hub.application.media.read_file import ReadFile
from whatsapp_hub.application.reading.queries import Queries
from whatsapp_hub.application.reading.visibility import sight_for
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import MediaId
from whatsapp_hub.domain.messaging.media import Digest, Media

TAGS = ["messages"]
READ = [allows(Action.READ_CONVERSATIONS)]
INLINE = frozenset(
    {
        *("image/jpeg", "image/png", "image/gif", "image/webp"),
        *("audio/ogg", "audio/mpeg", "audio/mp4", "audio/aac", "audio/amr", "audio/wav", "audio/webm"),
        *("video/mp4", "video/webm", "video/3gpp", "video/ogg"),
    }
)
"""Types that hold no script; SVG, HTML and PDF are saved, never shown."""
_ALWAYS = {
    "Accept-Ranges": "bytes",
    "Cache-Control": "private, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; media-src 'self'; sandbox",
    "X-Content-Type-Options": "nosniff",
}

AnyRequest = Request[Any, Any, Any]


@get("/media/{id:uuid}", guards=READ, tags=TAGS, media_type="application/octet-stream")
async def get_media(
    request: AnyRequest,
    caller: Asking,
    id: FromPath[UUID],
    queries: FromDishka[Queries],
    read_file: FromDishka[ReadFile],
    download: Annotated[bool, QueryParameter()] = False,
) -> Stream:
    """Download a file of a message; pictures, sound and films are shown, unless `download` is true. Takes `Range` and
    `If-None-Match`: a file never changes."""
    media = await queries.media(caller.tenant_id, await sight_for(caller, queries), MediaId(id))
    return _answer(request, media, read_file, is_saved=download)


@get("/media/{id:uuid}/thumbnail", guards=READ, tags=TAGS, media_type="image/jpeg")
async def get_thumbnail(
    request: AnyRequest,
    caller: Asking,
    id: FromPath[UUID],
    queries: FromDishka[Queries],
    read_file: FromDishka[ReadFile],
) -> Stream:
    """Show a picture in small: a JPEG of at most 480 pixels on its longer side."""
    media = await queries.media(caller.tenant_id, await sight_for(caller, queries), MediaId(id))
    if media.thumbnail is None:
        raise NotFound("thumbnail", id)
    return _answer(request, _small(media, media.thumbnail), read_file)


@post("/media/{id:uuid}/link", guards=READ, tags=TAGS, status_code=200)
async def link_media(
    caller: Asking, id: FromPath[UUID], queries: FromDishka[Queries], links: FromDishka[MediaLinks]
) -> LinkView:
    """Make an address of the file that opens it without a credential, for an hour."""
    media = await queries.media(caller.tenant_id, await sight_for(caller, queries), MediaId(id))
    link = links.to(media.tenant_id, media.id)
    return LinkView(link.url, link.expires_at)


@get("/media/links/{token:str}", opt=PUBLIC, tags=TAGS, security=[{}], media_type="application/octet-stream")
async def open_link(
    request: AnyRequest,
    token: FromPath[str],
    open_file: FromDishka[OpenLink],
    read_file: FromDishka[ReadFile],
) -> Stream:
    """Download a file by a link that was made for it. One that is still being fetched from its provider is waited for,
    ten seconds at most (503 after that: try again)."""
    return _answer(request, await open_file(token), read_file)


def _small(media: Media, thumbnail: Digest) -> Media:
    name = f"{media.file_name.rpartition('.')[0] or media.file_name}.jpg"
    made = media.created_at
    return Media(media.id, media.tenant_id, "image/jpeg", name, thumbnail.size, thumbnail.sha256, made)


def _answer(request: AnyRequest, media: Media, read_file: ReadFile, *, is_saved: bool = False) -> Stream:
    etag = f'"{media.sha256 or media.id}"'
    names = ("range", "if-range", "if-none-match")
    part = wanted({name: request.headers.get(name, "") for name in names if name in request.headers}, etag, media.size)
    plain = media.mime_type.partition(";")[0]
    shown = "inline" if plain in INLINE and not is_saved else "attachment"
    headers = {
        **_ALWAYS,
        "ETag": etag,
        "Content-Disposition": f"{shown}; filename*=UTF-8''{quote(media.file_name)}",
        "Content-Type": f"{media.mime_type}; charset=utf-8" if plain.startswith("text/") else media.mime_type,
    }
    return Stream(_pieces(media, read_file, part), headers=headers | _length(part, media), status_code=part.status)


def _length(part: Part, media: Media) -> dict[str, str]:
    match part.status:
        case 304:
            return {}
        case 416:
            return {"Content-Range": f"bytes */{media.size}", "Content-Length": "0"}
        case 206:
            where = f"bytes {part.start}-{part.end - 1}/{media.size}"
            return {"Content-Range": where, "Content-Length": str(part.size)}
        case _:
            return {"Content-Length": str(part.size)}


async def _pieces(media: Media, read_file: ReadFile, part: Part) -> AsyncIterator[bytes]:
    if part.size:
        async for piece in read_file(media, part.start, part.end):
            yield piece


HANDLERS = [get_media, get_thumbnail, link_media, open_link]
