"""Forms in whatever encoding: read, or refused in a sentence, and never a 500."""

import time
from uuid import uuid4

import pytest

from tests.integration.http.conftest import Company, RunningHub

BOUNDARY = "b0undary"


def part(disposition: str, content: bytes, *headers: str) -> bytes:
    lines = [f"Content-Disposition: form-data; {disposition}", *headers]
    return b"--" + BOUNDARY.encode() + b"\r\n" + "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + content + b"\r\n"


ID = part('name="conversationId"', str(uuid4()).encode())
FILE = part('name="file"; filename="a.txt"', b"x", "Content-Type: text/plain")
PLAIN = 'name="caption"'
END = f"--{BOUNDARY}--\r\n".encode()
TYPE = f"multipart/form-data; boundary={BOUNDARY}"


def with_caption(content: bytes, *headers: str) -> bytes:
    return ID + FILE + part(PLAIN, content, *headers) + END


CHARSETS = (
    *(
        "nonsense",
        "base64",
        "hex",
        "rot13",
        "zlib",
        "undefined",
        "idna",
        "punycode",
        "unicode_escape",
        "raw_unicode_escape",
    ),
    *("utf-7", "utf-16", "utf-32", "utf-8-sig", "mbcs", "ascii", "\xe9", "x" * 5000, "../../x", "utf_8\\x00", '"utf-8'),
)
BODIES: dict[str, bytes] = {
    "caption not UTF-8": with_caption(b"ol\xe1 \xff\xfe"),
    "caption with surrogates": with_caption(b"\xed\xa0\x80"),
    "caption with NUL": with_caption(b"a\x00b"),
    "base64 as its transfer encoding": with_caption(b"b2w=", "Content-Transfer-Encoding: base64"),
    "an unknown transfer encoding": with_caption(b"b2w=", "Content-Transfer-Encoding: x-odd"),
    "quoted-printable that is none": with_caption(b"=ZZ", "Content-Transfer-Encoding: quoted-printable"),
    "a caption that is a file": ID + FILE + part('name="caption"; filename="c"', b"x") + END,
    "a file that is a field": ID + part('name="file"', b"x") + END,
    "a data: URL for a file": ID + part('name="file"', b"data:image/png;base64,iVBORw0KGgo=") + END,
    "two captions": ID + FILE + part(PLAIN, b"a") + part(PLAIN, b"b") + END,
    "two files": ID + FILE + FILE + END,
    "two ids": ID + ID + FILE + END,
    "an id that is a file": part('name="conversationId"; filename="i"', b"x") + FILE + END,
    "an id not UTF-8": part('name="conversationId"', b"\xff") + FILE + END,
    "no name": ID + FILE + part('filename="x"', b"x") + END,
    "no disposition": ID + FILE + b"--" + BOUNDARY.encode() + b"\r\nX: y\r\n\r\nz\r\n" + END,
    "filename*": ID + part("name=\"file\"; filename*=UTF-8''%e2%82%ac.txt", b"x", "Content-Type: text/plain") + END,
    "filename* not UTF-8": ID + part("name=\"file\"; filename*=UTF-8''%ff%fe", b"x", "Content-Type: text/plain") + END,
    "filename* of a charset": ID + part("name=\"file\"; filename*=nonsense''%ff", b"x", "Content-Type: a/b") + END,
    "filename* of a codec": ID + part("name=\"file\"; filename*=base64''%ff", b"x", "Content-Type: a/b") + END,
    "a name not UTF-8": ID + part('name="file"; filename="\xe9\xff"', b"x", "Content-Type: text/plain") + END,
    "a name with NUL": ID + part('name="file"; filename="a\x00b"', b"x", "Content-Type: text/plain") + END,
    "a name with a surrogate": ID + part('name="file"; filename="\xed\xa0\x80"', b"x", "Content-Type: a/b") + END,
    "an endless name": ID + part(f'name="file"; filename="{"n" * 20000}"', b"x", "Content-Type: a/b") + END,
    "an odd content type": ID + part('name="file"; filename="a"', b"x", "Content-Type: \xff/\xfe; charset=\xe9") + END,
    "a content type without end": ID + part('name="file"; filename="a"', b"x", f"Content-Type: a/{'b' * 5000}") + END,
    "cut off": (ID + FILE)[:-20],
    "no end": ID + FILE,
    "nothing": b"",
    "only the end": END,
    "no boundary in it": b"conversationId=1",
    "two thousand parts": ID + FILE + part('name="x"', b"y") * 2000 + END,
    "a header without end": ID + part('name="file"; filename="a"', b"x", "X: " + "y" * 100_000) + END,
    **{
        f"charset {name[:12]!r}": with_caption(b"ol\xc3\xa1", f"Content-Type: text/plain; charset={name}")
        for name in CHARSETS
    },
    **{
        f"file of {name[:12]!r}": ID
        + part('name="file"; filename="a.txt"', b"\xe1", f"Content-Type: text/plain; charset={name}")
        + END
        for name in CHARSETS
    },
}
TYPES = {
    "no boundary": "multipart/form-data",
    "an empty boundary": "multipart/form-data; boundary=",
    "a long boundary": "multipart/form-data; boundary=" + "b" * 5000,
    "an odd boundary": 'multipart/form-data; boundary="\xe9\xff"',
    "a boundary of lines": 'multipart/form-data; boundary="a b"',
    "a charset": TYPE + "; charset=nonsense",
    "mixed": f"multipart/mixed; boundary={BOUNDARY}",
    "a plain form": "application/x-www-form-urlencoded",
    "JSON": "application/json",
    "JSON of a charset": "application/json; charset=utf-16",
    "none": "",
    "no type at all": "x" * 3000,
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_a_form_in_an_odd_encoding_is_refused_in_a_sentence(
    running: RunningHub, company: Company, body: bytes
) -> None:
    headers = {**company.admin.headers, "Content-Type": TYPE}
    answer = await running.http.post("/api/messages/send-media", content=body, headers=headers)
    assert answer.status_code in (400, 404), answer.text  # 404: it was read, and the conversation is none
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.json()["detail"]) > 5


