"""The page behind a password-reset link: a form without a script, in the reader's language."""

import re
from html import unescape
from typing import Any

import httpx
import pytest

from tests.integration.http.conftest import Company, Person, RunningHub
from whatsapp_hub.adapters.http.pages.reset_page import WORDS, preferred
from whatsapp_hub.domain.accounts.tenant import Language

NEW = "another long password"


async def link(company: Company, person: Person) -> str:
    offered = await company.admin.post(f"/api/users/{person.id}/password-reset")
    assert offered.status_code == 201, offered.text
    return str(offered.json()["link"])


def fields(page: httpx.Response) -> dict[str, str]:
    """What a browser would send of the page's only form, before anything is typed."""
    [form] = re.findall(r"<form (.*?)>(.*?)</form>", page.text, re.DOTALL)
    assert 'method="post"' in form[0]
    inputs = re.findall(r"<input ([^>]*)>", form[1])
    named = [dict(re.findall(r'([a-z]+)="([^"]*)"', one)) for one in inputs if " name=" in f" {one}"]
    return {one["name"]: unescape(one.get("value", "")) for one in named}


async def send(running: RunningHub, page: httpx.Response, **typed: str) -> httpx.Response:
    return await running.http.post("/reset-password", data={**fields(page), **typed})


async def test_the_link_opens_a_form_that_sets_the_password_once(running: RunningHub, company: Company) -> None:
    agent = await company.agent()
    address = await link(company, agent)
    assert address.startswith(f"{running.url}/reset-password?token=")
    for _ in range(2):  # looking at it, as scanners of mail do, does not use it up
        page = await running.http.get(address)
        assert page.status_code == 200
    assert agent.user["email"] in page.text
    assert set(fields(page)) == {"token", "password", "repeated"}
    differs = await send(running, page, password=NEW, repeated="something else")
    assert (differs.status_code, WORDS[Language.PT_BR].differs in differs.text) == (400, True)
    short = await send(running, differs, password="short", repeated="short")
    assert (short.status_code, unescape(short.text).count(WORDS[Language.PT_BR].rule)) == (400, 2)
    done = await send(running, short, password=NEW, repeated=NEW)
    assert (done.status_code, WORDS[Language.PT_BR].done in done.text) == (200, True)
    assert (await running.sign_in(agent.user["email"], NEW)).id == agent.id
    for again in (await send(running, page, password=NEW, repeated=NEW), await running.http.get(address)):
        assert (again.status_code, WORDS[Language.PT_BR].expired in again.text) == (410, True)


async def test_the_page_is_locked_down_and_keeps_the_link_to_itself(running: RunningHub, company: Company) -> None:
    page = await running.http.get(await link(company, company.admin))
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "'unsafe-inline'" not in policy
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"
    assert not re.search(r"<script| on[a-z]+=|(src|href)=", page.text)


@pytest.mark.parametrize("language", list(Language))
async def test_it_speaks_the_companys_language(running: RunningHub, company: Company, language: Language) -> None:
    assert (await company.admin.patch("/api/companies/me", {"language": language.value})).status_code == 200
    address, words = await link(company, company.admin), WORDS[language]

    async def shown() -> httpx.Response:
        return await running.http.get(address, headers={"Accept-Language": "fr"})

    page = await shown()
    while f'lang="{language}"' not in page.text:  # other processes see a change of the company within a second
        page = await shown()
    assert f"<title>{words.title}</title>" in page.text


@pytest.mark.parametrize("token", ["", "x", "0" * 32 + ".x", "\ud800", "%00", "<b>"])
async def test_a_link_that_is_none_says_so_in_the_browsers_language(running: RunningHub, token: str) -> None:
    asked: Any = {"token": token.encode("utf-8", "surrogatepass")}
    english = {"Accept-Language": "fr, en-GB;q=0.8, es;q=0.5"}
    shown = await running.http.get("/reset-password", params=asked, headers=english)
    sent = await running.http.post("/reset-password", data={"token": "x", "password": NEW}, headers=english)
    for page in (shown, sent):
        assert page.status_code == 410
        assert WORDS[Language.EN].expired in page.text


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("application/json", b"{}"),
        ("application/x-www-form-urlencoded", b"\xff\xfe=%ff&token=%00&&&"),
        ("multipart/form-data; boundary=x", b"--x\r\nbroken"),
        ("multipart/form-data", b"no boundary"),
        ("text/plain", b""),
    ],
)
async def test_a_form_that_is_none_is_answered_by_the_page(running: RunningHub, kind: str, content: bytes) -> None:
    page = await running.http.post("/reset-password", content=content, headers={"Content-Type": kind})
    assert (page.status_code, "<main>" in page.text) == (410, True)


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("", Language.PT_BR),
        ("de, fr;q=0.9", Language.PT_BR),
        ("en", Language.EN),
        ("es-MX,es;q=0.9,en;q=0.8", Language.ES),
        ("en;q=0.3, pt;q=0.7", Language.PT_BR),
        ("en;q=0, es;q=0.1", Language.ES),
        ("en;q=x,*", Language.PT_BR),
    ],
)
def test_the_browsers_favourite_of_our_languages_is_chosen(accept: str, language: Language) -> None:
    assert preferred(accept) is language
