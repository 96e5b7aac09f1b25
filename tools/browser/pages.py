"""The pages that a real browser opens, in every scheme and width; add a row for a kind of page."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page, and what of it is judged."""

    path: str
    """Its address below the site's, with what is behind the `#`."""

    ready: str = "main"
    """A selector of something that is there when the page has finished its own work."""

    within: str | None = None
    """The part whose accessibility is judged; None is all of it."""


EXPLORER: Final = ".explorer"
SIMULATION: Final = (
    "simulate?provider=chatgpt&strategy=fill_first"
    "&entry=a,plan,subscription,0,,oauth&entry=b,work,metered,1,acme,api_key"
    "&entry=c,home,metered,2,acme,api_key"
    "&do=reply:a:chatgpt/token-expired,reply:a:token-gone,reply:b:generic/insufficient-quota,send,"
    "wait:3600,send,reply:b:generic/rate-limit"
)
"""A pool with entries that are dead, out and scripted."""

# Of the Explorer everything is judged; of what the theme makes, what WCAG asks for.
PAGES: Final = (
    Page(path=""),
    Page(path="quickstart/"),
    Page(path="guide/use-it-with/"),
    Page(path="spec/recovery/"),
    Page(path="spec/requirements/"),
    Page(path="reference/providers/"),
    Page(path="reference/providers/anthropic/"),
    Page(path="reference/auth-json/"),
    Page(path="conformance/gallery/"),
    Page(path="conformance/pairs/"),
    Page(path="explorer/", ready="[data-ready=explain]", within=EXPLORER),
    Page(
        path="explorer/#explain/anthropic/model-weekly-limit",
        ready="[data-ready=explain]",
        within=EXPLORER,
    ),
    Page(path=f"explorer/#{SIMULATION}", ready="[data-ready=simulate]", within=EXPLORER),
)
