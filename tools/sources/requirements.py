"""Read the requirement blocks of a chapter.

The grammar, in a chapter of `spec/`:

    > `[recover.rate-limited.retry-once+3]` A pool **MUST** try the same entry once more.

    *Feature:* oauth, store   (optional; without it the requirement is core, with several it needs all)

    *Intent:* why.

    *If broken:* what happens to a user.

The block begins with the id and its revision; it holds exactly one BCP 14 keyword, in bold.
What the requirements mean to one another, and to the code, is not read here: see `lints`.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from credpool_conformance.problems import Problem
from tools.sources.markdown import HEADING, fenced_lines, fold, keywords

ALLOWED: Final = ("MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY")
CORE: Final = "core"
BCP14_MARKER: Final = "<!-- bcp14 -->"
BCP14_CHAPTER: Final = "introduction.md"

ID: Final = r"[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)+"
REFERENCE: Final = re.compile(rf"(?P<id>{ID})\+(?P<revision>[1-9][0-9]*)")

_OPENING = re.compile(rf"`\[{REFERENCE.pattern}\]`\s+(?P<text>.+)")
_ANY_ID = re.compile(r"`\[[^\]`]*\+[^\]`]*\]`")
_SPLIT_NOT = re.compile(r"\*\*(MUST|SHOULD)\*\*\s+not\b", re.IGNORECASE)
_LABEL = re.compile(r"\*(Feature|Intent|If broken):\*\s*(.*)")
_FEATURES = re.compile(r"[a-z][a-z0-9-]*(?:, [a-z][a-z0-9-]*)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One requirement: a sentence with an id, and why it stands."""

    id: str
    revision: int
    keyword: str
    features: tuple[str, ...]
    text: str
    intent: str
    consequence: str
    chapter: str
    heading: str
    line: int
    block_end: int
    end: int

    @property
    def feature(self) -> str:
        """The feature that it is counted for, the first one named; it applies where all are."""
        return self.features[0]

    @property
    def reference(self) -> str:
        """The id with its revision, as checks and comments cite it."""
        return f"{self.id}+{self.revision}"

    @property
    def sha256(self) -> str:
        """The digest of the sentence, by which a silent change is noticed."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """One chapter: its text, its requirements, and what is wrong with them."""

    name: str
    source: str
    requirements: tuple[Requirement, ...]
    problems: tuple[Problem, ...]

    @property
    def path(self) -> str:
        """Where the chapter is, from the root of the repository."""
        return f"spec/{self.name}"

    @property
    def title(self) -> str:
        """The chapter's first heading."""
        headings = (HEADING.match(line) for line in self.source.splitlines())
        return next((found[1] for found in headings if found), self.name)


def parse_chapter(name: str, source: str) -> Chapter:
    """Read a chapter; faults are kept beside what could be read."""
    reader = _Reader(name, source)
    requirements = tuple(reader.requirements())
    reader.check_prose()
    return Chapter(
        name=name, source=source, requirements=requirements, problems=tuple(reader.problems)
    )


