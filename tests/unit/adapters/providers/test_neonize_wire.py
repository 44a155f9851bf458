"""Our tables of protobuf fields, compared with the installed neonize's; our reading of the bytes, with Google's."""

from __future__ import annotations

import contextlib
import ctypes.util
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import neonize
from whatsapp_hub.adapters.providers.neonize.native import wire
from whatsapp_hub.adapters.providers.neonize.native.protobuf import Kind, Shape, decode, encode
from whatsapp_hub.application.ports.provider.events import Malformed

ANSWERS = {
    "SendMessage": "SendMessageReturnFunction",
    "Upload": "UploadReturnFunction",
    "IsOnWhatsApp": "IsOnWhatsAppReturnFunction",
    "PairPhone": "PairPhoneReturnFunction",
}
RENAMED = {"response": {"SendResponse", "UploadResponse", "IsOnWhatsAppResponse"}}


@pytest.fixture(scope="module")
def protos() -> dict[str, Any]:
    """neonize's own generated classes."""
    if ctypes.util.find_library("magic") is None:
        pytest.skip("libmagic1 is not installed: neonize cannot be imported")
    pytest.importorskip("neonize")
    from neonize.events import INT_TO_EVENT
    from neonize.proto import Neonize_pb2
    from neonize.proto.waCompanionReg.WAWebProtobufsCompanionReg_pb2 import DeviceProps
    from neonize.proto.waE2E import WAWebProtobufsE2E_pb2
    from neonize.proto.waHistorySync.WAWebProtobufsHistorySync_pb2 import HistorySync
    from neonize.proto.waWeb.WAWebProtobufsWeb_pb2 import WebMessageInfo

    return {
        "events": INT_TO_EVENT,
        "neonize": Neonize_pb2,
        "e2e": WAWebProtobufsE2E_pb2,
        "web": WebMessageInfo,
        "history": HistorySync,
        "props": DeviceProps,
    }


def differences(shape: Shape, descriptor: Any, seen: set[tuple[int, str]], path: str = "") -> list[str]:
    """Where a shape says something else than the descriptor."""
    if (id(shape), descriptor.full_name) in seen:
        return []
    seen.add((id(shape), descriptor.full_name))
    found = [
        f"{path}.{name}"
        for number, name in (shape.others or {}).items()
        if descriptor.fields_by_number[number].name != name
    ]
    for number, (name, kind) in shape.fields.items():
        field, bare = descriptor.fields_by_number.get(number), name.removesuffix("*")
        where = f"{path}.{name}"
        is_named = field is not None and field.name.lower() in {bare.lower(), *map(str.lower, RENAMED.get(bare, ()))}
        if not is_named or field.is_repeated != name.endswith("*"):
            found.append(where)
        elif isinstance(kind, Shape):
            found += differences(kind, field.message_type, seen, where) if field.message_type else [where]
        elif kind is not kind_of(field):
            found.append(where)
    return found


def kind_of(field: Any) -> Kind:
    known = {9: Kind.TEXT, 12: Kind.RAW, 11: Kind.RAW, 8: Kind.BOOL, 1: Kind.DOUBLE, 2: Kind.FLOAT}
    return known.get(field.type, Kind.INT)


def test_every_event_has_its_number_and_its_fields(protos: dict[str, Any]) -> None:
    for code, name in wire.EVENTS.items():
        descriptor = protos["events"][code].DESCRIPTOR
        assert descriptor.name == name
        assert differences(wire.SHAPES[name], descriptor, set(), name) == []


def test_every_other_message_has_its_fields(protos: dict[str, Any]) -> None:
    pairs = [(wire.ANSWERS[ours], getattr(protos["neonize"], theirs)) for ours, theirs in ANSWERS.items()]
    pairs += [
        (wire.PAIR_PHONE, protos["neonize"].PairPhoneParams),
        (wire.WEB_MESSAGE, protos["web"]),
        (wire.HISTORY, protos["history"]),
        (wire.MESSAGE, protos["e2e"].Message),
        (wire.DEVICE_PROPS, protos["props"]),
    ]
    for shape, theirs in pairs:
        assert differences(shape, theirs.DESCRIPTOR, set()) == []


