"""A code is drawn as a picture; what no picture holds is none, whatever a company's own server says."""

from whatsapp_hub.adapters.contracts.gateways.qr_codes import LONGEST, data_url


def test_what_no_picture_holds_is_not_drawn() -> None:
    """Half a megabyte held an API process for minutes."""
    assert data_url("2@abc") is not None
    for text in (None, "", "x" * (LONGEST + 1), "x" * 500_000):
        assert data_url(text) is None
