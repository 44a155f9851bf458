"""PATCH with null clears what may be empty (what the entity shows as null), and nothing else."""

from typing import Any

import pytest

from tests.integration.http.conftest import Company

HOURS = {"timezone": "America/Manaus", "week": {"mon": [["09:00", "12:00"]]}}


async def cleared(company: Company, path: str, field: str, value: Any) -> tuple[Any, Any]:
    """What a field shows after it was set, and after it was set to null."""
    shown = []
    for given in (value, None):
        answer = await company.admin.patch(path, {field: given})
        assert answer.status_code == 200, answer.text
        shown.append(answer.json()[field])
    return shown[0], shown[1]


async def test_a_sessions_department_and_webhook_are_cleared(company: Company) -> None:
    session, department = await company.session(), await company.department()
    path = f"/api/sessions/{session['id']}"
    assert await cleared(company, path, "departmentId", department["id"]) == (department["id"], None)
    url = "https://example.org/hook"
    assert await cleared(company, path, "webhookUrl", url) == (url, None)
    assert (await company.admin.get("/api/webhooks")).json() == []
    kept = await company.admin.patch(path, {"name": "another"})
    assert (kept.json()["name"], kept.json()["departmentId"]) == ("another", None)


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("user", "departmentId", None),
        ("user", "maxConversations", 3),
        ("department", "maxConversations", 3),
        ("department", "hours", HOURS),
        ("department", "firstResponseTargetMinutes", 5),
        ("company", "hours", HOURS),
        ("company", "resolutionTargetMinutes", 5),
    ],
)
async def test_what_else_may_be_empty_is_cleared(company: Company, kind: str, field: str, value: Any) -> None:
    department = await company.department()
    agent = await company.agent(department)
    paths = {
        "user": f"/api/users/{agent.id}",
        "department": f"/api/departments/{department['id']}",
        "company": "/api/companies/me",
    }
    value = department["id"] if value is None else value
    before, after = await cleared(company, paths[kind], field, value)
    assert (bool(before), after) == (True, None)


async def test_null_for_what_is_never_empty_leaves_it(company: Company) -> None:
    department = await company.department("Vendas")
    answer = await company.admin.patch(f"/api/departments/{department['id']}", {"name": None, "color": None})
    assert (answer.status_code, answer.json()["name"], answer.json()["color"]) == (200, "Vendas", department["color"])
