"""TLS as a client: one context a process, since reading the certificates takes a tenth of a second."""

import logging
import ssl
from functools import cache
from importlib import import_module

import httpx

log = logging.getLogger(__name__)

_AT_THE_FIRST_CALL = ("httpcore", "anyio._backends._asyncio")
"""What httpx imports no earlier."""


@cache
def client_context() -> ssl.SSLContext:
    """Return the process's client context, made once."""
    return httpx.create_ssl_context()


@cache
def http1_context() -> ssl.SSLContext:
    """Return the context of a client that speaks HTTP/1.1 alone."""
    context = httpx.create_ssl_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def prepare() -> None:
    """Do at the start of a process what its first call would stop everybody else for: a third of a second."""
    for name in _AT_THE_FIRST_CALL:
        import_module(name)
    try:
        client_context()
        http1_context()
    except (OSError, ssl.SSLError) as error:  # a hub that calls nobody by https works without
        log.warning("certificates cannot be read", extra={"error": str(error), "see": "SSL_CERT_FILE, SSL_CERT_DIR"})
