"""The operator's own rules and providers in `config.yaml` (spec: configuration).

They have the form of the registry's, and come before it. `own_form` says what is wrong with one.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Final

from credpool.config.own_form import Fault, Path, provider_fault, rule_fault
from credpool.config.pools import DESCRIBED, RULES, custom_key, is_custom
from credpool.model.errors import BadConfig
from credpool.providers import registry
from credpool.providers.registry import Provider, Rule
from credpool.stores.auth_json.fields import kind

SOURCE: Final = "config.yaml"
"""The prefix of the names of the operator's rules, in place of the provider's."""

_MARKS: Final = ("credentials", "rules")
"""By what an item of `providers` is told from another program's."""

Row = Mapping[str, object]


def check(config: Row, pools: Collection[str] = ()) -> None:
    """Refuse rules and providers that are not in the form of the registry.

    Args:
        config: what `config.yaml` says.
        pools: the keys of pools that are neither a provider's nor a custom endpoint's.

    Raises:
        BadConfig: one of them is not; `path` says where it is.
    """
    found = next(_faults(config, pools), None)
    if found is not None:  # spec: config.own.refused+1
        raise BadConfig(_written(found.path), found.what, found.path)


def names(config: Row) -> tuple[str, ...]:
    """Return the names of the providers that the operator describes."""
    return tuple(_described(config))


def described(config: Row, key: str, provider: str) -> Provider | None:
    """Return a pool's provider as the operator's configuration has it; None when it says nothing.

    Args:
        config: what `config.yaml` says, which has been checked.
        key: the pool's key.
        provider: the provider by whose rules it goes without the configuration.

    Raises:
        UnknownProvider: neither the configuration nor the registry has such a provider.
    """
    row = _described(config).get(key)
    own = tuple(_own_rules(config, dict.fromkeys((key, provider))))
    if row is not None:
        written = enumerate(_items(row.get("rules")))
        listed = (_rule(r, ("providers", key, "rules", n)) for n, r in written)
        # spec: config.providers+1
        known = registry.described(key, _with_defaults(row), tuple(listed))
    elif own:
        known = registry.provider(provider)
    else:
        return None
    return replace(known, rules=own + known.rules)  # spec: config.rules+1


def pool_named(name: str) -> str:
    """Return the key of the pool that a name under `rules` means."""
    if is_custom(name):
        return custom_key(name.partition(":")[2])
    return name.strip().lower().replace("_", "-")


def _own_rules(config: Row, keys: Collection[str]) -> Iterator[Rule]:
    """Yield the rules for some keys, those of the first key first."""
    tables = _mapping(config.get(RULES))
    for key in keys:
        for name, rules in tables.items():
            if pool_named(name) == key:
                for number, row in enumerate(_items(rules)):
                    yield _rule(row, (RULES, name, number))


def _rule(row: Row, place: Path) -> Rule:
    number = int(place[-1]) + 1
    return registry.rule(f"{SOURCE}/{row.get('id') or number}", row, place)


def _described(config: Row) -> Mapping[str, Row]:
    """Return the providers that are described; what another program keeps there is not ours."""
    listed = _mapping(config.get(DESCRIBED))
    rows = {name: _mapping(row) for name, row in listed.items()}
    return {name: row for name, row in rows.items() if any(mark in row for mark in _MARKS)}


def _with_defaults(row: Row) -> Row:
    ways = [*map(_credential, _items(row.get("credentials")))]
    return {**row, "credentials": ways, "terminal": _plain(row.get("terminal"), "codes")}


def _credential(row: Row) -> Row:
    usual = {"auth_type": "api_key", "payer": "unknown", "env": []}
    bearer = {"header": "authorization", "scheme": "Bearer"}
    told = {**usual, **({} if "header" in row else bearer), **row}
    return {**told, "aliases": _plain(row.get("aliases"), "name")}


def _plain(items: object, name: str) -> list[object]:
    """Return the values of a list, each as it is or from a row of the registry."""
    listed = items if isinstance(items, list) else []
    found = (item.get(name) if isinstance(item, Mapping) else item for item in listed)
    return [one for value in found for one in (value if isinstance(value, list) else [value])]


def _faults(config: Row, pools: Collection[str]) -> Iterator[Fault]:
    listed, rules = _described(config), config.get(RULES)
    for name, row in listed.items():
        yield from provider_fault(name, row, (DESCRIBED, name))
    if not isinstance(rules, Mapping | None):
        yield Fault((RULES,), f"expected a mapping, found {kind(rules)}")
    known = {*registry.names(), *listed, *pools}
    for name, several in _mapping(rules).items():
        yield from _pool_faults(name, several, known)


def _pool_faults(name: str, rules: object, known: Collection[str]) -> Iterator[Fault]:
    key = pool_named(name)
    if key not in known and not (is_custom(key) and key != custom_key("")):
        what = f"there is no such provider; describe it under {DESCRIBED}, or write custom:NAME"
        yield Fault((RULES, name), what)
    if not isinstance(rules, list):
        yield Fault((RULES, name), f"expected a list of rules, found {kind(rules)}")
        return
    yield from rule_fault(rules, (RULES, name))


def _written(path: Path) -> str:
    """Return a path as a person writes it."""
    first, *rest = map(str, path)
    steps = (f"[{step}]" if step.isdecimal() else f".{step}" for step in rest)
    return first + "".join(steps)


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _items(value: object) -> list[Row]:
    return [_mapping(item) for item in value] if isinstance(value, list) else []
