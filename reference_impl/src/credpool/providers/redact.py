"""Take credentials out of text that is about to be kept (spec: security).

A provider's error message may repeat the key it was sent, whole, in part or in another spelling.
This is a net below the rule that secrets are never logged, not a replacement for it.
Every step takes time in proportion to the text, whatever is in it.
"""

import base64
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Final

from credpool.model.entry import Entry
from credpool.model.secret import MASK, Secret
from credpool.model.state import Entries

PART: Final = 12
"""So many consecutive characters of a known secret are replaced, or a shorter secret whole."""

LONGEST: Final = 500
"""How many characters of a message are kept."""

_WHOLE_WORD_BELOW: Final = 8
"""A known secret shorter than this is only replaced where it stands alone."""

_GRAM: Final = PART // 2
"""Every part of a secret holds a piece of this length that begins at a multiple of it."""

_PREFIXES: Final = r"sk-|csk-|gsk_|hf_|xai-|nvapi-|pplx-|gh[oprsu]_|github_pat_|AIza|AQ\."

# No alternative may begin inside of a word that another attempt has run through: that is quadratic.
_TOKEN: Final = re.compile(
    rf"""
    (?<![\w-]) (?: {_PREFIXES} ) (?=[\w.*\-]{{8}}) [\w.*\-]* [\w*\-]    # a vendor's prefix
  | (?<![\w-]) eyJ [\w-]{{6,}} \. [\w-]+ \. [\w-]*                      # a JWT
  | (?<=\b[Bb]earer[ ]) (?=\S{{8}}) (?=[^\s"',;]*\d) [^\s"',;]+         # a bearer token
  | (?<![\w-]) [\w-]* \*{{3,}} [\w-]*                                   # partly masked already
  | (?<![A-Za-z0-9+/]) [A-Za-z0-9+/]{{32,}} ={{1,2}}                    # padded base64
  | \b (?=[A-Za-z]*\d) (?=\d*[A-Za-z]) [A-Za-z0-9]{{32,}}               # hex, base62
  | (?<![\w-]) (?=[\w-]*\d) (?=[\w-]*[A-Z]) (?=[\w-]*[a-z]) [\w-]{{32,}}  # base64url
    """,
    re.VERBOSE | re.ASCII,
)
_ESCAPED: Final = re.compile(
    r"(?:%|\\u00)(?P<code>[0-9A-Fa-f]{2})|\\(?P<itself>.)|[^%\\]+|.", re.DOTALL
)
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{16,}")

Span = tuple[int, int]
Reading = tuple[str, Callable[[int, int], Span]]
"""A text as it may be read, and where a part of it stands as it is written."""


class KnownSecrets:
    """Secrets to take out of many texts: of ten thousand, a text is compared with the few it may hold."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._by_piece: dict[str, set[str]] = {}
        self._short: set[str] = set()
        self.add(secrets)

    def add(self, secrets: Iterable[Secret]) -> None:
        """Know these from now on."""
        for value in {secret.reveal() for secret in secrets}:
            if len(value) < PART:
                self._short.add(value)
                continue
            for at in range(0, len(value) - _GRAM + 1, _GRAM):
                self._by_piece.setdefault(value[at : at + _GRAM], set()).add(value)

    def near(self, text: str) -> set[str]:
        """Return those that a part of the text may be a part of."""
        pieces = (text[at : at + _GRAM] for at in range(len(text) - _GRAM + 1))
        return self._short.union(*(self._by_piece.get(piece, ()) for piece in pieces))


def redact(text: str, secrets: Iterable[Secret] | KnownSecrets = ()) -> str:
    """Return the text without those secrets and their parts, and without anything of a token's shape."""
    near: Callable[[str], Iterable[str]]
    if isinstance(secrets, KnownSecrets):
        near = secrets.near
    else:
        values = {secret.reveal() for secret in secrets}
        near = lambda _: values  # noqa: E731
    spans = sorted(
        where(*span) for read, where in _readings(text) for span in _found(read, near(read))
    )
    return _TOKEN.sub(MASK, _masked(text, spans))