class _Reader:
    """Walks over one chapter and collects requirements and problems."""

    def __init__(self, name: str, source: str) -> None:
        self.name = name
        self.lines = source.splitlines()
        self.fenced = fenced_lines(self.lines)
        self.in_block = [False] * len(self.lines)
        self.problems: list[Problem] = []

    def report(self, index: int, what: str, fix: str) -> None:
        self.problems.append(Problem(f"spec/{self.name}", index + 1, what, fix))

    def requirements(self) -> Iterator[Requirement]:
        heading = ""
        index = 0
        while index < len(self.lines):
            if self.fenced[index]:
                index += 1
            elif found := HEADING.match(self.lines[index]):
                heading = found[1]
                index += 1
            elif self.lines[index].startswith(">"):
                end = self.quote_end(index)
                requirement = self.block(index, end, heading)
                if requirement:
                    yield requirement
                index = end
            else:
                index += 1

    def quote_end(self, index: int) -> int:
        while index < len(self.lines) and self.lines[index].startswith(">"):
            index += 1
        return index

    def block(self, start: int, end: int, heading: str) -> Requirement | None:
        joined = fold(" ".join(line[1:] for line in self.lines[start:end]))
        ids = _ANY_ID.findall(joined)
        if not ids and not joined.startswith("`["):
            return None
        self.in_block[start:end] = [True] * (end - start)
        opening = _OPENING.fullmatch(joined)
        if not opening:
            fix = "begin the block with `[chapter.topic.rule+1]`, then one sentence"
            self.report(start, "malformed requirement block", fix)
            return None
        if len(ids) > 1:
            fix = "put a blank line without > between two requirements"
            self.report(start, f"{len(ids)} ids in one block", fix)
        return self.requirement(opening, start, end, heading)

    def requirement(
        self, opening: re.Match[str], start: int, end: int, heading: str
    ) -> Requirement:
        keyword = self.keyword(start, opening["id"], opening["text"])
        labels, last = self.labels(start, end, opening["id"])
        return Requirement(
            id=opening["id"],
            revision=int(opening["revision"]),
            keyword=keyword,
            features=tuple(labels.get("Feature", CORE).split(", ")),
            text=opening["text"].replace(f"**{keyword}**", keyword),
            intent=labels.get("Intent", ""),
            consequence=labels.get("If broken", ""),
            chapter=self.name,
            heading=heading,
            line=start + 1,
            block_end=end,
            end=last,
        )

    def keyword(self, start: int, id_: str, sentence: str) -> str:
        found = keywords(sentence)
        if len(found) != 1:
            what = f"{id_} has {len(found)} BCP 14 keywords ({', '.join(found) or 'none'})"
            self.report(start, what, "write exactly one in bold, or split the requirement")
            return found[0] if found else ""
        keyword = found[0]
        if keyword not in ALLOWED:
            fix = f"write one of {', '.join(ALLOWED)}"
            self.report(
                start, f"{id_} uses {keyword}, a keyword this specification leaves out", fix
            )
        elif f"**{keyword}**" not in sentence or _SPLIT_NOT.search(sentence):
            fix = "write **MUST NOT** with the NOT inside, or **MUST**"
            self.report(start, f"{id_}: the whole keyword is not in bold", fix)
        return keyword

    def labels(self, start: int, end: int, id_: str) -> tuple[Mapping[str, str], int]:
        labels: dict[str, str] = {}
        last = index = end
        while index < len(self.lines) and not self.section_ends(index):
            found = None if self.fenced[index] else _LABEL.match(self.lines[index])
            if not found:
                index += 1
                continue
            if found[1] in labels:
                self.report(index, f"{id_} has two *{found[1]}:* paragraphs", "keep one")
            last = self.paragraph_end(index)
            labels[found[1]] = fold(" ".join([found[2], *self.lines[index + 1 : last]]))
            index = last
        self.check_labels(start, id_, labels)
        return labels, last

    def check_labels(self, start: int, id_: str, labels: Mapping[str, str]) -> None:
        for label, wanted in (("Intent", "why it stands"), ("If broken", "what a user suffers")):
            if not labels.get(label):
                fix = f"write a paragraph *{label}:* {wanted}"
                self.report(start, f"{id_} has no *{label}:* paragraph", fix)
        if not _FEATURES.fullmatch(labels.get("Feature", CORE)):
            fix = "write names with commas between, as in *Feature:* oauth, store"
            self.report(start, f"{id_}: malformed feature", fix)

    def section_ends(self, index: int) -> bool:
        line = self.lines[index]
        return not self.fenced[index] and bool(HEADING.match(line) or line.startswith("> `["))

    def paragraph_end(self, index: int) -> int:
        index += 1
        while index < len(self.lines) and self.lines[index].strip():
            if self.fenced[index] or _LABEL.match(self.lines[index]) or self.section_ends(index):
                break
            index += 1
        return index

    def check_prose(self) -> None:
        exempt = self.boilerplate()
        for index, line in enumerate(self.lines):
            if self.fenced[index] or self.in_block[index] or index in exempt:
                continue
            for keyword in keywords(line):
                fix = "write it in lower case, quote it in backticks, or make a block"
                self.report(index, f"BCP 14 keyword {keyword} outside a requirement block", fix)

    def boilerplate(self) -> set[int]:
        exempt: set[int] = set()
        for index, line in enumerate(self.lines):
            if line.strip() != BCP14_MARKER or self.fenced[index]:
                continue
            if self.name != BCP14_CHAPTER:
                self.report(index, f"{BCP14_MARKER} outside {BCP14_CHAPTER}", "remove it")
                continue
            start = index + 1
            while start < len(self.lines) and not self.lines[start].strip():
                start += 1
            exempt.update(range(start, self.paragraph_end(start)))
        return exempt


def prose_lines(chapter: Chapter) -> Iterator[tuple[int, str]]:
    """Yield the lines that people have written: no code, and nothing that is generated."""
    is_code = is_generated = False
    for number, line in enumerate(chapter.source.splitlines(), start=1):
        if line.startswith("```"):
            is_code = not is_code
        elif line.startswith("<!-- generated:"):
            is_generated = True
        elif line.startswith("<!-- /generated"):
            is_generated = False
        elif not is_code and not is_generated:
            yield number, line
