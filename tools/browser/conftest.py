"""A server for the built site, and a browser that notes what a page complains of and asks for.

`SITE_FOLDER` names the folder and `CHROMIUM` the browser; `nox -s browser` sets both.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Final, Literal, Protocol
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

DESKTOP: Final = ViewportSize(width=1440, height=1000)
PHONE: Final = ViewportSize(width=390, height=844)

Scheme = Literal["light", "dark"]
Motion = Literal["reduce", "no-preference"]


class Quiet(SimpleHTTPRequestHandler):
    """The files of a folder, without a line for each request."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass
class Visit:
    """A page that is open, what it complained of, and which addresses it asked for."""

    page: Page
    base: str
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def strangers(self) -> list[str]:
        """Return the addresses on other hosts that were asked for."""
        own = urlsplit(self.base).netloc
        return [url for url in self.asked if urlsplit(url).netloc not in {own, ""}]

    def go(self, path: str, ready: str) -> Page:
        """Open a page of the site, and wait until it is ready."""
        self.page.goto(f"{self.base}/{path}")
        self.page.wait_for_selector(ready)
        return self.page


class Opens(Protocol):
    """Open a browser's window of its own."""

    def __call__(
        self, size: ViewportSize, scheme: Scheme = "light", motion: Motion = "no-preference"
    ) -> Visit:
        """Take the window's size and what its reader prefers."""


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """Serve the built site on a free port of this machine alone; return its address."""
    folder = os.environ["SITE_FOLDER"]
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Start the browser of the system, without a window."""
    with sync_playwright() as playwright:
        options = {"executable_path": os.environ["CHROMIUM"], "args": ["--no-sandbox"]}
        browser = playwright.chromium.launch(**options)
        yield browser
        browser.close()


@pytest.fixture
def window(chromium: Browser, site: str) -> Iterator[Opens]:
    """Open windows; when the test is over, no page has complained or asked another host."""
    visits: list[Visit] = []

    def opens(
        size: ViewportSize, scheme: Scheme = "light", motion: Motion = "no-preference"
    ) -> Visit:
        context = chromium.new_context(viewport=size, color_scheme=scheme, reduced_motion=motion)
        page = context.new_page()
        visit = Visit(page, site)
        page.on("console", lambda said: note(visit, said.type, said.text))
        page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        page.on("request", lambda request: visit.asked.append(request.url))
        visits.append(visit)
        return visit

    yield opens
    for visit in visits:
        visit.page.context.close()
    assert [visit.complaints for visit in visits if visit.complaints] == []
    assert [visit.strangers() for visit in visits if visit.strangers()] == []


def note(visit: Visit, kind: str, text: str) -> None:
    """Keep what the console says is wrong."""
    if kind in {"error", "warning"}:
        visit.complaints.append(f"{kind}: {text}")
