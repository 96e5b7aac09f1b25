"""A report as a badge: the JSON that an endpoint of shields.io serves.

A badge says the verdict and nothing better; a part of the suite never looks like the whole.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from credpool_conformance.json_values import text
from credpool_conformance.reporting.report import Report

_COLOURS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "conformant": "brightgreen",
        "not-conformant": "red",
        "incomplete": "orange",
        "error": "red",
        "filtered": "lightgrey",
    }
)


def render(report: Report) -> str:
    """Write the endpoint's JSON."""
    verdict = text(report.footer["verdict"])
    badge = {
        "schemaVersion": 1,
        "label": f"credential pool {text(report.header['spec'])}".rstrip(),
        "message": verdict.replace("-", " "),
        "color": _COLOURS.get(verdict, "lightgrey"),
    }
    return json.dumps(badge, indent=2) + "\n"
