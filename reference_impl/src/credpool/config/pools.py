"""The pools' part of a parsed `config.yaml` (spec: storage, custom endpoints).

A value is never quoted in an error: it may be a secret.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Final, TypeVar
from urllib.parse import urlsplit

from credpool.model.credential import bare, url_flaw
from credpool.model.errors import BadConfig, BadPolicy
from credpool.model.policy import BEYOND, LEAST_CLAIM, LONGEST_EXCHANGE, Policy, Strategy
from credpool.model.secret import Secret, Veiled
from credpool.model.terms import FailureClass, First429, PayerChange
from credpool.stores.auth_json.fields import kind

STRATEGIES: Final = "credential_pool_strategies"
POLICIES: Final = "credential_pool_policies"
PROVIDERS: Final = "custom_providers"
MODEL: Final = "model"
BORROW: Final = "borrow"
_CUSTOM: Final = "custom:"
_HERE: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_COOLDOWNS: Final = "cooldowns"
_CAP: Final = "max_concurrent"
_CLAIM: Final = "claim_ttl"
_FIRST: Final = "first_429"
_PAYERS: Final = "payer_change"
_APART: Final = (_COOLDOWNS, _CAP, _FIRST, _PAYERS)
_NAMES: Final = tuple(f.name for f in fields(Policy))
_Choice = TypeVar("_Choice", First429, PayerChange)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An OpenAI-compatible endpoint of the operator's own, and where its key is."""

    name: str
    base_url: str
    api_key: Secret | None = None
    key_env: str | None = None
    model_key: Secret | None = None
    """The key that the configuration's model has, when it is reached here."""

    @property
    def key(self) -> str:
        """The key of its pool."""
        return custom_key(self.name)


def custom_key(name: str) -> str:
    """Return the key of the pool of an endpoint with that name."""
    return _CUSTOM + name.strip().lower().replace(" ", "-")  # spec: custom.key+2


def is_custom(key: str) -> bool:
    """Return whether a pool is that of an endpoint of the operator's own."""
    return key.startswith(_CUSTOM)


def veiled(config: Mapping[str, object]) -> Mapping[str, object]:
    """Return the configuration with its keys veiled, as no error's variables may show them."""
    return {name: _veiled(name, value) for name, value in config.items()}


def strategy_of(config: Mapping[str, object], key: str) -> Strategy:
    """Return the strategy that was chosen for a pool.

    Raises:
        BadConfig: the strategies are not a mapping of texts.
        UnknownStrategy: there is no such strategy.
    """
    chosen = _text(_table(config, STRATEGIES), key, STRATEGIES)
    return Strategy(chosen.strip().lower()) if chosen else Strategy.FILL_FIRST


def policy_of(config: Mapping[str, object], key: str) -> Policy:
    """Return the policy that was set for a pool, the defaults for what was not.

    Raises:
        BadConfig: a name is unknown, or a value is not a number of seconds.
    """
    where = f"{POLICIES}[{key!r}]"
    told = _table(_table(config, POLICIES), key, where)
    given = {n: _seconds(told, n, f"{where}.{n}", _NAMES) for n in told if n not in _APART}
    if given.get(_CLAIM, LEAST_CLAIM) < LEAST_CLAIM:  # spec: oauth.exchange.deadline+1
        what = f"expected at least {LEAST_CLAIM:.0f} seconds: a refresh may take {LONGEST_EXCHANGE:.0f}"
        raise BadConfig(f"{where}.{_CLAIM}", what)
    cooldowns = _table(told, _COOLDOWNS, f"{where}.{_COOLDOWNS}")
    classes = [c.value for c in FailureClass]
    lengths = {n: _seconds(cooldowns, n, f"{where}.{_COOLDOWNS}.{n}", classes) for n in cooldowns}
    try:
        return Policy(
            **given,
            cooldowns={FailureClass(n): s for n, s in lengths.items()},
            max_concurrent=_cap(told.get(_CAP), f"{where}.{_CAP}"),
            first_429=_choice(told, _FIRST, where, First429.RETRY),
            payer_change=_choice(told, _PAYERS, where, PayerChange.ALLOW),
        )
    except BadPolicy as err:  # spec: config.refused+4
        raise BadConfig(f"{where}.{err.name}", err.what) from None


