"""Bounds of sockets, as pure rules."""

import pytest

from whatsapp_hub.adapters.realtime.server.limits import Pace, Shares, Silent, SocketLimits, Unsent, network_of
from whatsapp_hub.adapters.realtime.server.packets import fault_of, fault_of_payload
from whatsapp_hub.domain.errors import Conflict


def test_a_pace_gives_its_limit_at_once_and_then_evenly() -> None:
    pace = Pace(60, 60)
    assert [pace.spend(100.0) for _ in range(60)] == [0.0] * 60
    assert pace.spend(100.0) == pytest.approx(1.0)
    assert pace.spend(101.0) == 0.0
    assert pace.spend(101.0) > 0
    assert [pace.spend(1000.0) for _ in range(60)] == [0.0] * 60


def test_what_was_sent_is_no_longer_counted() -> None:
    unsent = Unsent()
    for size in (10, 20, 30):
        unsent.add(size, waiting=2)
    assert unsent.total == 60
    unsent.add(40, waiting=1)
    assert unsent.total == 70
    assert unsent.keep(0) == 0


def test_of_one_address_the_oldest_silent_socket_goes_for_the_newest() -> None:
    silent = Silent(SocketLimits(silent=10, silent_per_address=3))
    assert [silent.add(f"a{n}", "203.0.113.1") for n in range(5)] == [[], [], [], ["a0"], ["a1"]]
    assert silent.add("b", "203.0.113.2") == []
    assert len(silent) == 4


def test_of_very_many_addresses_the_oldest_goes() -> None:
    silent = Silent(SocketLimits(silent=10, silent_per_address=3))
    gone = [silent.add(f"s{n}", f"203.0.113.{n}") for n in range(13)]
    assert gone == [[]] * 10 + [["s0"], ["s1"], ["s2"]]


def test_who_has_spoken_is_none_of_them() -> None:
    silent = Silent(SocketLimits(silent_per_address=1))
    silent.add("a", "203.0.113.1")
    silent.remove("a")
    silent.remove("a")
    assert ("a" in silent, len(silent)) == (False, 0)
    assert silent.add("b", "203.0.113.1") == []


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("203.0.113.9", "203.0.113.9"),
        ("/run/hub.sock", "/run/hub.sock"),
        (None, "unknown"),
    ],
)
def test_an_ipv6_network_counts_as_one_address(address: str | None, network: str) -> None:
    assert network_of(address) == network


def test_a_share_is_given_back() -> None:
    shares = Shares()
    shares.take("1", "user:a", 2)
    shares.take("2", "user:a", 2)
    shares.take("3", "user:b", 2)
    with pytest.raises(Conflict, match="2 sockets are open"):
        shares.take("4", "user:a", 2)
    shares.give_back("4")
    shares.give_back("1")
    shares.take("5", "user:a", 2)


def test_a_company_behind_one_address_is_within_the_bounds() -> None:
    """200 people with 20 tabs each, who all come back at once."""
    limits, sockets = SocketLimits(), 200 * 20
    assert sockets <= limits.open
    assert limits.per_user >= 20
    assert limits.connects_per_user >= 20 * 2
    heartbeats_a_minute = 20 * 2
    assert heartbeats_a_minute + 20 * 10 < limits.events_per_user


@pytest.mark.parametrize("packet", ["40", '40{"token":"x"}', "40/whatsapp,{}", "41", '42["a"]', '420["a"]', "1", "3"])
def test_what_clients_send_is_let_through(packet: str) -> None:
    assert fault_of(packet) is None


@pytest.mark.parametrize("packet", ["2probe", "5"])
def test_a_probe_belongs_to_the_beginning(packet: str) -> None:
    assert fault_of(packet, early=True) is None
    assert fault_of(packet)


@pytest.mark.parametrize("packet", [b"", b"4", "", None, "0{}", "2", "6", "4", "43[]", "44", "45", "46", "47", "bAA=="])
def test_all_else_is_refused(packet: str | bytes | None) -> None:
    assert fault_of(packet, early=True)


def test_a_payload_is_refused_for_one_packet() -> None:
    assert fault_of_payload(b'42["a"]\x1e3', 2) is None
    assert fault_of_payload(b'42["a"]\x1e3\x1e3', 2) == "the body holds more than 2 packets"
    assert fault_of_payload(b'42["a"]\x1ebAA', 9) == "binary packets are not taken"
    assert fault_of_payload(b"\xff", 9) == "the body is not UTF-8"
