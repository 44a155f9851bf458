"""Serve the console: hashed files for ever, its page for every route of it, under a policy that runs no other script;
and the API reference with its request form, a page of its own under a policy of its own.

`app/build.mjs` writes `static/`, with `.br` and `.gz` beside each file. Until it is there, a page says so and tries
again.
"""

import base64
import hashlib
import re
from collections.abc import Awaitable, Callable, MutableMapping
from email.utils import formatdate
from html import escape
from pathlib import Path
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

FOLDER = Path(__file__).parent / "static"
AHEAD = "ahead.txt"
"""Links to what the page of somebody who is signed in loads next; `app/build.mjs` writes it."""
PROBLEM = "problem.txt"
"""What `scripts/build_console.py` writes into the folder where the console cannot be built."""

_ROUTES = re.compile(r"/(login|welcome|companies|dashboard|settings|phone|kit)(/.*)?")
_REFERENCE = "/schema"
_ASSET = re.compile(r"/assets/([A-Za-z0-9_-][A-Za-z0-9._-]{0,127})")
_TYPES = {
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "woff2": "font/woff2",
    "svg": "image/svg+xml",
    "webmanifest": "application/manifest+json",
    "txt": "text/plain; charset=utf-8",
}
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
"""No script but the console's own, none that is made of text, nothing from elsewhere."""
REFERENCE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
"""As the console's, but for Trusted Types: Swagger UI writes HTML by itself."""
_PERMISSIONS = "camera=(), geolocation=(), microphone=(self)"

_STYLE = "body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:18vh auto;padding:0 1.5rem;color:#18201d}"
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()


class ConsoleFiles:
    """ASGI app for GET and HEAD. `folder` is read at each request for the page, and once for each hashed file."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._kept: dict[tuple[str, str], bytes] = {}

    def serves(self, path: str) -> bool:
        """Tell whether a path is the console's. All others are the API's: the reference too until it is built."""
        if path == _REFERENCE:
            return (self._folder / "reference.html").exists()
        return bool(_ROUTES.fullmatch(path) or path.startswith("/assets/"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["method"] not in ("GET", "HEAD"):
            await _answer(scope, send, 405, "text/plain; charset=utf-8", b"only GET", {"allow": "GET, HEAD"})
        elif asset := _ASSET.fullmatch(scope["path"]):
            await self._asset(asset[1], scope, send)
        elif scope["path"].startswith("/assets/"):
            await _answer(scope, send, 404, "text/plain; charset=utf-8", b"no such file")
        elif scope["path"] == _REFERENCE:
            await self._page("reference.html", REFERENCE_POLICY, scope, send)
        else:
            await self._page("index.html", POLICY, scope, send)

    async def _asset(self, name: str, scope: Scope, send: Send) -> None:
        kind = _TYPES.get(name.rpartition(".")[2])
        encoding, content = self._encoded(f"assets/{name}", scope) if kind else ("", None)
        if kind is None or content is None:
            await _answer(scope, send, 404, "text/plain; charset=utf-8", b"no such file")
            return
        more = {"cache-control": "public, max-age=31536000, immutable", "vary": "accept-encoding"}
        await _answer(scope, send, 200, kind, content, more | ({"content-encoding": encoding} if encoding else {}))

    async def _page(self, name: str, policy: str, scope: Scope, send: Send) -> None:
        page = self._folder / name
        try:
            content = page.read_bytes()
        except OSError:
            await _answer(scope, send, 503, "text/html; charset=utf-8", self._not_built(), _unbuilt_headers())
            return
        tag = f'"{hashlib.sha256(content).hexdigest()[:24]}"'
        more = {
            "cache-control": "no-cache",
            "etag": tag,
            "last-modified": formatdate(page.stat().st_mtime, usegmt=True),
            "content-security-policy": policy,
            "permissions-policy": _PERMISSIONS,
        }
        if "hub_session=" in _header(scope, b"cookie") and name == "index.html" and (ahead := self._ahead()):
            more["link"] = ahead
        if _header(scope, b"if-none-match") == tag:
            await _answer(scope, send, 304, "text/html; charset=utf-8", b"", more)
        else:
            await _answer(scope, send, 200, "text/html; charset=utf-8", content, more)

    def _encoded(self, path: str, scope: Scope) -> tuple[str, bytes | None]:
        """Return the smallest form of a file that the browser takes, and how it is encoded."""
        accepted = {part.partition(";")[0].strip() for part in _header(scope, b"accept-encoding").split(",")}
        for encoding, ending in _ENCODINGS:
            if encoding in accepted and (content := self._read(path, ending)) is not None:
                return encoding, content
        return "", self._read(path, "")

    def _read(self, path: str, ending: str) -> bytes | None:
        kept = self._kept.get((path, ending))
        if kept is None:
            try:
                kept = (self._folder / f"{path}{ending}").read_bytes()
            except OSError:
                return None
            self._kept[path, ending] = kept
        return kept

    def _ahead(self) -> str:
        try:
            return (self._folder / AHEAD).read_text()
        except OSError:
            return ""

    def _not_built(self) -> bytes:
        try:
            why = (self._folder / PROBLEM).read_text()
        except OSError:
            title, said, again = "One moment", "The console is being built. This page opens it by itself.", True
        else:
            title, said, again = "The console could not be built", why, False
        refresh = '<meta http-equiv="refresh" content="1">' if again else ""
        api = '<p>The hub itself runs: <a href="/schema">its API</a>.</p>'
        paragraphs = "".join(f"<p>{escape(line)}</p>" for line in said.splitlines() if line.strip())
        head = f'<meta charset="utf-8"><title>{title}</title>{refresh}<style>{_STYLE}</style>'
        body = f"<h1>{title}</h1>{paragraphs}{api}"
        return f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>'.encode()


def _unbuilt_headers() -> dict[str, str]:
    policy = f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; frame-ancestors 'none'"
    return {"content-security-policy": policy, "cache-control": "no-store", "retry-after": "1"}


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


async def _answer(
    scope: Scope, send: Send, status: int, kind: str, content: bytes, more: dict[str, str] | None = None
) -> None:
    headers = {"content-type": kind, "content-length": str(len(content)), **(more or {})}
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else content})
