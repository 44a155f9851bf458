import pytest
from hypothesis import given
from hypothesis import strategies as st

from whatsapp_hub.adapters.http.ranges import Part, wanted

TAG = '"abc"'


@pytest.mark.parametrize(
    ("headers", "part"),
    [
        ({}, Part(200, 0, 100)),
        ({"range": "bytes=0-9"}, Part(206, 0, 10)),
        ({"range": "bytes=90-"}, Part(206, 90, 100)),
        ({"range": "bytes=90-500"}, Part(206, 90, 100)),
        ({"range": "bytes=-5"}, Part(206, 95, 100)),
        ({"range": "bytes=-500"}, Part(206, 0, 100)),
        ({"range": "bytes=100-"}, Part(416, 0, 0)),
        ({"range": "bytes=-0"}, Part(416, 0, 0)),
        ({"range": "bytes=9-3"}, Part(416, 0, 0)),
        ({"range": "bytes=-"}, Part(200, 0, 100)),
        ({"range": "bytes=0-1,5-6"}, Part(200, 0, 100)),
        ({"range": "lines=0-1"}, Part(200, 0, 100)),
        ({"range": "bytes=0-9", "if-range": TAG}, Part(206, 0, 10)),
        ({"range": "bytes=0-9", "if-range": '"other"'}, Part(200, 0, 100)),
        ({"if-none-match": TAG}, Part(304, 0, 0)),
        ({"if-none-match": f'"x", W/{TAG}'}, Part(304, 0, 0)),
        ({"if-none-match": "*"}, Part(304, 0, 0)),
        ({"if-none-match": '"x"', "range": "bytes=0-0"}, Part(206, 0, 1)),
    ],
)
def test_what_is_asked_for_is_answered(headers: dict[str, str], part: Part) -> None:
    assert wanted(headers, TAG, 100) == part


@given(st.text(max_size=40), st.integers(1, 10**12))
def test_no_header_reaches_beyond_the_file(text: str, size: int) -> None:
    part = wanted({"range": f"bytes={text}"}, TAG, size)
    assert 0 <= part.start <= part.end <= size