def test_our_numbers_for_types_and_statuses_are_theirs(protos: dict[str, Any]) -> None:
    from whatsapp_hub.adapters.providers.neonize.translate import inbound, messages

    n = protos["neonize"]
    assert {n.Receipt.ReceiptType.Name(code) for code in inbound._RECEIPTS} == {"DELIVERED", "READ", "PLAYED"}
    assert n.Receipt.ReceiptType.Name(inbound._SENDER) == "SENDER"
    assert n.PairStatus.PStatus.Name(wire.PAIRED) == "SUCCESS"
    assert set(inbound._FAILURES) == set(n.ConnectFailureReason.values())
    assert set(inbound._BANS) == set(n.TemporaryBan.TempBanReason.values())
    assert protos["e2e"].ProtocolMessage.Type.Name(messages._EDIT) == "MESSAGE_EDIT"
    assert protos["e2e"].ProtocolMessage.Type.Name(messages._REVOKE) == "REVOKE"
    assert protos["history"].HistorySyncType.Name(wire.ON_DEMAND) == "ON_DEMAND"


def test_what_they_write_we_read_and_what_we_write_they_read(protos: dict[str, Any]) -> None:
    theirs = protos["e2e"].Message(
        locationMessage=protos["e2e"].LocationMessage(degreesLatitude=-23.5, degreesLongitude=46.25, name="Praça"),
    )
    read = decode(wire.MESSAGE, theirs.SerializeToString())
    assert read == {"locationMessage": {"degreesLatitude": -23.5, "degreesLongitude": 46.25, "name": "Praça"}}
    assert protos["e2e"].Message.FromString(encode(wire.MESSAGE, read)) == theirs


def test_what_go_must_be_given_is_complete(protos: dict[str, Any]) -> None:
    """neonize's messages have obligatory fields: Go refuses one without them."""
    from whatsapp_hub.adapters.providers.neonize.native.jids import parts

    jid = protos["neonize"].JID.FromString(encode(wire.JID, parts("5511900000001:7@s.whatsapp.net")))
    assert jid.IsInitialized()
    assert (jid.User, jid.Device, jid.Server) == ("5511900000001", 7, "s.whatsapp.net")


def test_our_events_are_what_neonize_can_parse(protos: dict[str, Any]) -> None:
    """So that what the pure tests build is what could really come."""
    parsed = protos["neonize"].Message.FromString(neonize.text("Oi", alt=neonize.LID))
    assert parsed.Info.MessageSource.SenderAlt.User == "84500000000001"
    assert parsed.Message.conversation == "Oi"


@given(st.binary(max_size=60))
def test_no_bytes_make_it_crash(data: bytes) -> None:
    with contextlib.suppress(Malformed):
        decode(wire.SHAPES["Message"], data)


@given(st.integers(-(2**63), 2**63 - 1), st.text(max_size=30).filter(lambda t: "\x00" not in t), st.binary(max_size=30))
def test_numbers_texts_and_bytes_survive(number: int, text: str, raw: bytes) -> None:
    shape = Shape({1: ("number", Kind.INT), 2: ("text", Kind.TEXT), 3: ("raw", Kind.RAW), 4: ("many*", Kind.TEXT)})
    values: dict[str, object] = {"number": number, "text": text, "raw": raw, "many": [text, text]}
    assert decode(shape, encode(shape, values)) == values


def test_a_field_written_otherwise_is_skipped() -> None:
    written = encode(Shape({1: ("chat", Kind.INT)}), {"chat": 7})
    assert decode(wire.SOURCE, written) == {}


def test_nesting_without_end_ends() -> None:
    data = b""
    for _ in range(500):
        data = encode(Shape({40: ("m", Kind.RAW)}), {"m": encode(Shape({1: ("m", Kind.RAW)}), {"m": data})})
    assert decode(wire.MESSAGE, data)
