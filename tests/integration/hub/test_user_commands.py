"""`whatsapp-hub user …` beside a running hub: lost access is given back, and what a stranger holds is ended."""

from tests.integration.http.conftest import PASSWORD, Company
from tests.integration.hub.test_bodies import cli
from tests.integration.hub.world import World, until


async def test_an_operator_lists_users_sets_passwords_and_signs_people_out(world: World, company: Company) -> None:
    agent, other = await company.agent(), await company.agent()
    slug = await world.owner.fetchval("SELECT slug FROM hub.tenants WHERE id = $1::text::uuid", company.id)
    email, anew = agent.user["email"], "a password set by the operator"
    listed, reset, signed_out, _ = await cli(
        world,
        ("user", "list", "--tenant", slug),
        ("user", "reset-password", email.upper(), "--password", anew),
        ("user", "sign-out", other.user["email"]),
    )
    assert [line.split()[:4] for line in listed.splitlines()] == [
        [slug, person.user["email"], person.user["role"], "active"]
        for person in sorted((agent, other, company.admin), key=lambda person: str(person.user["email"]))
    ]
    assert "all sign-ins are ended" in reset
    assert "dismissed" not in reset
    assert signed_out.startswith("1 sign-ins of ")

    async def both_are_out() -> bool:
        answers = [await person.get("/api/departments") for person in (agent, other)]
        return [answer.status_code for answer in answers] == [401, 401]

    await until(both_are_out, patience_s=3)
    old = await world.hub.http.post("/api/auth/login", json={"email": email, "password": PASSWORD})
    assert old.status_code == 401
    assert (await world.hub.sign_in(email, anew)).id == agent.id
    entries = (await company.admin.get("/api/audit", entityId=agent.id)).json()
    assert [e["caller"] for e in entries if e["action"] == "whatsapp-hub user reset-password"] == ["operator"]