def endpoints(config: Mapping[str, object]) -> tuple[Endpoint, ...]:
    """Return the custom endpoints, the listed ones first.

    Raises:
        BadConfig: one has no name or URL, or two have names that lead to one pool.
    """
    listed = config.get(PROVIDERS) or []
    if not isinstance(listed, list):
        raise BadConfig(PROVIDERS, f"expected a list, found {kind(listed)}")
    found = [_endpoint(item, f"{PROVIDERS}[{n}]") for n, item in enumerate(listed)]
    for n, endpoint in enumerate(found):
        if any(endpoint.key == other.key for other in found[:n]):  # spec: custom.collision+2
            what = f"the name {endpoint.name!r} leads to {endpoint.key!r}, which is taken"
            raise BadConfig(f"{PROVIDERS}[{n}].name", what)
    model = config.get(MODEL)  # another program's name: it may hold a text, and no endpoint
    return tuple(_with_model(found, model) if isinstance(model, dict) else found)


def _endpoint(item: object, where: str) -> Endpoint:
    if not isinstance(item, dict):
        raise BadConfig(where, f"expected a mapping, found {kind(item)}")
    name, base_url = _text(item, "name", where), _text(item, "base_url", where)
    base_url, name = bare(base_url or "").rstrip("/"), (name or "").strip()
    if not base_url:
        raise BadConfig(where, "there is no base_url")
    flaw = url_flaw(base_url)
    if flaw is not None and not name:
        raise BadConfig(f"{where}.base_url", f"it {flaw}, and so no name can be made of it")
    key = _text(item, "api_key", where)
    return Endpoint(
        name=name or _host_name(base_url),
        base_url=base_url,
        api_key=Secret(key) if key else None,
        key_env=_text(item, "key_env", where),
    )


def _with_model(found: Sequence[Endpoint], model: Mapping[str, object]) -> Sequence[Endpoint]:
    """Return the endpoints with the model's own key at the one where it is used."""
    base_url, key = _text(model, "base_url", MODEL), _text(model, "api_key", "model")
    provider = (_text(model, "provider", "model") or "custom").strip().lower()
    if not base_url or not key or (provider != "custom" and not is_custom(provider)):
        return found
    base_url, secret = bare(base_url).rstrip("/"), Secret(key)
    here = [e for e in found if e.base_url == base_url and provider in ("custom", e.key)]
    unlisted = not here and provider == "custom"
    if unlisted and url_flaw(base_url) is None:  # spec: custom.model.host+2
        own = Endpoint(name=_host_name(base_url), base_url=base_url, model_key=secret)
        return [*found, own] if all(e.key != own.key for e in found) else found
    if len(here) != 1:  # spec: custom.by-name+2
        return found
    return [replace(e, model_key=secret) if e is here[0] else e for e in found]


def _veiled(name: object, value: object) -> object:
    match value:
        case str() if name == "api_key":
            return Veiled(value)
        case dict():
            return {n: _veiled(n, v) for n, v in value.items()}
        case list():
            return [_veiled(name, item) for item in value]
        case _:
            return value


def _host_name(base_url: str) -> str:
    """Return the name of an endpoint that nobody has named."""
    parts = urlsplit(base_url)
    host = parts.netloc.rpartition("@")[2]
    return f"Local ({host})" if parts.hostname in _HERE else host


def _table(config: Mapping[str, object], name: str, where: str = "") -> Mapping[str, object]:
    value = config.get(name)
    if value is None or isinstance(value, dict):
        return value or {}
    raise BadConfig(where or name, f"expected a mapping, found {kind(value)}")


def _text(config: Mapping[str, object], name: str, where: str) -> str | None:
    value = config.get(name)
    if value is None or isinstance(value, str):
        return value or None
    raise BadConfig(f"{where}.{name}", f"expected text, found {kind(value)}")


def _seconds(told: Mapping[str, object], name: str, where: str, known: Sequence[str]) -> float:
    """Return a number of seconds under a known name."""
    value = told[name]
    if name not in known:
        raise BadConfig(where, f"there is no such name; known are {', '.join(known)}")
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < BEYOND:
        raise BadConfig(where, f"expected a number of seconds, found {kind(value)}")
    return float(value)


def _cap(told: object, where: str) -> int | None:
    """Return how many calls at once an entry should have, if there is a number for it."""
    if told is None or (isinstance(told, int) and not isinstance(told, bool) and told > 0):
        return told
    raise BadConfig(where, "expected a whole number above 0, or nothing")


def _choice(told: Mapping[str, object], name: str, where: str, default: _Choice) -> _Choice:
    """Return the word that was chosen; the default when nothing is said."""
    if told.get(name) is None:
        return default
    known = {choice.value: choice for choice in type(default)}
    word = told[name]
    if not isinstance(word, str) or word not in known:  # spec: config.refused+4
        raise BadConfig(f"{where}.{name}", f"expected one of {', '.join(known)}")
    return known[word]
