"""Every kind of page, in a real browser: accessible, quiet, and no wider than its window."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tools.browser.conftest import DESKTOP, PHONE, Opens, Scheme
from tools.browser.pages import PAGES, Page

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
WINDOWS = {"desktop": DESKTOP, "phone": PHONE}


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WINDOWS)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path.partition("?")[0])
def test_a_page_is_accessible_and_fits(
    window: Opens, page: Page, width: str, scheme: Scheme
) -> None:
    """Axe finds nothing, and nothing has to be moved sideways to be read."""
    visit = window(WINDOWS[width], scheme, "reduce")
    shown = visit.go(page.path, page.ready)

    options = {} if page.within else {"runOnly": WCAG}
    found = Axe().run(shown, context=page.within, options=options).response["violations"]

    assert [(one["id"], node["target"]) for one in found for node in one["nodes"]] == []
    assert shown.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path.partition("?")[0])
def test_a_page_keeps_still_for_who_wants_it(window: Opens, page: Page) -> None:
    """With reduced motion nothing of the judged part moves, now or when it changes."""
    visit = window(DESKTOP, motion="reduce")
    shown = visit.go(page.path, page.ready)
    script = """(part) => [...document.querySelectorAll(`${part}, ${part} *`)].filter((one) => {
        const { animationName, transitionDuration } = getComputedStyle(one);
        return animationName !== "none" || /[1-9]/.test(transitionDuration);
    }).map((one) => one.outerHTML.slice(0, 80))"""

    moving = shown.evaluate(script, page.within or "main")

    assert moving == []
