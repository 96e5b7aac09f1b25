"""A report as JUnit XML, the way pytest writes it: what GitHub, GitLab and Jenkins read.

A check is a test case, a chapter a test suite.
JUnit has no word for most outcomes; each becomes the nearest that is no better.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType
from typing import Final
from xml.etree import ElementTree as ET

from credpool_conformance.json_values import fields, items, text
from credpool_conformance.reporting.explanation import AFTERWARDS, explanation, outcome
from credpool_conformance.reporting.failing import Failing
from credpool_conformance.reporting.record import CheckRecord
from credpool_conformance.reporting.report import Report

_ELEMENTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "fail": "failure",
        "unexpected-pass": "failure",
        "harness-error": "error",
        "unverified": "error",
        "inconclusive": "skipped",
        "not-applicable": "skipped",
        "excluded": "skipped",
        "expected-fail": "skipped",
    }
)
_TOTALS: Final = (("failures", "failure"), ("errors", "error"), ("skipped", "skipped"))
# What XML 1.0 cannot say, not even escaped.
_UNSPEAKABLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report) -> str:
    """Write the XML."""
    name = {"name": "credpool-conformance"}
    root = ET.Element("testsuites", name | _totals(report.checks))
    for chapter, checks in groupby(report.checks, lambda check: check["chapter"]):
        root.append(_suite(report, chapter, tuple(checks)))
    root.extend(_beside(report))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suite(report: Report, chapter: str, checks: Sequence[CheckRecord]) -> ET.Element:
    written = text(report.header["generated_at"])
    about = {"name": chapter, "timestamp": written}
    suite = ET.Element("testsuite", about | _totals(checks))
    properties = ET.SubElement(suite, "properties")
    for name, value in (
        ("verdict", report.footer["verdict"]),
        ("spec", report.header["spec"]),
        ("suite", report.header["suite"]),
    ):
        ET.SubElement(properties, "property", name=name, value=text(value))
    suite.extend(map(_case, checks))
    return suite


def _case(check: CheckRecord) -> ET.Element:
    case = ET.Element(
        "testcase",
        classname=f"credpool-conformance.{check['chapter']}",
        name=check["id"],
        time=_seconds(check),
    )
    element = _ELEMENTS.get(outcome(check))
    said = _speakable("\n".join(explanation(check)))
    if element == "skipped":
        message = f"{outcome(check)}: {check['reason'] or ''}"
        ET.SubElement(case, element, message=_speakable(message))
    elif element:
        reason = None if outcome(check) in AFTERWARDS else check["reason"]
        message = reason or check["title"]
        found = ET.SubElement(case, element, type=outcome(check), message=_speakable(message))
        found.text = said
    elif outcome(check) != "pass":
        ET.SubElement(case, "system-out").text = said
    return case


def _beside(report: Report) -> Iterator[ET.Element]:
    """Tell what is broken and has no failing check of its own, as it was met in checks of others."""
    failing = (Failing.read(fields(raw)) for raw in items(report.footer["failing"]))
    found = [one for one in failing if one.binding and not one.known and not one.own]
    if not found:
        return
    number = str(len(found))
    totals = {"tests": number, "failures": number, "errors": "0", "skipped": "0", "time": "0"}
    suite = ET.Element("testsuite", {"name": "seen beside", **totals})
    for one in found:
        case = ET.SubElement(
            suite, "testcase", classname="credpool-conformance.beside", name=one.requirement
        )
        failure = ET.SubElement(
            case, "failure", type=one.severity, message=_speakable(one.consequence)
        )
        failure.text = _speakable(f"{one.name} {one.text}\n{one.counted}: {', '.join(one.beside)}")
    yield suite


def _totals(checks: Iterable[CheckRecord]) -> dict[str, str]:
    checks = tuple(checks)
    elements = Counter(_ELEMENTS.get(outcome(check)) for check in checks)
    counted = {name: str(elements[element]) for name, element in _TOTALS}
    seconds = sum(float(_seconds(check)) for check in checks)
    return {"tests": str(len(checks)), **counted, "time": f"{seconds:.6f}"}


def _seconds(check: CheckRecord) -> str:
    return f"{check['duration']:.6f}"


def _speakable(value: str) -> str:
    return _UNSPEAKABLE.sub("\N{REPLACEMENT CHARACTER}", value)
