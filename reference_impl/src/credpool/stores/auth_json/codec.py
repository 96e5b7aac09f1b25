"""`auth.json`, version 1: the document around a pool's rows (spec: store).

Text in, values out, and back; no file is opened here.
Whatever the document holds besides the pool in hand is carried as it is.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from types import MappingProxyType
from typing import Final, NoReturn

from credpool.model.borrowed import FINGERPRINT, OURS, borrowed, fingerprint
from credpool.model.entry import Cooldown, Entry
from credpool.model.secret import Veiled
from credpool.stores.auth_json.fields import Malformed, kind
from credpool.stores.auth_json.lines import MARK, Known, cut
from credpool.stores.auth_json.rows import ENCODER, decode_row, encode_row, has_id, may_open

__all__ = [
    "VERSION",
    "Document",
    "Malformed",
    "TooNew",
    "as_stored",
    "borrowed",
    "check_ids",
    "decode",
    "decode_row",
    "encode",
    "encode_row",
    "fingerprint",
    "named",
    "parsed",
    "settled",
]

VERSION: Final = 1

_TOLD: Final = ("last_error_reason", "last_error_message")
_NOTHING: Final = Known()


class TooNew(Malformed):
    """The document was written by a later version of the format."""


@dataclass(frozen=True, slots=True)
class _Around:
    """A pool's rows as JSON has them, and what is around them."""

    rows: Sequence[object] = field(repr=False)
    head: Veiled
    suppressed: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One pool's entries and removed sources, and all that the document says before them."""

    entries: tuple[Entry, ...]
    texts: Sequence[str | None] = field(repr=False)
    """The id of each row; None for one whose id follows from its place."""
    head: Veiled
    suppressed: Mapping[str, Sequence[str]]
    """By pool; an empty list is not kept."""


def decode(text: str, key: str, known: Known = _NOTHING) -> Document:
    """Return that pool's entries and everything around them; an unknown pool is empty.

    The entry of a row that is known is the one that it was.

    Raises:
        TooNew: the document's version is above ours.
        Malformed: the text is not JSON, or says something that the format does not.
    """
    return _by_lines(text, key, known) or _whole(text, key, known)


def _by_lines(text: str, key: str, known: Known) -> Document | None:
    """Return what a document says that `encode` has laid out; only rows that are new are parsed."""
    parts = cut(text, key)
    if parts is None:
        return None
    try:
        around = _around(parts.rest, key)
        if around.rows != [MARK]:
            return None
        found = known.find(parts.rows)
        new = {n: parsed(parts.rows[n]) for n, entry in enumerate(found) if entry is None}
        return _document(around, key, parts.rows, found, new)
    except Malformed:
        return None  # reading it whole tells where


def _whole(text: str, key: str, known: Known) -> Document:
    around = _around(text, key)
    texts = [ENCODER.encode(row) for row in around.rows]
    found = known.find(texts)
    new = {n: around.rows[n] for n, entry in enumerate(found) if entry is None}
    return _document(around, key, texts, found, new)


def _document(
    around: _Around,
    key: str,
    texts: Sequence[str | None],
    found: Sequence[Entry | None],
    new: Mapping[int, object],
) -> Document:
    """Return the document, with the entries that were found and those of the rows that are new."""
    entries, named = list(found), list(texts)
    for index, row in new.items():
        entries[index] = decode_row(row, key=key, index=index)
        if not has_id(row):
            named[index] = None
    whole = tuple(entry for entry in entries if entry is not None)
    check_ids(whole, key)
    return Document(entries=whole, texts=named, head=around.head, suppressed=around.suppressed)


def _around(text: str, key: str) -> _Around:
    """Return a pool's rows, not yet understood, and what the document says besides."""
    whole = document(text)
    for name in ("version", "updated_at"):
        whole.pop(name, None)
    suppressed = _suppressed(whole.pop("suppressed_sources", None))
    found = whole.pop("credential_pool", None)
    pools = found if isinstance(found, dict) else {}
    rows = pools.pop(key, None)
    rows = [] if rows is None else rows  # spec: store.absent-is-empty+2
    if not isinstance(rows, list):
        raise Malformed(f"credential_pool[{key!r}]", f"expected a list, found {kind(rows)}")
    return _Around(rows, _head(whole, pools, key), suppressed)


def pool_keys(text: str) -> tuple[str, ...]:
    """Return the keys of the pools that a document has.

    Raises:
        TooNew: the document's version is above ours.
        Malformed: the text is not JSON, or says something that the format does not.
    """
    pools = document(text).get("credential_pool")
    return () if not isinstance(pools, dict) else tuple(pools)


def document(text: str) -> dict[str, object]:
    """Return a whole document, with all that is in it; raises what `pool_keys` raises."""
    whole = parsed(text)
    if not isinstance(whole, dict):
        raise Malformed("line 1, column 1", f"expected an object, found {kind(whole)}")
    _check_version(whole.get("version"))
    pools = whole.get("credential_pool")
    if pools is not None and not isinstance(pools, dict):
        raise Malformed("credential_pool", f"expected an object, found {kind(pools)}")
    return whole


def encode(
    head: str, rows: Iterable[str], updated_at: str, suppressed: Mapping[str, Sequence[str]]
) -> Veiled:
    """Return the whole document with those rows, one a line."""
    lines = ",\n".join(rows)
    removed = f'"suppressed_sources": {json.dumps(suppressed)},\n' if suppressed else ""
    return Veiled(f'{head}\n{lines}\n]}},\n{removed}"updated_at": {json.dumps(updated_at)}\n}}\n')


