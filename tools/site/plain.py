"""Put a Markdown form beside each page of the built site, and the list of them in `llms.txt`.

    python -m tools.site.plain SITE

It reads `docs/` and the navigation, and needs nothing else: the site may be any builder's.
"""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

_FRONT: Final = re.compile(r"\A---\n(.*?)\n---\n+", re.DOTALL)
_SNIPPET: Final = re.compile(r'^( *)--8<-- "([^":\n]+)(?::(\d+):(\d+))?"$', re.MULTILINE)
_NAV: Final = re.compile(r"^( +)- (?:(.+?): *)?(\S+\.md)?$", re.MULTILINE)
_ABOUT: Final = re.compile(r'^description: "?(.*?)"?$', re.MULTILINE)
_TITLE: Final = re.compile(r"^# (.+)$", re.MULTILINE)
_HEAD: Final = """\
# Credential Pool Rotation

> A specification, a conformance suite and a Python library for rotating requests over several credentials of one LLM provider.

Each page is also Markdown, at `index.md` beside it; tables and schemas are JSON under `data/`.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files; return 0, or 2 where there is no site."""
    (folder,) = sys.argv[1:] if arguments is None else arguments
    site, root = Path(folder), Path.cwd()
    if not (site / "index.html").exists():
        sys.stderr.write(f"{site}: no site here; build it first\n")
        return 2
    for page in sorted((root / "docs").rglob("*.md")):
        target = site / place(page.relative_to(root / "docs"))
        if target.parent.exists():
            target.write_text(plain(root, page), encoding="utf-8")
    (site / "llms.txt").write_text(listing(root), encoding="utf-8")
    return 0


def on_post_build(config: Mapping[str, str]) -> None:
    """Write the files as a hook of mkdocs, for who has it build several versions.

    Raises: FileNotFoundError when there is no site.
    """
    if main([config["site_dir"]]):
        raise FileNotFoundError(config["site_dir"])


def place(page: Path) -> Path:
    """Return where a page's Markdown goes: into the folder of its own address."""
    return (page.parent if page.stem == "index" else page.with_suffix("")) / "index.md"


def plain(root: Path, page: Path) -> str:
    """Return a page's Markdown without its front matter, and with what it takes in."""

    def taken_in(found: re.Match[str]) -> str:
        indent, name, first, last = found.groups()
        lines = (root / name).read_text(encoding="utf-8").splitlines()
        if first:
            lines = lines[int(first) - 1 : int(last)]
        return "\n".join(f"{indent}{line}".rstrip() for line in lines)

    return _SNIPPET.sub(taken_in, _FRONT.sub("", page.read_text(encoding="utf-8")))


def listing(root: Path) -> str:
    """Write `llms.txt`: the pages by the sections of the navigation, each with what it is about."""
    return _HEAD + "\n".join(_lines(root)) + "\n"


def _lines(root: Path) -> Iterator[str]:
    _, _, nav = (root / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")
    for indent, title, page in _NAV.findall(nav.partition("\n\n")[0]):
        if not page:
            yield from ("", f"{'#' * min(2 + (len(indent) - 2) // 4, 4)} {title}", "")
            continue
        source = (root / "docs" / page).read_text(encoding="utf-8")
        about = _ABOUT.search(source)
        named = title or (_TITLE.search(source) or ["", page])[1]
        address = place(Path(page)).as_posix()
        yield f"- [{named.strip(chr(39))}]({address}): {about[1] if about else ''}"


if __name__ == "__main__":
    sys.exit(main())
