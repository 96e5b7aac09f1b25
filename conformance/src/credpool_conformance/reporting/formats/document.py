"""A report as one JSON document: header, checks, footer.

Its schema is `schemas/report-document.schema.json`.
"""

import json

from credpool_conformance.reporting.report import Report


def render(report: Report) -> str:
    """Write the document."""
    whole = {
        "header": {**report.header},
        "checks": [{**check} for check in report.checks],
        "footer": {**report.footer},
    }
    return json.dumps(whole, indent=2) + "\n"
