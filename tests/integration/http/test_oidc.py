"""Sign-in by an OpenID provider: who enters, who does not, and what a stolen piece of it is worth."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import msgspec
import pytest
import pytest_asyncio

from tests.fakes.openid import CLIENT_ID, CLIENT_SECRET, Lies, OpenId
from tests.integration.http.conftest import PASSWORD, Company, Person, RunningHub, _ready, _stop, eventually, free_port
from tests.integration.http.test_company import entries
from whatsapp_hub.domain.accounts.oidc import challenge_of
from whatsapp_hub.main.roles import api

_hosts = count(1)
HTML = "text/html,application/xhtml+xml"
DESK = "https://desk.example.com"


def an_address() -> dict[str, str]:
    """Say that a request comes from where no other did: each address has its own rate."""
    number = next(_hosts)
    return {"X-Forwarded-For": f"198.19.{number // 250}.{number % 250 + 1}"}


@dataclass
class Browser:
    """Keeps cookies as a browser does, and follows nothing by itself."""

    http: httpx.AsyncClient
    cookies: dict[str, str] = field(default_factory=dict)
    accept: str = HTML

    async def get(self, path: str, **query: str) -> httpx.Response:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Accept": self.accept, "Cookie": cookie, "Accept-Language": "en", **an_address()}
        answer = await self.http.get(path, params=query or None, headers=headers)
        self.http.cookies.clear()
        for line in answer.headers.get_list("set-cookie"):
            for name, morsel in SimpleCookie(line).items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value
        return answer


@dataclass
class Site:
    """Two API processes of a hub, and the provider of its people."""

    fake: OpenId
    http: httpx.AsyncClient
    second: httpx.AsyncClient

    def browser(self, http: httpx.AsyncClient | None = None) -> Browser:
        return Browser(http or self.http)

    async def begin(self, browser: Browser, **query: str) -> str:
        answer = await browser.get("/api/auth/oidc", **query)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    async def back(self, browser: Browser, person: dict[str, Any], **query: str) -> httpx.Response:
        """Begin, sign in at the provider, and come back."""
        return await self.comes_back(browser, self.fake.comes_back(await self.begin(browser, **query), **person))

    async def comes_back(self, browser: Browser, address: str) -> httpx.Response:
        parts = urlsplit(address)
        return await browser.get(f"{parts.path}?{parts.query}")

    async def code(self, person: dict[str, Any], **query: str) -> str:
        return code_of(await self.back(self.browser(), person, **query))

    async def exchange(self, code: str, verifier: str | None = None, **more: Any) -> httpx.Response:
        body = {"code": code, "verifier": verifier, **more}
        return await self.http.post("/api/auth/oidc/token", json=body, headers=an_address())

    async def enter(self, person: dict[str, Any]) -> dict[str, Any]:
        answer = await self.exchange(await self.code(person))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def fails(self, person: dict[str, Any], kind: str, status: int) -> None:
        """Nobody is signed in: said in a page, and as a problem to who takes no HTML."""
        page = await self.back(self.browser(), person)
        assert (page.status_code, page.headers["content-type"]) == (status, "text/html; charset=utf-8"), page.text
        assert "You are not signed in" in page.text
        program = self.browser()
        program.accept = "application/json"
        problem = await self.back(program, person)
        told = (problem.status_code, problem.json()["type"])
        assert told == (status, f"urn:whatsapp-hub:problem:oidc-{kind}")


def code_of(answer: httpx.Response) -> str:
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"]).partition("#code=")[2]


@pytest_asyncio.fixture(scope="module")
async def processes(running: RunningHub) -> AsyncIterator[Site]:
    ports = [free_port(), free_port()]
    async with AsyncExitStack() as stack:
        fake = await stack.enter_async_context(OpenId())
        settings = msgspec.structs.replace(
            running.settings,
            hub_public_url=f"http://127.0.0.1:{ports[0]}",
            frontend_url=DESK,
            oidc_issuer=fake.issuer,
            oidc_client_id=CLIENT_ID,
            oidc_client_secret=CLIENT_SECRET,
            oidc_label="The office",
        )
        clients = []
        for port in ports:
            parts = [asyncio.create_task(api.run(msgspec.structs.replace(settings, port=port)))]
            stack.push_async_callback(_stop, parts)
            http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30)
            clients.append(await stack.enter_async_context(http))
            await _ready(http, parts)
        yield Site(fake, *clients)


@pytest.fixture
def site(processes: Site) -> Site:
    """With a provider that tells the truth."""
    processes.fake.lies, processes.fake.says_email = Lies(), True
    processes.fake.faults.clear()
    return processes


def at_provider(person: Person | dict[str, Any], **claims: Any) -> dict[str, Any]:
    """What the provider knows of somebody."""
    user = person.user if isinstance(person, Person) else person
    return {"sub": uuid4().hex, "email": user["email"], "email_verified": True, **claims}


def stranger(**claims: Any) -> dict[str, Any]:
    return at_provider({"email": f"{uuid4().hex}@example.org"}, **claims)


async def test_the_ways_to_sign_in_are_public(site: Site, running: RunningHub) -> None:
    offered = (await site.http.get("/api/auth/methods")).json()
    assert offered == {"password": True, "oidc": {"label": "The office", "url": "/api/auth/oidc"}}
    assert (await running.http.get("/api/auth/methods")).json() == {"password": True, "oidc": None}


async def test_a_hub_without_a_provider_has_no_such_way(running: RunningHub) -> None:
    for path in ("/api/auth/oidc", "/api/auth/oidc/callback?code=a&state=b"):
        assert (await running.http.get(path)).status_code == 404
    assert (await running.http.post("/api/auth/oidc/token", json={"code": "x"})).status_code == 401


async def test_who_signed_in_at_the_provider_enters(site: Site, company: Company) -> None:
    agent = await company.agent()
    entered = await site.enter(at_provider(agent))
    assert entered["user"]["id"] == agent.id
    here = Person(site.http, entered["user"], entered["token"])
    shown = (await here.get("/api/auth/me")).json()
    assert (shown["id"], shown["company"]["id"]) == (agent.id, company.id)
    [own] = [one for one in (await here.get("/api/auth/sign-ins")).json() if one["current"]]
    assert own["how"] == "oidc"
    assert (await here.post("/api/auth/logout")).status_code == 204

    async def out() -> bool:
        return (await here.get("/api/auth/me")).status_code == 401

    await eventually(out)


async def test_the_record_of_changes_tells_link_sign_in_and_unlinking(site: Site, company: Company) -> None:
    agent, admin = await company.agent(), company.admin
    await site.enter(at_provider(agent))
    told = {entry["entity"]: entry for entry in await entries(admin) if entry["entity"] in ("oidc_link", "sign_in")}
    assert told["oidc_link"]["action"] == "GET /api/auth/oidc/callback"
    assert told["oidc_link"]["after"]["userId"] == agent.id
    assert told["sign_in"]["action"] == "POST /api/auth/oidc/token"
    assert (await admin.delete(f"/api/users/{agent.id}/oidc")).status_code == 204
    [gone] = [e for e in await entries(admin) if e["entity"] == "oidc_link" and e["change"] == "delete"]
    assert gone["email"] == admin.user["email"]


async def test_the_browser_is_sent_where_it_wanted_to_go(site: Site, company: Company) -> None:
    agent = await company.agent()
    answer = await site.back(site.browser(), at_provider(agent), next="/inbox?tab=mine")
    assert answer.headers["location"].startswith(f"{DESK}/inbox?tab=mine#code=")
    assert "no-store" in answer.headers["cache-control"]


@pytest.mark.parametrize("next", ["//evil.example", "https://evil.example", "/\\evil.example", "/a#b"])
async def test_it_is_never_sent_to_another_site(site: Site, next: str) -> None:
    answer = await site.browser().get("/api/auth/oidc", next=next)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/next")


async def test_what_one_process_begins_another_finishes(site: Site, company: Company) -> None:
    agent, browser = await company.agent(), site.browser(site.second)
    address = site.fake.comes_back(await site.begin(browser), **at_provider(agent))
    browser.http = site.http
    code = code_of(await site.comes_back(browser, address))
    answer = await site.second.post("/api/auth/oidc/token", json={"code": code})
    assert answer.json()["user"]["id"] == agent.id


async def test_the_cookie_is_out_of_reach_of_scripts_and_goes_at_the_end(site: Site, company: Company) -> None:
    browser = site.browser()
    begun = await browser.get("/api/auth/oidc")
    cookie = begun.headers["set-cookie"].lower()
    assert all(word in cookie for word in ("httponly", "samesite=lax", "max-age=600", "path=/"))
    await site.comes_back(
        browser, site.fake.comes_back(begun.headers["location"], **at_provider(await company.agent()))
    )
    assert browser.cookies == {}


async def test_another_browser_cannot_finish_it(site: Site, company: Company) -> None:
    """Neither one that began nothing, nor one that began an attempt of its own."""
    agent = at_provider(await company.agent())
    for other in (site.browser(), site.browser()):
        address = site.fake.comes_back(await site.begin(site.browser()), **agent)
        refused = await site.comes_back(other, address)
        assert (refused.status_code, "was not begun in this browser" in refused.text) == (400, True)
        await site.begin(other)


async def test_a_spoilt_cookie_is_none(site: Site, company: Company) -> None:
    agent = at_provider(await company.agent())
    for spoilt in ("", "x", "%%%", "A" * 4000, None):
        browser = site.browser()
        address = site.fake.comes_back(await site.begin(browser), **agent)
        [(name, value)] = browser.cookies.items()
        browser.cookies[name] = f"{value[:-6]}AAAAAA" if spoilt is None else spoilt
        assert (await site.comes_back(browser, address)).status_code == 400


async def test_a_state_is_good_once(site: Site, company: Company) -> None:
    """Also where the browser's cookie was kept, and the provider gave another code for it."""
    browser, agent = site.browser(), at_provider(await company.agent())
    url = await site.begin(browser)
    kept = dict(browser.cookies)
    assert (await site.comes_back(browser, site.fake.comes_back(url, **agent))).status_code == 303
    browser.cookies = kept
    assert (await site.comes_back(browser, site.fake.comes_back(url, **agent))).status_code == 400


