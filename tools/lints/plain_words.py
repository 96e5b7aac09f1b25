"""Find words that hide the meaning in all that people read: pages, data, docstrings, messages.

They are rare, old and poetic words, and the question word that opens a docstring in place of a noun.

Not read: pages and data that are made of others, and what other projects and providers have written.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from credpool_conformance.problems import Problem
from tools.sources.specification import Specification

PLAIN: Final = {
    "albeit": "although",
    "amongst": "among",
    "anew": "again",
    "aught": "anything",
    "behind all that there are": "last",
    "betwixt": "between",
    "but for": "except",
    "by halves": "partly",
    "came to nothing": "failed",
    "comes to nothing": "fails",
    "forthwith": "at once",
    "henceforth": "from now on",
    "heretofore": "until now",
    "herein": "here",
    "hereby": "by this",
    "hither": "here",
    "hitherto": "until now",
    "in vain": "without success",
    "lest": "so that … not",
    "mend": "correct",
    "mended": "corrected",
    "mending": "correcting",
    "mends": "corrects",
    "nigh": "near",
    "notwithstanding": "in spite of",
    "nought": "nothing",
    "oft": "often",
    "perchance": "perhaps",
    "proof of life": "success",
    "reckon": "count",
    "reckoned": "counted",
    "reckoning": "count",
    "reckons": "counts",
    "seldom": "rarely",
    "stand twice": "are listed twice",
    "stands twice": "is listed twice",
    "sundry": "several",
    "thence": "from there",
    "thereby": "by this",
    "therein": "in it",
    "thereof": "of it",
    "thither": "there",
    "twain": "two",
    "unto": "to",
    "whence": "from where",
    "whereby": "by which",
    "wherein": "in which",
    "whereof": "of which",
    "whilst": "while",
    "whither": "where to",
    "whomever": "whoever it is",
    "withal": "also",
}
"""Words that a reader has to translate first, and the plain ones."""

_PLACES: Final = (
    *("*.md", "*.py", "docs/**/*.md", "spec/**/*.md", "spec/**/*.yaml", "tools/**/*.py"),
    *("reference_impl/**/*.py", "conformance/*.md", "conformance/scenarios/*.yaml"),
    *("conformance/mutants/*.py", "conformance/src/**/*.py", "conformance/src/**/*.yaml"),
    *(
        "conformance/skeletons/**/*.*",
        "conformance/testees/**/*.py",
        "conformance/testees/**/*.m[dj]*",
        "conformance/tests/**/*.py",
    ),
)
_NOT_OURS: Final = frozenset(
    {
        *("spec/tables/reports.yaml", "docs/reports.md", "docs/conformance/gallery.md"),
        *("tools/lints/plain_words.py", "tools/tests/test_lints.py"),
    }
)
_GENERATED: Final = ("docs/spec/", "docs/data/", "docs/conformance/report.md")
_WORDS: Final = "|".join(
    r"\s+(?:\#\s+)?".join(word.split()) for word in sorted(PLAIN, key=len, reverse=True)
)
_WORD: Final = re.compile(rf"(?<!`)\b({_WORDS})\b", re.IGNORECASE)
_CODE: Final = re.compile(r"`[^`\n]*`")
_ASKS: Final = re.compile(r'"""(What|Whatever|Which|Who|Whoever|Whose)\b', re.ASCII)


def word_problems(spec: Specification) -> Iterator[Problem]:
    """Find words that are not plain, at their lines."""
    paths = {path for place in _PLACES for path in spec.root.glob(place) if path.is_file()}
    for path in sorted(paths):
        name = path.relative_to(spec.root).as_posix()
        if name not in _NOT_OURS and not name.startswith(_GENERATED):
            yield from _found(name, path)
            yield from _asking(name, path)


def _found(name: str, path: Path) -> Iterator[Problem]:
    written = _CODE.sub(lambda code: " " * len(code[0]), path.read_text("utf-8"))
    for found in _WORD.finditer(written):
        word = " ".join(re.split(r"[\s#]+", found[1]))
        line = written.count("\n", 0, found.start()) + 1
        yield Problem(name, line, f"{word!r} is not plain", f"write {PLAIN[word.lower()]!r}")


def _asking(name: str, path: Path) -> Iterator[Problem]:
    if path.suffix == ".py" and "/tests/" not in name:
        text = path.read_text("utf-8")
        for found in _ASKS.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            yield Problem(name, line, f"opens with {found[1]!r}", "name the thing: a noun first")
