"""Who is one person: whatever comes first, the same sightings give the same contacts."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.providers import plain_plugins
from whatsapp_hub.adapters.memory.storage import MemoryStorage
from whatsapp_hub.domain.accounts.tenant import Tenant
from whatsapp_hub.domain.ids import TenantId
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.messaging.recognition import Sighting

NOW = datetime(2026, 11, 27, tzinfo=UTC)
SPELLINGS = (
    ("5511999990001", "551199990001"),
    ("5215512345678", "525512345678"),
    ("5491123456789", "541123456789"),
    ("4917012345678",),
)

phones = st.sampled_from(range(4)).flatmap(lambda person: st.sampled_from(SPELLINGS[person])).map(Identity.phone)
lids = st.sampled_from("1234").map(lambda digit: Identity.lid(digit * 9))
bsuids = st.sampled_from("1234").map(lambda digit: Identity.bsuid(f"BR.{digit}"))
sighted = st.lists(st.one_of(phones, lids, bsuids), min_size=1, max_size=2).map(
    lambda names: Sighting(tuple(names), None)
)


def joined(sightings: list[Sighting]) -> set[frozenset[Identity]]:
    """What must come of them: identities that a chain of sightings joins."""
    people: list[set[Identity]] = []
    for sighting in sightings:
        names = set(sighting.identities)
        touched = [person for person in people if person & names]
        people = [person for person in people if not person & names] + [names.union(*touched)]
    return {frozenset(person) for person in people}


@given(st.data(), st.lists(sighted, min_size=1, max_size=8))
async def test_any_order_and_any_batches_of_sightings_give_the_same_contacts(
    data: st.DataObject, sightings: list[Sighting]
) -> None:
    order = data.draw(st.permutations(sightings))
    cut = data.draw(st.integers(0, len(order)))
    storage = MemoryStorage(plugins=plain_plugins())
    tenant = Tenant(TenantId(uuid4()), "a", "A", NOW)
    await storage.directory.add_tenant(tenant)
    for batch in (order[:cut], order[cut:]):
        async with storage.tenant(tenant.id) as uow:
            await uow.contacts.find_or_create(batch, NOW)
            await uow.commit()
    async with storage.tenant(tenant.id) as uow:
        [*met] = (await uow.contacts.find_or_create([Sighting((i,), None) for s in order for i in s.identities], NOW))[
            0
        ]
    assert {frozenset(contact.identities) for contact, _ in met} == joined(sightings)
