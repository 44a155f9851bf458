"""A response is what its head says, however its bytes come in pieces; oddities only end the connection."""

import pytest

from whatsapp_hub.adapters.outgoing_webhooks.response import BODY_BYTES, NoAnswer, Response

WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nRetry-After: 7\r\n\r\nok"


def fed(*pieces: bytes) -> Response:
    response = Response()
    for piece in pieces:
        response.feed(piece)
    return response


@pytest.mark.parametrize("at", range(1, len(WHOLE)))
def test_it_may_come_in_any_two_pieces(at: int) -> None:
    response = fed(WHOLE[:at], WHOLE[at:])
    assert (response.status, response.retry_after, response.is_whole, response.is_open) == (200, "7", True, False)


def test_it_is_open_until_its_body_is_there() -> None:
    response = fed(WHOLE[:-1])
    assert (response.status, response.is_whole, response.is_open) == (200, False, True)


@pytest.mark.parametrize("after", [b"x", WHOLE, b"\r\nx"])
def test_what_follows_it_ends_the_connection_and_changes_nothing_of_it(after: bytes) -> None:
    response = fed(WHOLE + after)
    assert (response.status, response.retry_after, response.is_whole, response.is_open) == (200, "7", False, False)


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 100 Continue\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n<html>",
        b"HTTP/9.9 200 x\r\n",
    ],
)
def test_an_interim_response_is_no_answer(said: bytes) -> None:
    with pytest.raises(NoAnswer):
        fed(said)


def test_an_interim_response_leaves_nothing_to_the_final_one() -> None:
    response = fed(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", b"HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n")
    assert (response.status, response.retry_after, response.is_whole) == (503, "", True)


def test_a_body_is_read_up_to_its_bound() -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {BODY_BYTES + 1}\r\n\r\n".encode()
    response = fed(head, b"x" * BODY_BYTES)
    assert response.is_open
    response.feed(b"x")
    assert (response.status, response.is_open, response.is_whole) == (200, False, False)


def test_a_body_without_a_length_is_not_waited_for() -> None:
    assert not fed(b"HTTP/1.1 200 OK\r\n\r\n").is_open
