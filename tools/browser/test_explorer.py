"""The Explorer, driven through whole rotations in a real browser."""

import gzip
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Response

from tools.browser.conftest import DESKTOP, PHONE, Opens
from tools.browser.pages import SIMULATION

EXPLAIN, SIMULATE = "[data-ready=explain]", "[data-ready=simulate]"
MOST_TABS = 400
MOST_BYTES = 75_000
"""Of all that the page loads beside the theme, compressed as hosts send it."""


def tab_to(page: Page, selector: str, key: str = "Tab") -> None:
    """Move the focus by one key alone until it is on what is looked for."""
    for _ in range(MOST_TABS):
        page.keyboard.press(key)
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            return
    raise AssertionError(f"{MOST_TABS} times {key} never reach {selector}")


def press(page: Page, selector: str, *, times: int = 1, key: str = "Tab") -> None:
    """Go to a control by one key, and press Enter; the focus stays there."""
    tab_to(page, selector, key)
    for _ in range(times):
        page.keyboard.press("Enter")
        assert page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector)


def said(page: Page) -> str:
    """Return what the live region says."""
    return page.inner_text(".x-said")


def test_a_whole_rotation_by_keyboard_alone(window: Opens) -> None:
    """A 429 and another one rotate, the cooldown ends, the entry returns; then it is undone."""
    page = window(DESKTOP).go("explorer/", EXPLAIN)
    tab_to(page, "[role=tab]")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(SIMULATE)
    heard = []

    press(page, "[data-key=clear]")
    tab_to(page, ".x-palette .x-chip")
    press(page, '[data-key="reply-generic/rate-limit"]', times=2, key="ArrowRight")
    for control in ("send", "return", "send"):
        press(page, f"[data-key={control}]")
        heard.append(said(page))
    cited = page.locator(".x-log .x-requirement").all_inner_texts()
    press(page, "[data-key=undo]", times=2)
    heard.append(page.inner_text(".x-now time"))

    assert heard == [
        "Call 1: work 429, work 429, home 200, delivered 200. Now work out for 1 h, home available.",
        "Mon 10:00:00, 1 h later: work available, home available.",
        "Call 2: work 200, delivered 200. Now work available, home available.",
        "Mon 09:00:00",
    ]
    assert {
        "recover.rate-limited.retry-once",
        "recover.rate-limited.rotate-second",
        "cooldown.default",
        "cooldown.end",
    } <= {*cited}


def test_the_address_is_the_state(window: Opens) -> None:
    """A colleague who opens the address sees the same; the way back is in it, too."""
    first = window(DESKTOP).go(f"explorer/#{SIMULATION}", SIMULATE)
    first.click("[data-key=send]")
    log = first.inner_text(".x-log")
    address = urlsplit(first.url)

    other = window(PHONE).go(f"explorer/#{address.fragment}", SIMULATE)

    assert other.inner_text(".x-log").split() == log.split()
    other.click("[data-key=undo]")
    assert urlsplit(other.url).fragment == address.fragment.removesuffix(",send")


def test_a_reply_is_dragged_to_an_entry(window: Opens) -> None:
    """It stands before the entry on which it was dropped."""
    page = window(DESKTOP).go("explorer/#simulate", SIMULATE)

    page.drag_and_drop(
        '.x-replies [data-key="reply-generic/rate-limit"]', '[aria-label="Entry home"]'
    )

    assert page.locator('[aria-label="Entry home"] .x-script').inner_text().startswith("429")


def test_an_entry_is_edited_and_the_run_follows(window: Opens) -> None:
    """Another priority changes who is asked first, from the beginning."""
    page = window(DESKTOP).go("explorer/#simulate", SIMULATE)
    page.click("[data-key=clear]")

    page.click("[data-key=edit-a]")
    page.fill("[data-key=priority-a]", "5")
    page.keyboard.press("Tab")
    page.wait_for_function("document.activeElement.dataset.key === 'owner-a'")
    page.wait_for_function("location.hash.includes('entry=a,work,metered,5')")
    page.click("[data-key=send]")

    assert said(page).startswith("Call 1: home 200")
    assert page.evaluate("document.querySelector('.x-edit').open")


def test_what_is_pasted_is_explained_as_it_is_typed(window: Opens) -> None:
    """The verdict follows the text, is told to a screen reader, and leads to its requirement."""
    page = window(DESKTOP).go("explorer/#explain/openai/rate-limit", EXPLAIN)
    before = page.inner_text("[role=status] .x-class")

    page.get_by_label("Body").fill('{"error": {"code": "insufficient_quota"}}')

    assert [before, page.inner_text("[role=status] .x-class")] == ["rate_limited", "out_of_credit"]
    assert urlsplit(page.url).fragment == "explain"
    page.click(".x-facts .x-requirement")
    page.wait_for_url("**/spec/recovery/#recover.table")
    assert page.locator('a[id="recover.table"]').count() == 1


def test_a_reply_is_taken_over_into_a_pool(window: Opens) -> None:
    """The reply that was explained is played."""
    page = window(PHONE).go("explorer/#explain/openai/insufficient-quota", EXPLAIN)

    page.click("text=Play this reply in a pool")
    page.wait_for_selector(SIMULATE)

    assert said(page).startswith("Call 1: first 429, second 200, delivered 200.")


@pytest.mark.parametrize(
    ("address", "ready"),
    [
        (
            "simulate?provider=__proto__&strategy=constructor&first=x&entry=a&do=reply:a:toString",
            SIMULATE,
        ),
        ("simulate?do=send:%E0%A4%A,wait:x,,drop:z:1&entry=,,&entry=q,<b>x</b>,,x", SIMULATE),
        ("explain/__proto__/x", EXPLAIN),
        ("explain?bm8", EXPLAIN),
        ("nothing", EXPLAIN),
    ],
)
def test_a_broken_address_does_no_harm(window: Opens, address: str, ready: str) -> None:
    """The page shows what it can read of it, and complains of nothing."""
    page = window(DESKTOP).go(f"explorer/#{address}", ready)

    assert page.locator("[role=alert]").count() == 0
    assert page.locator("[role=status]:visible").count() == 1


def test_every_story_is_told(window: Opens) -> None:
    """Each can be opened, and something happens in it."""
    page = window(DESKTOP).go("explorer/#simulate", SIMULATE)
    told = [said(page)]
    other = "(before) => document.querySelector('.x-said').textContent !== before"

    for link in page.locator(".x-stories a").all():
        link.click()
        page.wait_for_function(other, arg=told[-1])
        told.append(said(page))

    assert len({*told}) >= 7


def test_the_page_is_light(window: Opens) -> None:
    """All that it loads beside the theme is small, in either view."""
    weights = []
    for path, ready in (("explorer/", EXPLAIN), ("explorer/#simulate", SIMULATE)):
        visit = window(DESKTOP)
        loaded: list[Response] = []
        visit.page.on("response", lambda one, loaded=loaded: loaded.append(one))
        visit.go(path, ready)
        own = [one for one in loaded if is_own(one.url)]
        weights.append(sum(len(gzip.compress(one.body(), 6)) for one in own))

    assert max(weights) <= MOST_BYTES
    assert min(weights) > MOST_BYTES // 3


def is_own(url: str) -> bool:
    """Whether a file is the Explorer's, and not the theme's."""
    path = urlsplit(url).path
    return "/explorer/" in path or Path(path).name == "state.css"
