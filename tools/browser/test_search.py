"""The search in a real browser: its index waits until somebody asks, and then the right page comes first."""

import gzip

import pytest
from playwright.sync_api import Page, Response

from tools.browser.conftest import DESKTOP, PHONE, Opens

FIELD, FIRST = "[data-md-component=search-query]", ".md-search-result__item a"
MOST_BYTES = 250_000
"""Of Home with all that it loads, compressed as hosts send it."""


def loaded(page: Page) -> list[Response]:
    """Note all that a page is answered."""
    replies: list[Response] = []

    def note(reply: Response) -> None:
        replies.append(reply)

    page.on("response", note)
    return replies


def test_home_is_light_and_leaves_the_index_alone(window: Opens) -> None:
    """A reader who does not search loads no index."""
    visit = window(DESKTOP)
    replies = loaded(visit.page)

    visit.go("", "main")
    visit.page.wait_for_load_state("networkidle")

    assert [url for url in visit.asked if url.endswith("search_index.json")] == []
    assert sum(len(gzip.compress(reply.body())) for reply in replies) <= MOST_BYTES


@pytest.mark.parametrize("way", ["by keyboard", "by mouse", "on a phone"])
def test_who_turns_to_the_search_finds(window: Opens, way: str) -> None:
    """The words that are typed have answers, by each way to the field."""
    shown = window(PHONE if way == "on a phone" else DESKTOP).go("", "main")

    if way == "by keyboard":
        shown.keyboard.press("/")
    else:
        shown.click("label[for=__search]" if way == "on a phone" else FIELD)
    shown.keyboard.type("gunicorn fork")
    first = shown.wait_for_selector(FIRST)

    assert first
    assert "guide/deploy/" in str(first.get_attribute("href"))


def test_a_link_to_an_answer_searches_by_itself(window: Opens) -> None:
    """The address can hold the question, for a colleague."""
    shown = window(DESKTOP).go("?q=langchain", "main")

    first = shown.wait_for_selector(FIRST)

    assert first
    assert "guide/use-it-with/" in str(first.get_attribute("href"))