@pytest.mark.parametrize("kind", TYPES.values(), ids=TYPES)
async def test_a_form_of_an_odd_type_is_too(running: RunningHub, company: Company, kind: str) -> None:
    headers = {**company.admin.headers, "Content-Type": kind.encode("latin-1")}
    answer = await running.http.post("/api/messages/send-media", content=with_caption(b"a"), headers=headers)
    assert answer.status_code in (400, 404, 415), answer.text


@pytest.mark.parametrize("charset", ["idna", "punycode", "utf-8"])
async def test_a_field_of_megabytes_takes_no_time(running: RunningHub, company: Company, charset: str) -> None:
    """Python's codecs for names of hosts are quadratic: 80 kB took seconds, in which nobody else was answered."""
    body = with_caption(b"xn--" + b"bc" * 4_000_000, f"Content-Type: text/plain; charset={charset}")
    headers = {**company.admin.headers, "Content-Type": TYPE}
    began = time.monotonic()
    answer = await running.http.post("/api/messages/send-media", content=body, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/caption")
    assert time.monotonic() - began < 5


async def test_a_caption_in_a_named_charset_arrives_as_it_was_meant(running: RunningHub, company: Company) -> None:
    session = await company.session()
    await company.customer_writes(session, "5511987650002", "oi")
    conversation = await company.conversation()
    id = part('name="conversationId"', conversation["id"].encode())
    caption = part(PLAIN, "olá ção".encode("latin-1"), "Content-Type: text/plain; charset=iso-8859-1")
    headers = {**company.admin.headers, "Content-Type": TYPE}
    answer = await running.http.post("/api/messages/send-media", content=id + FILE + caption + END, headers=headers)
    assert (answer.status_code, answer.json()["content"]) == (202, "olá ção")