async def test_a_code_signs_in_once(site: Site, company: Company) -> None:
    code = await site.code(at_provider(await company.agent()))
    answers = await asyncio.gather(*(site.exchange(code) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401, 401]


async def test_a_code_is_good_for_a_minute(site: Site, company: Company, hub_owner: Any) -> None:
    code = await site.code(at_provider(await company.agent()))
    await hub_owner.execute("UPDATE hub.oidc_codes SET expires_at = expires_at - interval '61 seconds'")
    assert (await site.exchange(code)).status_code == 401


@pytest.mark.parametrize("code", ["", "x", "ü", "A" * 43])
async def test_a_guessed_code_is_none(site: Site, code: str) -> None:
    assert (await site.exchange(code)).status_code == 401


async def test_only_who_began_with_a_challenge_gets_the_token(site: Site, company: Company) -> None:
    """A page exchanges only codes of sign-ins that it began itself: nobody can plant theirs."""
    agent, verifier = at_provider(await company.agent()), secrets.token_urlsafe(48)
    for wrong in (None, "w" * 43):
        code = await site.code(agent, challenge=challenge_of(verifier))
        assert (await site.exchange(code, wrong)).status_code == 401
        assert (await site.exchange(code, verifier)).status_code == 401, "it was used up"
    assert (await site.exchange(await site.code(agent), verifier)).status_code == 401
    assert (await site.exchange(await site.code(agent, challenge=challenge_of(verifier)), verifier)).status_code == 200


async def test_a_link_outlives_a_changed_email(site: Site, company: Company) -> None:
    """And who gets the old address at the provider does not become the user."""
    agent = await company.agent()
    known = at_provider(agent)
    await site.enter(known)
    assert (await site.enter({**known, "email": "renamed@example.org"}))["user"]["id"] == agent.id
    await site.fails(at_provider(agent), "linked-otherwise", 403)
    assert (await company.admin.delete(f"/api/users/{agent.id}/oidc")).status_code == 204
    assert (await company.admin.delete(f"/api/users/{agent.id}/oidc")).status_code == 404
    assert (await site.enter(at_provider(agent)))["user"]["id"] == agent.id


async def test_two_tabs_link_somebody_once(site: Site, company: Company) -> None:
    known = at_provider(await company.agent())
    entered = await asyncio.gather(*(site.enter(known) for _ in range(6)))
    assert len({one["user"]["id"] for one in entered}) == 1


async def test_nobody_unlinks_another_companys_people(site: Site, company: Company, running: RunningHub) -> None:
    agent = await company.agent()
    await site.enter(at_provider(agent))
    other = await running.company()
    assert (await other.admin.delete(f"/api/users/{agent.id}/oidc")).status_code == 404
    assert (await agent.delete(f"/api/users/{agent.id}/oidc")).status_code == 403
    assert (await company.admin.delete(f"/api/users/{running.master.id}/oidc")).status_code in (403, 404)


async def test_strangers_and_unverified_people_do_not_enter(site: Site, company: Company) -> None:
    agent = await company.agent()
    await site.fails(stranger(), "unknown-user", 403)
    await site.fails(at_provider(agent, email_verified=False), "email-unverified", 403)
    await site.fails({"sub": "nameless"}, "email-unverified", 403)


async def test_who_was_dismissed_does_not_enter(site: Site, company: Company) -> None:
    """Linked or not, and neither with a code from before."""
    linked, new = await company.agent(), await company.agent()
    known = at_provider(linked)
    await site.enter(known)
    code = await site.code(known)
    for agent in (linked, new):
        assert (await company.admin.patch(f"/api/users/{agent.id}", {"isActive": False})).status_code == 200
    assert (await site.exchange(code)).status_code == 401
    await site.fails(known, "inactive-user", 403)
    await site.fails(at_provider(new), "inactive-user", 403)


async def test_a_code_is_of_the_user_as_they_were(site: Site, company: Company) -> None:
    """Not after another password, another role."""
    agent = await company.agent()
    known = at_provider(agent)
    code = await site.code(known)
    link = (await company.admin.post(f"/api/users/{agent.id}/password-reset")).json()
    new = {"token": link["token"], "password": f"{PASSWORD} 2"}
    assert (await site.http.post("/api/auth/reset-password", json=new)).status_code == 204
    assert (await site.exchange(code)).status_code == 401
    code = await site.code(known)
    assert (await company.admin.patch(f"/api/users/{agent.id}", {"role": "ADMIN"})).status_code == 200
    assert (await site.exchange(code)).status_code == 401
    assert (await site.enter(known))["user"]["role"] == "ADMIN"


async def test_a_removed_companys_people_do_not_enter(site: Site, running: RunningHub) -> None:
    company = await running.company()
    known = at_provider(await company.agent())
    await site.enter(known)
    [slug] = [t["slug"] for t in (await running.master.get("/api/tenants")).json() if t["id"] == company.id]
    gone = await running.http.request(
        "DELETE", f"/api/tenants/{company.id}", json={"confirm": slug}, headers=running.master.headers
    )
    assert gone.status_code < 300, gone.text
    page = await site.back(site.browser(), known)
    assert page.status_code == 403


@pytest.mark.parametrize(
    "claims", [{"nonce": "another"}, {"aud": "another"}, {"iss": "https://evil.example"}, {"exp": 1}]
)
async def test_a_token_that_is_not_for_this_hub_signs_nobody_in(
    site: Site, company: Company, claims: dict[str, Any]
) -> None:
    site.fake.lies.claims = claims
    await site.fails(at_provider(await company.agent()), "provider-refused", 502)


async def test_who_turns_back_at_the_provider_is_told(site: Site) -> None:
    for error, status in (("access_denied", 403), ("server_error", 502), ("<script>", 502)):
        browser = site.browser()
        [state] = parse_qs(urlsplit(await site.begin(browser)).query)["state"]
        page = await browser.get("/api/auth/oidc/callback", error=error, state=state)
        assert (page.status_code, "<script>" in page.text) == (status, False)
        assert 'href="/api/auth/oidc"' in page.text
        assert browser.cookies == {}


async def test_the_answer_of_another_provider_is_refused(site: Site, company: Company) -> None:
    """RFC 9207: a code that was mixed up goes nowhere."""
    browser = site.browser()
    address = site.fake.comes_back(await site.begin(browser), **at_provider(await company.agent()))
    asked = site.fake.asked.count("/token")
    assert (await site.comes_back(browser, f"{address}&iss=https://evil.example")).status_code == 502
    assert site.fake.asked.count("/token") == asked


async def test_strange_answers_are_never_an_error_of_ours(site: Site) -> None:
    for query in (
        "",
        "code=x",
        "state=x",
        "code=x&state=%00",
        "state=%ED%A0%80&code=%ff",
        "code=a&code=b&state=c&state=d",
    ):
        browser = site.browser()
        await site.begin(browser)
        answer = await browser.get(f"/api/auth/oidc/callback?{query}")
        assert answer.status_code == 400, (query, answer.text)


async def test_a_provider_that_is_away_is_told_and_comes_back(site: Site, company: Company) -> None:
    known = at_provider(await company.agent())
    site.fake.fail_next("status", status=503, times=2, to="/token")
    await site.fails(known, "provider-away", 503)
    assert (await site.enter(known))["user"]["email"] == known["email"]


async def test_a_hub_whose_provider_is_down_says_so(site: Site, running: RunningHub) -> None:
    """And its password login goes on."""
    settings = msgspec.structs.replace(
        running.settings, port=free_port(), oidc_issuer=f"http://127.0.0.1:{free_port()}", oidc_client_id=CLIENT_ID
    )
    parts = [asyncio.create_task(api.run(settings))]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{settings.port}", timeout=30) as http:
        await _ready(http, parts)
        page = await Browser(http).get("/api/auth/oidc")
        assert (page.status_code, "does not answer" in page.text) == (503, True)
        assert int(page.headers["retry-after"]) > 0
        assert (await http.get("/api/auth/methods")).json()["oidc"] is not None
        assert (await http.post("/api/auth/login", json={"email": "a@b.c", "password": "x"})).status_code == 401
    await _stop(parts)


async def test_a_new_key_of_the_provider_is_learnt(site: Site, company: Company) -> None:
    agent = at_provider(await company.agent())
    await site.enter(agent)
    site.fake.rotate()

    async def learnt() -> bool:
        return (await site.back(site.browser(), agent)).status_code == 303

    await eventually(learnt)


async def test_nothing_that_signs_in_is_stored_as_it_is(site: Site, company: Company, hub_owner: Any) -> None:
    browser = site.browser()
    url = await site.begin(browser)
    code = code_of(await site.comes_back(browser, site.fake.comes_back(url, **at_provider(await company.agent()))))
    [state] = parse_qs(urlsplit(url).query)["state"]
    rows = [dict(row) for row in await hub_owner.fetch("SELECT * FROM hub.oidc_codes")]
    assert rows
    for secret in (code, state):
        assert not [row for row in rows if any(secret.encode() == v or secret == v for v in row.values())]
