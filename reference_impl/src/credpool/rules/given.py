"""Keys and entries that a program gives a pool: what can be told to be wrong is refused at once.

A key is told by its place, from 1, and is not shown.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeVar

from credpool.model.credential import bare, is_placeholder, label_flaw, url_flaw
from credpool.model.entry import Entry
from credpool.model.errors import BadInput, UnusableSecret
from credpool.model.secret import Secret, Veiled
from credpool.model.terms import EntryId
from credpool.providers.registry import Provider, names
from credpool.providers.registry import provider as known

T = TypeVar("T")

_COMMON_PREFIX: Final = "sk-"
"""The prefix that tells nothing: half of the providers have this one."""


def entries_of(provider: Provider, keys: Sequence[str], base_url: str | None) -> tuple[Entry, ...]:
    """Return an entry for each key, the first one first.

    Raises:
        BadInput: the keys are not a list of different texts, or nobody has said where they are valid.
        UnusableSecret: one of them is empty, a placeholder, or cannot be sent.
    """
    secrets = [_secret(n, key) for n, key in enumerate(_listed(keys, "keys"), start=1)]
    if not secrets:
        raise BadInput("there is no key; give a list with at least one")
    _check_twins(secrets)
    home = checked_url("base_url", base_url)
    if home is None and provider.base_url is None:
        raise BadInput(f"{provider.name!r} has no endpoint of its own; say where the keys are valid, "
                       "with base_url='https://…'")  # fmt: skip
    return tuple(
        Entry(id=EntryId(f"key-{n}"), label=f"key-{n}", secret=secret, priority=n, base_url=home)
        for n, secret in enumerate(secrets, start=1)
    )


def entries_given(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return the entries; one of which something cannot be sent is told, and is never chosen.

    Raises:
        BadInput: one of them is not an entry, or two have one id.
    """
    known: set[EntryId] = set()
    given = _listed(entries, "entries")
    for n, entry in enumerate(given, start=1):
        if not isinstance(entry, Entry):
            raise BadInput(f"entry {n} is no Entry; make it one: Entry(id=…, secret=Secret(…))")
        if entry.id in known:
            raise BadInput(f"two entries have the id {entry.id!r}; give one of them another")
        known.add(entry.id)
    return given


def usable_secret(value: str, which: str = "the secret") -> Secret:
    """Return the secret that a person or a program gives.

    Raises:
        UnusableSecret: the value is empty, a placeholder, a list, or cannot be sent in a header.
    """
    secret = Secret(value)  # spec: operator.add.unusable+2
    if secret.flaw is not None:
        raise UnusableSecret(secret.flaw, which)
    if is_placeholder(value):
        raise UnusableSecret("is a placeholder", which)
    if "," in value:
        raise UnusableSecret("has a comma in it, as a list has: give one key at a time", which)
    return secret


def looks_like(secret: Secret, provider: Provider) -> str | None:
    """Return whose key a secret begins like, if that is another provider's than this one."""
    text = secret.reveal()
    own = _longest_prefix(text, provider)
    found = ((_longest_prefix(text, known(name)), name) for name in names())
    others = [(len(p), name) for p, name in found if p not in ("", _COMMON_PREFIX)]
    longest, name = max(others, default=(0, ""))
    return name if longest > len(own) else None


def checked_url(name: str, url: object) -> str | None:
    """Return the URL that a person or a program gives under that name.

    Raises:
        BadInput: nothing can be sent to it.
    """
    if url is None:
        return None
    text = bare(url) if isinstance(url, str) else ""
    flaw = url_flaw(text)
    if flaw is not None:
        raise BadInput(f"the {name} {flaw}; write it whole, as in https://api.example.com/v1")
    return text


def checked_label(label: str) -> str:
    """Return the label that a person gives.

    Raises:
        BadInput: it cannot be shown.
    """
    flaw = label_flaw(bare(label))
    if flaw is not None:
        raise BadInput(f"the label {flaw}; give one that can be read")
    return bare(label)


def _longest_prefix(text: str, provider: Provider) -> str:
    found = (p for c in provider.credentials for p in c.prefixes if text.startswith(p))
    return max(found, key=len, default="")


def _listed(values: Iterable[T], name: str) -> tuple[T, ...]:
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        kind = type(values).__name__
        raise BadInput(
            f"the {name} are not a list, but of type {kind}; give a list, as in [one, two]"
        )
    return tuple(values)


def _secret(number: int, key: object) -> Secret:
    if not isinstance(key, str):
        raise BadInput(f"key {number} is not text, but of type {type(key).__name__}; give a string")
    return usable_secret(Veiled(key), f"key {number}")


def _check_twins(secrets: Sequence[Secret]) -> None:
    first: dict[Secret, int] = {}
    for n, secret in enumerate(secrets, start=1):
        if secret in first:
            raise BadInput(f"keys {first[secret]} and {n} are the same key; give each of them once")
        first[secret] = n
