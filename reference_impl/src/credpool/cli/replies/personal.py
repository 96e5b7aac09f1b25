"""The parts of a reply that others may see: words that everybody uses, small numbers, and moments as distances.

It goes by what may stay, and not by what must go: whatever is not known to be harmless is replaced
by what it is. A person still reads the text before it is pasted anywhere.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from credpool.cli.replies.vocabulary import (
    common_words,
    known_words,
    telling_headers,
    texts_of_rules,
)
from credpool.providers.redact import redact
from credpool.providers.reply import LONGEST_LIST, parsed, small

_DEEPEST: Final = 12
_LONGEST: Final = 2000
_YEAR: Final = 366 * 86400.0

_WHOSE: Final = re.compile(
    r"org|org\w*name|organi[sz]ations?|accounts?|users?|teams?|tenants?|customers?|projects?|workspaces?"
    r"|owners?|compan(y|ies)|emails?|mails?|names?|keys?|tokens?|secrets?|hosts?|domains?|groups?|clients?"
    r"|ids?|ips?|cards?|subscriptions?|deployments?|channels?|members?|persons?|address(es)?|phones?"
)
"""Words behind which a name may stand, and fields that may hold one."""

_PERSONAL_FIELD: Final = re.compile(r"(^|[_-]|(?<=[a-z]))(id|ids|ip|url|uri|path)$", re.IGNORECASE)
_CODE_FIELDS: Final = frozenset(
    {
        "code",
        "type",
        "status",
        "reason",
        "error_type",
        "error_code",
        "quotaid",
        "quota_limit",
        "limit_source",
        "status_code",
        "error",
    }
)
_KEPT_HEADER: Final = re.compile(
    r"content-type|x-error-json|date|retry-after(-ms)?|www-authenticate|x-should-retry|(x-|anthropic-|[a-z]+-)?ratelimit[a-z-]*"
    r"|x-rate-limit[a-z-]*|[a-z-]*(reset|limit|quota|remaining|retry|cooldown|wait)[a-z-]*"
)
_CODE: Final = re.compile(r"[A-Za-z]{1,60}([_.-][A-Za-z]{1,60}){0,6}|[0-9]{1,5}")
_FIELD: Final = re.compile(r"[A-Za-z]{1,24}([_-][A-Za-z]{1,24}){0,5}")
_MEDIA: Final = re.compile(
    r"(application|text)/[a-z.+-]{1,30}(; ?charset=[a-z0-9-]{1,12})?", re.IGNORECASE
)
_SMALL_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,6}(\.[0-9]{1,6})?%?")
_DURATION: Final = re.compile(
    r"([0-9]{1,6}(\.[0-9]{1,6})?(ns|us|ms|s|m|h|d|hr|hrs|min|mins|sec|secs))+"
)
_CLOCK: Final = re.compile(
    r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?([ap]m)?|[0-9]{1,2}[ap]m"
)
_DATE: Final = re.compile(r"[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}")
_ZONE: Final = re.compile(r"(UTC|GMT)?[+-][0-9]{1,2}(:?[0-9]{2})?")
_ISO: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9:.]{5,15}(Z|z|[+-][0-9]{2}:[0-9]{2})")
_GROUPS: Final = re.compile(
    r"(?<![\w.:/-])(?![0-9]{4}[-/][0-9]{1,2}[-/])\(?\+?[0-9]{1,6}\)?([ -]\(?[0-9]{2,6}\)?){2,7}(?![\w:])"
)
"""Groups of digits, such as the number of a telephone or of a card."""

_PLACEHOLDER: Final = re.compile(r"\$(epoch|epoch_ms|iso|date)[+-][0-9]{1,8}")
_DIGITS: Final = re.compile(r"[0-9]{10,13}(\.[0-9]+)?")
_WORD: Final = re.compile(r"([a-z]{1,20})(['\u2019][a-z]{1,2})?")
_HOST: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
_EDGES: Final = re.compile(
    r"^([\"'`\u201c\u201d\u2018\u2019(\[{<,;:!?.-]*)(.*?)([\"'`\u201c\u201d\u2018\u2019)\]}>,;:!?.]*)$",
    re.DOTALL,
)
_QUOTED: Final = re.compile(
    r"`[^`]*`|\"[^\"]*\"|\u201c[^\u201d]*\u201d|(?<!\w)'[^']*'(?!\w)|<[^>]*>"
)


def shown_headers(headers: Mapping[str, str], now: float) -> dict[str, str]:
    """Return the headers that tell something of a limit, without what is personal in them."""
    found: dict[str, str] = {}
    for name, value in headers.items():
        if name in telling_headers() or (_KEPT_HEADER.fullmatch(name) and len(name) <= 60):
            found[name] = _header(name, value, now)
        elif _FIELD.fullmatch(name) and all(part in known_words() for part in name.split("-")):
            found[name] = "<removed>"
    return found


def shown_body(data: object, text: str, now: float) -> object:
    """Return a body without what is personal in it: JSON as JSON, and text as text."""
    return shown_text(text, now) if data is None else _value("", data, now, 0)


def shown_text(text: str, now: float) -> str:
    """Return a text without what is personal in it."""
    begun, told = 0, []
    for said in texts_of_rules().finditer(text[:_LONGEST]):  # everybody gets these words
        told += [_masked(text[begun : said.start()], now), said[0]]
        begun = said.end()
    return "".join([*told, _masked(text[begun:_LONGEST], now)])


def _masked(text: str, now: float) -> str:
    plain = _QUOTED.sub(lambda found: _quoted(found[0], now), redact(text))
    plain = _GROUPS.sub("<number>", plain)
    pieces, whose = [], False
    for piece in re.split(r"(\s+)", plain):
        if piece.isspace() or not piece:
            pieces.append(piece)
            continue
        before, word, behind = _parts(piece)
        kept = word if _stays(word) else _moment(word, now)
        if whose and word and small(word) not in known_words():
            kept = "<name>"
        pieces.append(before + (_instead(word) if kept is None else kept) + behind)
        whose = bool(_WHOSE.fullmatch(small(word))) and behind[-1:] != "."
    return "".join(pieces)


def _instead(word: str) -> str:
    """Return what stands in place of a word: the texts of rules that are in it, and no more."""
    told = dict.fromkeys(texts_of_rules(inside=True).findall(word))
    return f"<{' '.join(told) or 'removed'}>"


def phrase(message: str) -> str:
    """Return the longest part of a message that is the same for everybody; empty without one."""
    plain = shown_text(message, 0.0)
    parts = (
        part.strip(" .,:;-") for part in re.split(r"<[a-z]+>|[^\w\s'\u2019,/-]|\w*[0-9]\w*", plain)
    )
    there = [part for part in parts if len(part) > 3 and part in message]
    longest = max(there, key=len, default="")
    return longest if len(longest) <= 60 else longest[:60].rpartition(" ")[0]


def _header(name: str, value: str, now: float) -> str:
    if name == "content-type":
        return value if _MEDIA.fullmatch(value) else "<removed>"
    if name == "date":
        return "$date+0"
    if name == "x-error-json":
        return _encoded(value, now)
    return _moment(value, now) or shown_text(value, now)


def _encoded(value: str, now: float) -> str:
    try:
        told = parsed(base64.b64decode(value, validate=True))
    except (binascii.Error, ValueError):
        return "<removed>"
    return base64.b64encode(json.dumps(_value("", told, now, 0)).encode()).decode()


def _value(field: str, value: object, now: float, depth: int) -> object:
    """Return a JSON value without what is personal in it, by the field that holds it."""
    match value:
        case bool() | None:
            return value
        case int() | float():
            return _placeholder(field) if _is_personal(field) else _number(value, now)
        case str():
            return _string(field, value, now)
        case dict() if depth < _DEEPEST:
            inner = ((_field(k), k, v) for k, v in list(value.items())[:LONGEST_LIST])
            return {name: _value(k, v, now, depth + 1) for name, k, v in inner}
        case list() if depth < _DEEPEST:
            return [_value(field, item, now, depth + 1) for item in value[:LONGEST_LIST]]
        case _:
            return "<removed>"


def _string(field: str, value: str, now: float) -> str:
    name = small(field)
    if name in _CODE_FIELDS and _CODE.fullmatch(value) and not _HOST.fullmatch(value):
        return value
    if _is_personal(field):
        return _placeholder(field)
    return _moment(value, now) or shown_text(value, now)


def _is_personal(field: str) -> bool:
    named = re.split(r"[_-]", small(field))
    return bool(_PERSONAL_FIELD.search(field) or any(_WHOSE.fullmatch(part) for part in named))


def _placeholder(field: str) -> str:
    return f"<{small(field)}>" if _FIELD.fullmatch(field) else "<removed>"


def _number(value: float, now: float) -> object:
    moment = _moment(f"{value:.3f}".rstrip("0").rstrip("."), now) if abs(value) < 1e15 else None
    if moment is not None:
        return moment
    return value if abs(value) < 1e6 and len(repr(value)) <= 10 else "<number>"


def _moment(word: str, now: float) -> str | None:
    """Return a moment as its distance from now, as the registry's examples have it; None for none."""
    if _ISO.fullmatch(word):
        try:
            there = datetime.fromisoformat(word).astimezone(UTC).timestamp()
        except (ValueError, OverflowError):
            return None
        return _distance("iso", there - now)
    if not _DIGITS.fullmatch(word):
        return None
    number = float(word)
    return (
        _distance("epoch_ms", number / 1e3 - now)
        if number >= 1e12
        else _distance("epoch", number - now)
    )