def stored(message: str | None, secrets: Iterable[Secret] | KnownSecrets = ()) -> str | None:
    """Return what is kept of a message: the secrets go first, and then what is too long."""
    # spec: store.message-redacted+2
    return None if message is None else redact(message, secrets)[:LONGEST]


def known_secrets(entries: Iterable[Entry]) -> list[Secret]:
    """Return all that the entries hold."""
    both = (secret for entry in entries for secret in (entry.secret, entry.refresh_token))
    return [secret for secret in both if secret is not None]


def secrets_of(entries: Entries) -> KnownSecrets:
    """Return the same for many texts, worked out once while the secrets last."""
    return entries.once("secrets", None, lambda whole: KnownSecrets(known_secrets(whole)))


def _masked(text: str, spans: Sequence[Span]) -> str:
    """Return the text with each run of spans masked; they come in order, and may overlap."""
    pieces, done = [], 0
    for start, end in spans:
        if start >= done:
            pieces += [text[done:start], MASK]
        done = max(done, end)
    return "".join([*pieces, text[done:]])


# How a text may be read


def _readings(text: str) -> Iterator[Reading]:
    """Yield the text as it stands, without its escapes, and with its base64 decoded."""
    yield text, lambda start, end: (start, end)
    if "%" in text or "\\" in text:
        yield _unescaped(text)
    runs = [found.span() for found in _BASE64.finditer(text)]
    if runs:
        yield _decoded(text, runs)


def _unescaped(text: str) -> Reading:
    """Read what JSON or a URL has escaped."""
    plain: list[str] = []
    starts: list[int] = []
    for found in _ESCAPED.finditer(text):
        if found["code"] is None and found["itself"] is None:
            plain.append(found[0])
            starts += range(*found.span())
        else:
            plain.append(found["itself"] or chr(int(found["code"], 16)))
            starts.append(found.start())
    starts.append(len(text))
    return "".join(plain), lambda start, end: (starts[start], starts[end])


def _decoded(text: str, runs: Sequence[Span]) -> Reading:
    """Read what runs of base64 say, wherever in them a secret begins."""
    read = ["\0".join(_bytes_in(text[start:end])) + "\0" for start, end in runs]
    ends = [*accumulate(map(len, read))]
    return "".join(read), lambda start, _: runs[bisect_right(ends, start)]


def _bytes_in(run: str) -> Iterator[str]:
    standard = run.translate({ord("-"): "+", ord("_"): "/"})
    for first in range(4):
        whole = (len(standard) - first) // 4 * 4
        yield base64.b64decode(standard[first : first + whole]).decode("latin-1")


# What is found in a text


def _found(text: str, values: Iterable[str]) -> Iterator[Span]:
    """Yield where parts of the values stand, and the short ones whole."""
    long = [value for value in values if len(value) >= PART]
    short = [value for value in values if 0 < len(value) < PART]
    yield from _parts(text, long)
    for value in short:
        if value in text:
            alone = (r"(?<!\w)", r"(?!\w)") if len(value) < _WHOLE_WORD_BELOW else ("", "")
            yield from (f.span() for f in re.finditer(re.escape(value).join(alone), text))


def _parts(text: str, values: Iterable[str]) -> Iterator[Span]:
    """Yield where `PART` consecutive characters of a value stand; a longer part, in several spans.

    Looking for aligned pieces first leaves of ten thousand values the few that may be there.
    """
    there = {text[at : at + _GRAM] for at in range(len(text) - _GRAM + 1)}
    parts = {
        value[at : at + PART]
        for value in values
        if any(value[at : at + _GRAM] in there for at in range(0, len(value) - _GRAM + 1, _GRAM))
        for at in range(len(value) - PART + 1)
    }
    if parts:
        for at in range(len(text) - PART + 1):
            if text[at : at + PART] in parts:
                yield at, at + PART
