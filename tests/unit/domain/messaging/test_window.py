"""The window in which a provider takes free text."""

from datetime import UTC, datetime, timedelta

from whatsapp_hub.domain.messaging.window import extended

NOW, DAY = datetime(2026, 11, 27, 9, 0, tzinfo=UTC), timedelta(hours=24)


def test_a_customers_message_opens_it_for_its_length() -> None:
    assert extended(None, NOW, DAY) == NOW + DAY


def test_an_older_message_shortens_nothing() -> None:
    assert extended(NOW + DAY, NOW - DAY, DAY) == NOW + DAY


def test_a_provider_without_a_window_has_none() -> None:
    assert extended(None, NOW, None) is None
