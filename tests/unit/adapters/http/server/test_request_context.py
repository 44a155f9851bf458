"""What a request's log line tells."""

import pytest

from whatsapp_hub.adapters.http.server.request_context import masked

ID = "01a201ca-8950-763e-ad63-869512345678"


@pytest.mark.parametrize(
    ("path", "logged"),
    [
        (f"/api/sandbox/{ID}/phones/5511999991234/messages", f"/api/sandbox/{ID}/phones/…1234/messages"),
        ("/api/sandbox/x/phones/+5511999991234/messages", "/api/sandbox/x/phones/+…1234/messages"),
        ("/a/5511999991234@c.us", "/a/…1234@c.us"),
        ("/a/12345678-1234-1234-1234-123456789012", "/a/12345678-1234-1234-1234-123456789012"),
        ("/api/events/1234567", "/api/events/1234567"),
    ],
)
def test_phone_numbers_keep_their_last_four_digits(path: str, logged: str) -> None:
    assert masked(path) == logged
