"""A one-time password-reset link (contract E)."""

from typing import Any

from tests.integration.http.conftest import PASSWORD, Company, RunningHub


async def reset(hub: RunningHub, token: str, password: str) -> Any:
    return await hub.http.post("/api/auth/reset-password", json={"token": token, "password": password})


async def test_a_link_sets_a_new_password_once(running: RunningHub, company: Company) -> None:
    agent = await company.agent()
    offered = await company.admin.post(f"/api/users/{agent.id}/password-reset")
    assert offered.status_code == 201
    token = offered.json()["token"]
    assert offered.json()["link"] == f"{running.url}/reset-password?token={token}"
    short = await reset(running, token, "short")
    assert (short.status_code, short.json()["errors"][0]["pointer"]) == (400, "/password")
    assert (await reset(running, token, "another long password")).status_code == 204
    assert (await running.sign_in(agent.user["email"], "another long password")).id == agent.id
    old = {"email": agent.user["email"], "password": PASSWORD}
    assert (await running.http.post("/api/auth/login", json=old)).status_code == 401
    again = await reset(running, token, "a third long password")
    assert (again.status_code, again.json()["errors"][0]["pointer"]) == (400, "/token")


async def test_a_newer_link_ends_the_older_and_time_ends_all(
    running: RunningHub, company: Company, hub_owner: Any
) -> None:
    agent = await company.agent()
    path = f"/api/users/{agent.id}/password-reset"
    older, newer = [(await company.admin.post(path)).json()["token"] for _ in range(2)]
    assert (await reset(running, older, "another long password")).status_code == 400
    await hub_owner.execute(
        "UPDATE hub.password_resets SET expires_at = now() WHERE user_id = $1::text::uuid", agent.id
    )
    assert (await reset(running, newer, "another long password")).status_code == 400
    for nonsense in ("", "x", "0" * 32 + ".x", "." * 9):
        assert (await reset(running, nonsense, "another long password")).status_code == 400


async def test_only_administrators_offer_links_and_never_for_their_masters(
    running: RunningHub, company: Company
) -> None:
    agent = await company.agent()
    assert (await agent.post(f"/api/users/{agent.id}/password-reset")).status_code == 403
    assert (await company.admin.post(f"/api/users/{running.master.id}/password-reset")).status_code == 404
    other = await running.company()
    assert (await other.admin.post(f"/api/users/{agent.id}/password-reset")).status_code == 404
