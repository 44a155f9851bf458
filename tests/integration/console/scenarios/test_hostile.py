"""Names, texts and files that are made to harm: shown as they are, never run, and nothing else is moved by them."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.integration.console.conftest import ADMIN, Open, Site
from tests.integration.console.test_inbox import phone

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ZALGO = "Z" + "\u0301\u0302\u0303\u0304\u0305\u0306\u0307" * 40 + "algo"
RTL = "\u202egnp.exe\u202c \u2067שלום\u2069 \u200f"
TEXTS = (
    "<img src=x onerror=alert(1)><script>alert(1)</script>",
    RTL,
    "\U0001f600" * 4_096,
    ZALGO,
    "a\u0001b\u007fc\ufeff\u2028d",
    'javascript:alert(1) JaVaScRiPt://x/%0aalert(1) data:text/html,<b>x</b> https://ok.example/"onmouseover=alert(1)',
    "*_~" * 400,
    "x" * 4_096,
)
NAMES = ("<b onclick=alert(1)>Bo</b>", f"{ZALGO} {RTL}", "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 20, "'; DROP--")
DROPPED = """(name) => {
  const data = new DataTransfer();
  data.items.add(new File(["x"], name, { type: "text/plain" }));
  document.querySelector(".composer")
    .dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
}"""


async def test_hostile_content_is_shown_and_never_run(site: Site, open_window: Open) -> None:
    session_id = await site.sandbox("harm <i>x</i>")
    window = await open_window(ADMIN[0])
    page = window.page
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    for name in NAMES:
        number = phone()
        for text in TEXTS:
            await site.writes(session_id, number, text, name)
        conversation = await site.conversation_of(number)
        await page.goto(f"{site.url}/dashboard/c/{conversation['id']}?view=all")
        bubbles = page.locator(".bubble.in")
        await expect(bubbles).to_have_count(len(TEXTS))
        assert await page.locator(".bubble img, .bubble script, .row img, .row b[onclick]").count() == 0
        addresses = await page.locator(".bubble a").evaluate_all("all => all.map((one) => one.getAttribute('href'))")
        assert addresses == ["https://ok.example/"]
        boxes = await bubbles.evaluate_all("all => all.map((one) => one.getBoundingClientRect().right)")
        frame = await page.locator(".timeline").evaluate("one => one.getBoundingClientRect().right")
        assert max(boxes) <= frame
        row = page.locator(".row[aria-current]")
        assert (await row.evaluate("one => one.scrollHeight - one.clientHeight")) <= 1
    for name in ("<svg onload=alert(1)>.txt", f"invoice{RTL}.txt", "../../etc/passwd", "x" * 240 + ".txt"):
        await page.evaluate(DROPPED, name)
        await page.locator(".composer").get_by_role("button", name="Send", exact=True).click()
        refused = page.locator(".uploads li.wrong")
        await expect(page.locator(".uploads li:not(.wrong)")).to_have_count(0)
        if await refused.count():  # a name that the hub does not take is said, and the file stays
            await refused.get_by_role("button").click()
    await expect(page.locator(".bubble.out .file").first).to_be_visible()
    assert await page.locator(".bubble svg[onload]").count() == 0
    assert await page.locator(".bubble.out .file").evaluate_all(
        "all => all.every((one) => one.href.includes('/api/media/'))"
    )
    assert dialogs == []
