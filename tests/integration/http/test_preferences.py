"""What a person has set for themselves is theirs, in every browser; what a customer said is read by who may."""

from __future__ import annotations

from tests.integration.http.conftest import Company, RunningHub

PATH = "/api/auth/preferences"
LATE = {"name": "Late", "query": "view=all&late=1"}
UNSET = {"language": None, "theme": None, "density": None, "enterSends": None, "sound": None, "shortcuts": None}


async def test_they_are_set_as_a_whole_and_are_ones_own(company: Company) -> None:
    agent, other = await company.agent(), await company.agent()
    assert (await agent.get(PATH)).json() == {"views": [], **UNSET}
    kept = {"views": [LATE], **UNSET, "theme": "dark", "enterSends": False}
    assert (await agent.put(PATH, {"views": [LATE], "theme": "dark", "enterSends": False})).json() == kept
    assert (await agent.get(PATH)).json() == kept
    assert (await other.get(PATH)).json()["views"] == []


async def test_a_bad_view_is_named(company: Company) -> None:
    answer = await company.admin.put(PATH, {"views": [LATE, {**LATE, "query": "x" * 501}]})
    assert answer.status_code == 400
    assert [e["pointer"] for e in answer.json()["errors"]] == ["/views/1/query", "/views/1/name"]


async def test_the_audit_has_them_not(company: Company) -> None:
    before = len((await company.admin.get("/api/audit?entity=user")).json())
    await company.admin.put(PATH, {"views": [LATE]})
    assert len((await company.admin.get("/api/audit?entity=user")).json()) == before


async def test_a_program_has_none(running: RunningHub, company: Company) -> None:
    key = (await company.admin.post("/api/api-keys", {"name": "program"})).json()["key"]
    assert (await running.http.get(PATH, headers={"X-Api-Key": key})).status_code == 403
