"""The form of a rule and of a provider that an operator writes: spec/schemas/config.schema.json.

A value is never quoted: it may be a secret.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from credpool.model.credential import url_flaw
from credpool.model.policy import BEYOND
from credpool.model.terms import AuthType, FailureClass, Payer, Scope
from credpool.providers.data import hints
from credpool.providers.hints import CALENDARS
from credpool.stores.auth_json.fields import kind

Path = tuple[str | int, ...]
"""Where a value is in the document."""


@dataclass(frozen=True, slots=True)
class Fault:
    """The fault of a value, and what there should be."""

    path: Path
    what: str


Form = Callable[[object, Path], Iterator[Fault]]
"""Yields what is wrong with a value."""

_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_VARIABLE: Final = re.compile(r"[A-Z][A-Z0-9_]*")
_ZONE: Final = re.compile(r"[+-](0\d|1\d|2[0-3]):[0-5]\d")
_LINE: Final = re.compile(r"[!-~]([ -~]*[!-~])?")
_QUERY: Final = re.compile(r"[A-Za-z0-9_-]+")
_FAMILIES: Final = ("4xx", "5xx")


def rule_fault(rules: object, path: Path) -> Iterator[Fault]:
    """Yield what is wrong with a list of rules."""
    yield from _listed(_rule)(rules, path)
    taken: list[object] = []
    for number, rule in enumerate(rules if isinstance(rules, list) else []):
        name = rule.get("id") if isinstance(rule, Mapping) else None
        if name is not None and name in taken:
            yield Fault((*path, number, "id"), "an id that is taken; give each rule its own")
        taken.append(name)


def provider_fault(name: str, row: Mapping[str, object], path: Path) -> Iterator[Fault]:
    """Yield what is wrong with a provider that is described."""
    if not _NAME.fullmatch(name) or name == "generic":
        what = "expected a name in small letters and digits, with hyphens between them"
        yield Fault(path, f"{what}, other than generic")
    yield from _fields(_PROVIDER, ("credentials",))(row, path)
    if row.get("rules") is not None:
        yield from rule_fault(row["rules"], (*path, "rules"))


def _fields(known: Mapping[str, Form], needed: tuple[str, ...] = ()) -> Form:
    """Return the form of a mapping with known names."""

    def faults(value: object, path: Path) -> Iterator[Fault]:
        if not isinstance(value, Mapping):
            yield Fault(path, f"expected a mapping, found {kind(value)}")
            return
        for name, inner in value.items():
            if name not in known:
                what = f"there is no such name; known are {', '.join(known)}"
                yield Fault((*path, name), what)
            else:
                yield from known[name](inner, (*path, name))
        for name in needed:
            if name not in value:
                yield Fault(path, f"there is no {name}")

    return faults


def _listed(form: Form, least: int = 0) -> Form:
    def faults(value: object, path: Path) -> Iterator[Fault]:
        if not isinstance(value, list):
            yield Fault(path, f"expected a list, found {kind(value)}")
        elif len(value) < least:
            yield Fault(path, "expected at least one")
        else:
            for number, item in enumerate(value):
                yield from form(item, (*path, number))

    return faults


def _one_or_more(form: Form) -> Form:
    """Return the form of a value, or of a list of such values."""
    several = _listed(form, 1)
    return lambda value, path: (several if isinstance(value, list) else form)(value, path)


def _fits(what: str, test: Callable[[object], object]) -> Form:
    """Return the form of what passes a test."""

    def faults(value: object, path: Path) -> Iterator[Fault]:
        if not test(value):
            yield Fault(path, f"expected {what}")

    return faults


def _text(what: str, pattern: re.Pattern[str]) -> Form:
    return _fits(what, lambda value: isinstance(value, str) and pattern.fullmatch(value))


def _one_of(*words: str) -> Form:
    return _fits(
        f"one of {', '.join(words)}", lambda value: isinstance(value, str) and value in words
    )


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _seconds(value: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and 0 < value < BEYOND  # type: ignore[operator]


def _header_values(value: object, path: Path) -> Iterator[Fault]:
    """Yield what is wrong with headers: each is there or not, or has one of some texts in it."""
    if not isinstance(value, Mapping) or not value:
        yield Fault(path, f"expected a mapping of headers, found {kind(value)}")
        return
    for name, wanted in value.items():
        if not _TOKEN.fullmatch(name):
            yield Fault((*path, name), "this is no name of a header")
        if not isinstance(wanted, bool):
            yield from _one_or_more(_anything)(wanted, (*path, name))


def _sent_headers(value: object, path: Path) -> Iterator[Fault]:
    if not isinstance(value, Mapping):
        yield Fault(path, f"expected a mapping of headers, found {kind(value)}")
        return
    for name, sent in value.items():
        if not _TOKEN.fullmatch(name):
            yield Fault((*path, name), "this is no name of a header")
        yield from _text("a text that a header can carry", _LINE)(sent, (*path, name))


def _hint(value: object, path: Path) -> Iterator[Fault]:
    rows = {str(row["id"]) for row in hints()}
    if isinstance(value, Mapping):
        yield from _fields({"calendar": _one_of(*CALENDARS)}, ("calendar",))(value, path)
    elif value != "none":
        what = f"none, a list of the ids of hints ({', '.join(sorted(rows))}), or a calendar"
        known = isinstance(value, list) and value and all(str(v) in rows for v in value)
        yield from () if known else (Fault(path, f"expected {what}"),)


def _when(value: object, path: Path) -> Iterator[Fault]:
    yield from _fields(_WHEN)(value, path)
    if value == {}:
        yield Fault(path, f"expected at least one of {', '.join(_WHEN)}")


def _any(_value: object, _path: Path) -> Iterator[Fault]:
    return iter(())


_anything: Final = _fits("a text", lambda value: isinstance(value, str) and value)
_name: Final = _text("small letters and digits, with hyphens between them", _NAME)
_header_name: Final = _text("the name of a header", _TOKEN)
_url: Final = _fits("a URL", lambda value: isinstance(value, str) and url_flaw(value) is None)
_status: Final = _fits(
    "a status from 400 to 599, 4xx or 5xx",
    lambda v: v in _FAMILIES if isinstance(v, str) else _whole(v) and v in range(400, 600),
)
_code: Final = _fits("a text or a whole number", lambda v: _whole(v) or (isinstance(v, str) and v))
_auth_type: Final = _one_of(*(t.value for t in AuthType))

_WHEN: Final[Mapping[str, Form]] = MappingProxyType(
    {
        "status": _one_or_more(_status),
        "code": _one_or_more(_code),
        "message": _one_or_more(_anything),
        "header": _header_values,
        "quota": _one_or_more(_anything),
        "auth_type": _auth_type,
    }
)
_RULE: Final[Mapping[str, Form]] = MappingProxyType(
    {
        "id": _name,
        "when": _when,
        "class": _one_of(*(c.value for c in FailureClass)),
        "scope": _one_of(*(s.value for s in Scope)),
        "cooldown": _fits("a number of seconds above 0", _seconds),
        "hint": _hint,
        **dict.fromkeys(("note", "source", "evidence", "verified", "before", "example"), _any),
    }
)
_rule: Final = _fields(_RULE, ("when", "class"))
_EVIDENCE: Final = dict.fromkeys(("source", "evidence", "verified", "note"), _any)


def _or_row(name: str, form: Form, inner: Form) -> Form:
    """Return the form of a value, or of a row of the registry that has such under a name."""
    row = _fields({name: inner, **_EVIDENCE}, (name,))
    return lambda value, path: (row if isinstance(value, Mapping) else form)(value, path)


_variable: Final = _text("the name of a variable, in capitals", _VARIABLE)
_alias: Final = _or_row("name", _variable, _variable)
_codes: Final = _or_row("codes", _anything, _listed(_anything, 1))

_CREDENTIAL: Final[Mapping[str, Form]] = MappingProxyType(
    {
        "auth_type": _auth_type,
        "header": _header_name,
        "scheme": _fits(
            "a word, or nothing",
            lambda v: v is None or (isinstance(v, str) and _TOKEN.fullmatch(v)),
        ),
        "payer": _one_of(*(p.value for p in Payer)),
        "env": _listed(_variable),
        "prefix": _one_or_more(_anything),
        "aliases": _listed(_alias, 1),
        "extra_headers": _sent_headers,
        "account_header": _header_name,
        "owner_claim": _listed(_anything, 1),
        "token_url": _url,
        "base_url": _url,
        "note": _any,
    }
)
_PROVIDER: Final[Mapping[str, Form]] = MappingProxyType(
    {
        "title": _anything,
        "base_url": _fits(
            "a URL, or nothing", lambda v: v is None or (isinstance(v, str) and url_flaw(v) is None)
        ),
        "zone": _text("an offset from UTC, such as +08:00", _ZONE),
        "owner_headers": _listed(_header_name, 1),
        "credential_query": _listed(_text("a name in a query", _QUERY), 1),
        "terminal": _listed(_codes, 1),
        "in_band": _listed(_one_of("error", "base_resp"), 1),
        "credentials": _listed(_fields(_CREDENTIAL), 1),
        "rules": _any,
        "note": _any,
    }
)