def _distance(form: str, seconds: float) -> str | None:
    return f"${form}{round(seconds):+d}" if abs(seconds) < _YEAR else None


def _stays(word: str) -> bool:
    """Whether a word is one that everybody uses, or a number, a length of time or a time of day."""
    if not word or small(word) in known_words() or _is_common(word):
        return True
    if all(
        not part or small(part) in known_words() for part in re.split(r"[/\u2026\u2013-]", word)
    ):
        return True
    forms = (_SMALL_NUMBER, _DURATION, _CLOCK, _DATE, _ZONE)
    if _PLACEHOLDER.fullmatch(word):
        return True
    return any(form.fullmatch(word.lstrip("$¥￥€")) for form in forms) or not re.search(
        r"[\x00-\x7f]", word
    )


def _is_common(word: str) -> bool:
    """Return whether it is a common word in small letters: of any other nobody knows whom it names."""
    found = _WORD.fullmatch(word)
    return found is not None and found[1] in common_words()


def _parts(piece: str) -> tuple[str, str, str]:
    found = _EDGES.match(piece)
    assert found is not None, "every part may be empty"
    return found[1], found[2], found[3]


def _quoted(told: str, now: float) -> str:
    """Return what stands in quotes if everybody says it, for a name is in quotes too."""
    inner = told[1:-1]
    known = inner and all(small(w) in known_words() for w in re.findall(r"[^\s]+", inner))
    return told if known else f"{told[0]}{_moment(inner, now) or '<removed>'}{told[-1]}"


def _field(name: str) -> str:
    """Return the name of a field if its words are known: a person's or a team's can be one."""
    parts = re.split(r"[_-]|(?<=[a-z])(?=[A-Z])", name)
    return name if all(small(part) in known_words() for part in parts) else "<removed>"
