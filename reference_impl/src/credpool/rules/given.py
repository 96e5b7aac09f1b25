"""Keys, entries and parts that a program gives a pool: whatever is wrong with one is told at once.

A key is told by its place, from 1, and is not shown.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

from credpool.model.credential import bare, is_placeholder, label_flaw, url_flaw
from credpool.model.entry import Entry
from credpool.model.errors import BadInput, UnusableSecret
from credpool.model.policy import Policy
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
    secrets = [usable_secret(key, which) for which, key in texts_of(keys)]
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


def texts_of(keys: Iterable[object]) -> Iterator[tuple[str, str]]:
    """Yield how each key is called, and the key.

    Raises:
        BadInput: they are not a list of texts.
    """
    for n, key in enumerate(_listed(keys, "keys"), start=1):
        if not isinstance(key, str):
            raise BadInput(f"key {n} is not text, but of type {type(key).__name__}; give a string")
        yield f"key {n}", Veiled(key)


def check_part(name: str, part: object, *methods: str, fix: str) -> None:
    """Refuse a part that a program gives and that has not what is asked of it.

    Raises:
        BadInput: it lacks one of the methods.
    """
    missing = [m for m in methods if not callable(getattr(part, m, None))]
    if missing or isinstance(part, type):
        what = f"type {part.__name__} itself" if isinstance(part, type) else type(part).__name__
        raise BadInput(f"the {name} cannot be {what}; {fix}")


def check_policy(policy: object) -> None:
    """Refuse what is given as a policy and is none.

    Raises:
        BadInput: it is of another type.
    """
    if policy is not None and not isinstance(policy, Policy):
        what = type(policy).__name__
        raise BadInput(f"the policy cannot be {what}; give one, as in Policy(max_retry_wait=5)")


def check_sends(most: object) -> None:
    """Refuse a number of requests that is none.

    Raises:
        BadInput: it is no whole number, or less than one.
    """
    if isinstance(most, bool) or not isinstance(most, int) or most < 1:
        raise BadInput("max_sends cannot be that; give a whole number above 0")


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
    flaw = url_flaw(text) if isinstance(url, str) else f"is not text, but {type(url).__name__}"
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


def _check_twins(secrets: Sequence[Secret]) -> None:
    first: dict[Secret, int] = {}
    for n, secret in enumerate(secrets, start=1):
        if secret in first:
            raise BadInput(f"keys {first[secret]} and {n} are the same key; give each of them once")
        first[secret] = n
