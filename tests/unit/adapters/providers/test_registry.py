"""Which providers a hub has."""

from __future__ import annotations

from importlib.metadata import EntryPoint

from tests.fakes.phones import FakePhones
from whatsapp_hub.adapters.providers.registry import (
    GROUP,
    ProviderOptions,
    all_plugins,
    builtin_plugins,
    third_party_plugins,
)
from whatsapp_hub.adapters.providers.waha.plugin import Waha

PLUGIN = Waha(now=lambda: None)  # type: ignore[arg-type,return-value]
PLUGIN.kind = "CARRIER_PIGEON"  # type: ignore[misc]
NOT_A_PLUGIN = object()


def make() -> Waha:
    return PLUGIN


def breaks() -> Waha:
    raise RuntimeError("broken on purpose")


def entry(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, GROUP)


def test_the_sandbox_is_there_only_if_it_is_open() -> None:
    assert set(builtin_plugins(ProviderOptions(), FakePhones())) == {"META", "WAHA", "NEONIZE"}
    assert set(builtin_plugins(ProviderOptions(sandbox=True), FakePhones())) == {"META", "WAHA", "NEONIZE", "SANDBOX"}
    assert set(all_plugins(ProviderOptions(sandbox=True), FakePhones())) >= {"META", "WAHA", "SANDBOX"}


def test_a_package_offers_a_plugin_or_what_makes_one() -> None:
    for name in ("make", "PLUGIN"):
        found = third_party_plugins([entry("pigeon", f"{__name__}:{name}")], taken={"META"})
        assert found == {"CARRIER_PIGEON": PLUGIN}


def test_a_broken_package_is_left_out() -> None:
    broken = ["no.such.module:x", f"{__name__}:breaks", f"{__name__}:NOT_A_PLUGIN", f"{__name__}:nothing"]
    entries = [entry(f"broken{n}", value) for n, value in enumerate(broken)]
    found = third_party_plugins([*entries, entry("pigeon", f"{__name__}:make")], taken=())
    assert set(found) == {"CARRIER_PIGEON"}


def test_a_built_in_kind_cannot_be_replaced() -> None:
    assert third_party_plugins([entry("pigeon", f"{__name__}:make")], taken={"CARRIER_PIGEON"}) == {}
