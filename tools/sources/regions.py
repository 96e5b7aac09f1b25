"""Find and replace the generated regions of a chapter.

A region stands between `<!-- generated:NAME -->` and `<!-- /generated -->`, each on its own line.
What is put there comes from `tables`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from credpool_conformance.problems import Problem
from tools.sources.requirements import Chapter

REGIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "at-a-glance.md": ("cells", "refinements", "state-table"),
    "recovery.md": ("decision-table",),
    "cooldowns.md": ("hints", "hint-forms", "hint-words"),
    "classification.md": ("registry",),
    "billing.md": ("billing",),
    "conformance.md": ("features",),
    "storage.md": ("auth-document", "auth-row"),
    "events.md": ("events",),
    "configuration.md": ("policy",),
    "references.md": ("references-normative", "references-informative"),
    "quotas.md": ("quota",),
    "in-band.md": ("in-band",),
    "seeding.md": ("environment", "aliases"),
}
_END: Final = "<!-- /generated -->"
_BEGIN = re.compile(r"<!-- generated:(\S+) -->")


def region_problems(chapter: Chapter) -> Iterator[Problem]:
    """Find regions that are missing, unknown, or not closed."""
    expected = REGIONS.get(chapter.name, ())
    seen: list[str] = []
    open_line = 0
    for number, line in enumerate(chapter.source.splitlines(), start=1):
        begin = _BEGIN.fullmatch(line)
        if begin and begin[1] not in expected:
            what = f"nothing generates {begin[1]!r} here"
            fix = f"write one of {', '.join(expected)}" if expected else "remove the marker"
            yield Problem(chapter.path, number, what, fix)
        if bool(begin) == bool(open_line) and (begin or line == _END):
            what = f"{line} does not pair with the marker before it"
            yield Problem(chapter.path, number, what, f"close each region with {_END}")
        if begin or line == _END:
            open_line = number if begin else 0
        seen += [begin[1]] if begin else []
    if open_line:
        yield Problem(chapter.path, open_line, "the region is not closed", f"write {_END} after it")
    for name in expected:
        if name not in seen:
            fix = f"write <!-- generated:{name} --> and {_END} on lines of their own"
            yield Problem(chapter.path, 1, f"the generated region {name!r} is missing", fix)


def fill(source: str, contents: Mapping[str, str]) -> str:
    """Put the contents into the regions of a chapter's text."""
    lines: list[str] = []
    inside = False
    for line in source.splitlines():
        begin = _BEGIN.fullmatch(line)
        inside = inside and line != _END
        if not inside:
            lines.append(line)
        if begin:
            lines += ["", contents[begin[1]], ""]
            inside = True
    return "\n".join(lines) + "\n"