def settled(entry: Entry, key: str) -> tuple[Entry, Veiled]:
    """Return the entry exactly as its row will be read again, and the row."""
    line = encode_row(entry)
    read = decode_row(json.loads(line), key=key, index=0)
    return (entry if read == entry else read), line


def as_stored(
    entry: Entry, *, key: str, clean: Callable[[str], str], fingerprint_key: bytes | None = None
) -> Entry:
    """Return what may be kept of an entry: `clean` takes the secrets out of its messages.

    What is borrowed keeps no secret of its own, only a fingerprint if there is a key for one.
    """
    entry = _redacted(entry, clean)
    if entry.reference is None and not borrowed(key, entry.source):
        return entry
    extra = {n: v for n, v in entry.extra.items() if not may_open(n)}
    theirs = not str(extra.get(FINGERPRINT, OURS)).startswith(OURS)
    if entry.secret is not None and fingerprint_key is not None and not theirs:
        # spec: borrow.not-kept+2
        extra[FINGERPRINT] = fingerprint(entry.secret, fingerprint_key)
    stored = replace(entry, secret=None, refresh_token=None, extra=MappingProxyType(extra))
    return entry if stored == entry else stored


def _redacted(entry: Entry, clean: Callable[[str], str]) -> Entry:
    if entry.cooldown is None and not entry.models and not entry.extra:
        return entry
    models = {model: _cleaned(cooldown, clean) for model, cooldown in entry.models.items()}
    # What an entry that is not cooling was once told is among the fields kept as they are.
    told = {n: v for n in _TOLD if isinstance(v := entry.extra.get(n), str)}
    extra = {**entry.extra, **{name: clean(text) for name, text in told.items()}}
    redacted = replace(
        entry,
        cooldown=entry.cooldown and _cleaned(entry.cooldown, clean),
        models=MappingProxyType(models),
        extra=MappingProxyType(extra),
    )
    return entry if redacted == entry else redacted


def _cleaned(cooldown: Cooldown, clean: Callable[[str], str]) -> Cooldown:
    reason = cooldown.reason and clean(cooldown.reason)
    return replace(cooldown, reason=reason, message=cooldown.message and clean(cooldown.message))


def named(key: str) -> str:
    """Return a key or an id in ASCII, as a JSON string has it between its quotes."""
    return json.dumps(key)[1:-1]


def parsed(text: str) -> object:
    """Return the JSON value; nothing of the text is left in an error or in its context."""
    try:
        return _DECODER.decode(text)
    except Malformed:
        raise
    except json.JSONDecodeError as err:
        where, what = f"line {err.lineno}, column {err.colno}", err.msg
    except RecursionError:
        where, what = "line 1, column 1", "nested too deeply"
    except ValueError:
        where, what = "line 1, column 1", "a number has too many digits"
    raise Malformed(where, f"not JSON: {what}")


def _refuse(name: str) -> NoReturn:
    raise Malformed("a number", f"not JSON: {name}")


def _finite(text: str) -> float:
    number = float(text)
    return number if abs(number) != float("inf") else _refuse("too large")


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite)


def _check_version(version: object) -> None:
    """Raise unless the version is ours; a document without one is."""
    if version is None:
        return
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise Malformed("version", f"expected {VERSION}, found {kind(version)}")
    if version > VERSION:
        raise TooNew("version", f"the document has version {version}, this library knows {VERSION}")


def _suppressed(value: object) -> dict[str, list[str]]:
    """Return the sources that were removed, by pool."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Malformed("suppressed_sources", f"expected an object, found {kind(value)}")
    for sources in value.values():
        if not isinstance(sources, list) or not all(isinstance(name, str) for name in sources):
            raise Malformed("suppressed_sources", "expected a list of strings for each pool")
    return value


def check_ids(entries: Sequence[Entry], key: str) -> None:
    """Raise `Malformed` when two entries have the same id: a report could not tell them apart."""
    if len(set(map(attrgetter("id"), entries))) == len(entries):
        return
    first = {entry.id: index for index, entry in reversed([*enumerate(entries)])}
    index = next(n for n, entry in enumerate(entries) if first[entry.id] != n)
    where = f"credential_pool[{key!r}][{index}].id"
    what = f"row {first[entries[index].id]} has the same id; give one of them another"
    raise Malformed(where, what)


def _head(document: dict[str, object], pools: dict[str, object], key: str) -> Veiled:
    """Return the document's other fields and other pools, up to where the pool's rows begin."""
    fields = {"version": VERSION, **document}  # spec: store.unknown-fields+3
    before = "".join(f"{json.dumps(n)}: {json.dumps(v)},\n" for n, v in fields.items())
    others = "".join(f"{json.dumps(n)}: {_pool(v)},\n" for n, v in pools.items())
    return Veiled(f'{{\n{before}"credential_pool": {{\n{others}{json.dumps(key)}: [')


def _pool(rows: object) -> str:
    """Return another pool's JSON, one row a line as in a pool of ours."""
    if not isinstance(rows, list) or not rows:
        return json.dumps(rows)
    return "[\n" + ",\n".join(map(json.dumps, rows)) + "\n]"
