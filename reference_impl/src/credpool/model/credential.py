"""The one check of a secret, of a URL and of a label: whether it can be used (spec: pools).

Every door uses it: what a person types, a row, a variable, a file, a reference, a new token.
A flaw is said in words that follow "the secret …", and never shows the value.
"""

import re
from functools import lru_cache
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

BLANKS: Final = " \t\r\n"
"""Characters that belong to no value when they stand at its ends."""

_LONGEST_SECRET: Final = 16384
_LONGEST_URL: Final = 4096
_QUOTES: Final = "\"'`\u201c\u201d\u201e\u2018\u2019\u201a\xab\xbb"
_HALF: Final = ("half a character", re.compile(r"[\ud800-\udfff]"))
_CONTROL: Final = ("a control character", re.compile(r"[\x00-\x1f\x7f-\x9f]"))
_PARTS: Final = (
    _HALF,
    ("a line break", re.compile(r"[\r\n\x0b\x0c\x85\u2028\u2029]")),
    ("an invisible character", re.compile(r"[\xad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")),
    ("a blank", re.compile(r"(?![\x1c-\x1f])\s")),
    _CONTROL,
)
"""Characters that no secret and no URL may have, by name."""

_PASTED: Final = (
    (
        "has the name of a header before it",
        re.compile(r"(?i)(?:authorization|(?:x-)?api-key)\s*:\s"),
    ),
    (
        "has “Bearer” before it, or is that word alone",
        re.compile(r"(?i)bearer(?:\s|\Z)"),
    ),
    (
        "has the name of a variable before it",
        re.compile(r"(?:export\s+)?(?=[A-Z0-9_]*(?:KEY|TOKEN|SECRET))[A-Z_][A-Z0-9_]*=(?!=*\Z)"),
    ),
)
"""Words that people copy along with a secret, before it."""

_ASCII: Final = re.compile(r"[\x21-\x7e]+")
_HOST: Final = re.compile(r"(?!.{254})(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?", re.ASCII)
_BRACKETED: Final = re.compile(r"\[[^]]*\](?::.*)?")
_IN_NUMBERS: Final = re.compile(r"[0-9]+(?:\.[0-9]+){3}")


def bare(text: str) -> str:
    """Return the text without the blanks and line ends around it."""
    return text.strip(BLANKS)  # spec: pool.blanks+2


def secret_flaw(text: str) -> str | None:
    """Return why no header can carry the secret, or None."""
    if not text:
        return "is empty"
    if len(text) > _LONGEST_SECRET:
        return "is longer than any header"
    if text[0] in _QUOTES or text[-1] in _QUOTES:
        return "has quotes around it"
    for what, pattern in _PASTED:
        if pattern.match(text):
            return what
    part = _part(text)
    if part is not None:
        return f"has {part} in it, which no header can carry"
    return None if _ASCII.fullmatch(text) else "has a letter in it that no header can carry"


@lru_cache(maxsize=1024)
def url_flaw(text: str) -> str | None:
    """Return why nothing can be sent to the URL, or None."""
    return _address_flaw(text)


def _address_flaw(text: str) -> str | None:
    if not text:
        return "is empty"
    part = _part(text)
    if part is not None:
        return f"has {part} in it"
    if len(text) > _LONGEST_URL:
        return "is too long for a URL"
    try:
        parts = urlsplit(text)
    except ValueError:
        return "is not a URL"
    if parts.scheme not in ("http", "https"):
        return "does not begin with http:// or https://"
    return _place_flaw(parts)


def form_flaw(text: str) -> str | None:
    """Return why no form can carry the text, or None."""
    what, pattern = _HALF
    return f"has {what} in it" if pattern.search(text) else None


def label_flaw(text: str) -> str | None:
    """Return why a label cannot be shown, or None."""
    found = (what for what, pattern in (_HALF, _CONTROL) if pattern.search(text))
    part = next(found, None)
    return None if part is None else f"has {part} in it"


def _part(text: str) -> str | None:
    return next((what for what, pattern in _PARTS if pattern.search(text)), None)


def _place_flaw(parts: SplitResult) -> str | None:
    """Return what is wrong with the host or the port of a URL."""
    host = parts.hostname
    if not host:
        return "names no host"
    place = parts.netloc.rpartition("@")[2]
    if "[" in place and not _BRACKETED.fullmatch(place):
        return "names a host that cannot exist"
    if not _is_host(host, bracketed="[" in parts.netloc) or parts.netloc.count("@") > 1:
        return "names a host that cannot exist"
    try:
        port = parts.port
    except ValueError:
        port = 0
    return "has a port that cannot exist" if port == 0 else None


def _is_host(host: str, *, bracketed: bool) -> bool:
    if not bracketed and not _IN_NUMBERS.fullmatch(host):
        return _HOST.fullmatch(host) is not None
    try:
        return (ip_address(host).version == 6) is bracketed
    except ValueError:
        return False


_PLACEHOLDER: Final = re.compile(
    r"""
    .* (?: \.\.\. | … | \*\*\* | x{4} ) .*             # cut short, or masked
  | <.*> | \$?\{.*\} | \[.*\]                          # to be filled in
  | (?: your | my | insert | enter | replace | paste ) [-_\ ] .*
  | (?: change | replace | fill ) [-_\ ]? (?: me | this | in )
  | (?: the [-_\ ])? (?: api [-_\ ]? )? (?: key | token | secret ) (?: [-_\ ]? here )?
  | placeholder | todo | tbd | dummy | example
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)


def is_placeholder(value: str) -> bool:
    """Return whether a value stands where a secret is to be put."""
    return _PLACEHOLDER.fullmatch(bare(value)) is not None  # spec: seed.placeholder+2
