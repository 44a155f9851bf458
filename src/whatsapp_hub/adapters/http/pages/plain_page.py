"""A page of ours without a script: a title and a few sentences, in the reader's language."""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from html import escape

from litestar import Response

from whatsapp_hub.domain.accounts.tenant import Language

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:24rem;margin:10vh auto;padding:0 1rem;color:#1c2b28}"
    "label{display:block;margin:1rem 0}input{display:block;width:100%;box-sizing:border-box;font:inherit;padding:.5rem}"
    "button{font:inherit;padding:.5rem 1rem;background:#0b6b60;color:#fff;border:0;border-radius:4px}"
    "[role=alert]{color:#a4161a}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Language",
}


def preferred(accept: str) -> Language:
    """Choose the language that an `Accept-Language` header likes best of ours; Portuguese where it names none."""
    liked: list[tuple[float, Language]] = []
    for part in accept.lower().split(","):
        tag, _, weight = part.partition(";")
        spoken = next((one for one in Language if tag.strip().split("-")[0] == one.lower().split("-")[0]), None)
        if spoken and (quality := _quality(weight)) > 0:
            liked.append((quality, spoken))
    return max(liked, key=lambda each: each[0], default=(0.0, Language.PT_BR))[1]


def _quality(weight: str) -> float:
    name, _, value = weight.strip().partition("=")
    try:
        return float(value) if name == "q" else 1.0
    except ValueError:
        return 0.0


def page(
    status: int, language: Language, title: str, content: Iterator[str], headers: Mapping[str, str] | None = None
) -> Response[str]:
    """`content` is HTML, escaped by who made it."""
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    styled = f"<title>{escape(title)}</title><style>{_STYLE}</style>"
    body = f"<main><h1>{escape(title)}</h1>{''.join(content)}</main>"
    html = f'<!doctype html><html lang="{language}"><head>{head}{styled}</head><body>{body}</body></html>'
    return Response(html, status_code=status, media_type="text/html", headers={**_HEADERS, **(headers or {})})


def said(*sentences: str) -> Iterator[str]:
    """Yield sentences as paragraphs, escaped."""
    yield from (f"<p>{escape(sentence)}</p>" for sentence in sentences)
