"""The forms a report can be given for other readers, all of them made from its NDJSON.

None of them judges: verdict and outcomes are the report's own.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from credpool_conformance.reporting.formats import (
    badge,
    document,
    html_page,
    junit,
    known_list,
    markdown,
)
from credpool_conformance.reporting.report import Report

FORMATS: Final[Mapping[str, Callable[[Report], str]]] = MappingProxyType(
    {
        "json": document.render,
        "junit": junit.render,
        "markdown": markdown.render,
        "html": html_page.render,
        "badge": badge.render,
        "known-failures": known_list.render,
    }
)
