"""The registry's providers: endpoint, credentials, rules (spec/registry/).

`data` reads it from the specification; this module gives it types, once for each provider.
An operator's configuration has the same form, and comes first (spec: configuration).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from credpool.model.errors import UnknownProvider
from credpool.model.recovery import RECOVERY
from credpool.model.state import PoolState
from credpool.model.terms import AuthType, FailureClass, Payer, Scope
from credpool.providers.data import providers
from credpool.providers.reply import small

GENERIC: Final = "generic"
"""The provider whose rules follow every other's, and serve endpoints nobody has listed."""


@dataclass(frozen=True, slots=True)
class Question:
    """A GET that costs nothing, and is refused when the credential is."""

    path: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """How one type of credential travels: the header, its scheme, what else must be sent."""

    auth_type: AuthType
    header: str
    scheme: str | None
    payer: Payer
    extra_headers: Mapping[str, str]
    token_url: str | None
    env: tuple[str, ...]
    """The environment variables it is found in, the first one first."""
    aliases: tuple[str, ...]
    """The variables in which other programs keep such a credential, or one for another host."""
    prefixes: tuple[str, ...]
    base_url: str | None
    """Where it is valid, if not at the provider's own address."""
    owner_claim: tuple[str, ...]
    """Where a token of this type names the owner of the quota."""
    account_header: str | None
    """The header that names the account of such a login."""
    question: Question | None
    """The harmless question by which a person learns whether such a credential works."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row of a provider's classification: all of the conditions, and what they mean."""

    name: str
    statuses: tuple[str, ...]
    codes: frozenset[str]
    messages: tuple[str, ...]
    headers: Mapping[str, bool | tuple[str, ...]]
    quotas: tuple[str, ...]
    auth_type: AuthType | None
    failure: FailureClass
    scope: Scope
    cooldown: float | None
    hint: object
    place: tuple[str | int, ...] = ()
    """Where it is in the operator's configuration; nowhere for a rule of the registry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One provider of the registry, its rules in order, the generic ones last."""

    name: str
    title: str
    base_url: str | None
    zone: str | None
    """The zone of moments in its texts that name none."""
    owner_headers: tuple[str, ...]
    credential_query: tuple[str, ...]
    """The names under which a caller may have put a credential into the URL."""
    in_band: tuple[str, ...]
    """In which forms the JSON body of a success may tell a failure."""
    terminal: frozenset[str]
    """The token endpoint's codes for a grant that is gone for good."""
    credentials: tuple[Credential, ...]
    rules: tuple[Rule, ...]

    def credential(self, auth_type: AuthType) -> Credential:
        """Return how that type of credential travels here (the provider's first, if unlisted)."""
        return next((c for c in self.credentials if c.auth_type is auth_type), self.credentials[0])


@cache
def provider(name: str) -> Provider:
    """Return a provider of the registry.

    Raises:
        UnknownProvider: the registry has no such provider.
    """
    data = providers().get(name)
    if data is None:
        raise UnknownProvider(name, {n: _words(known) for n, known in providers().items()})
    return described(name, data, _rules(name))


def described(name: str, data: Mapping[str, object], rules: tuple[Rule, ...]) -> Provider:
    """Return a provider of which `data` says what it is, in the form of the registry."""
    return Provider(
        name=name,
        title=_text(data.get("title")) or name,
        base_url=_text(data.get("base_url")),
        zone=_text(data.get("zone")),
        owner_headers=tuple(n.lower() for n in _texts(data.get("owner_headers"))),
        credential_query=_texts(data.get("credential_query")),
        in_band=_texts(data.get("in_band")),
        terminal=frozenset(
            t for row in (data, providers()[GENERIC]) for t in _texts(row.get("terminal"))
        ),
        credentials=tuple(_credential(c) for c in _maps(data["credentials"])),
        rules=rules if name == GENERIC else rules + _rules(GENERIC),
    )


def provider_of(state: PoolState) -> Provider:
    """Return the provider of a pool, with what the operator says of it.

    Raises:
        UnknownProvider: neither the operator nor the registry knows it.
    """
    return state.described if isinstance(state.described, Provider) else provider(state.provider)


def names() -> tuple[str, ...]:
    """Return the names of all providers, in the order of the registry."""
    return tuple(providers())


def _words(data: Mapping[str, object]) -> Sequence[str]:
    """Return the words of a provider's title, by which people know it."""
    return (title := _text(data.get("title")) or "", *re.findall(r"[\w.]+", title))


def _rules(name: str) -> tuple[Rule, ...]:
    return tuple(rule(f"{name}/{r['id']}", r) for r in _maps(providers()[name]["rules"]))


def _credential(data: Mapping[str, object]) -> Credential:
    return Credential(
        auth_type=AuthType(data["auth_type"]),
        header=str(data["header"]).lower(),
        scheme=_text(data.get("scheme")),
        payer=Payer(data["payer"]),
        extra_headers={k.lower(): str(v) for k, v in _map(data.get("extra_headers")).items()},
        token_url=_text(data.get("token_url")),
        env=_texts(data.get("env")),
        aliases=_texts(data.get("aliases")),
        prefixes=_texts(data.get("prefix")),
        base_url=_text(data.get("base_url")),
        owner_claim=_texts(data.get("owner_claim")),
        account_header=_text(data.get("account_header")),
        question=_question(_map(data.get("question"))),
    )


def _question(data: Mapping[str, object]) -> Question | None:
    headers = {name: str(value) for name, value in _map(data.get("headers")).items()}
    return Question(str(data["path"]), headers) if data else None


def rule(name: str, data: Mapping[str, object], place: tuple[str | int, ...] = ()) -> Rule:
    """Return one rule, which is in the form of the registry."""
    when = _map(data["when"])
    failure = FailureClass(data["class"])
    scope, cooldown, auth = data.get("scope"), data.get("cooldown"), when.get("auth_type")
    return Rule(
        name=name,
        statuses=_texts(when.get("status")),
        codes=frozenset(_texts(when.get("code"))),
        messages=tuple(small(m) for m in _texts(when.get("message"))),
        headers={
            name.lower(): v if isinstance(v, bool) else _texts(v)
            for name, v in _map(when.get("header")).items()
        },
        quotas=_texts(when.get("quota")),
        auth_type=None if auth is None else AuthType(auth),
        failure=failure,
        scope=RECOVERY[failure].scope if scope is None else Scope(scope),
        cooldown=float(cooldown) if isinstance(cooldown, int | float) else None,
        hint=data.get("hint"),
        place=place,
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _texts(value: object) -> tuple[str, ...]:
    """Return one or several values of the data as text."""
    if value is None:
        return ()
    return tuple(str(v) for v in value) if isinstance(value, list | tuple) else (str(value),)


def _map(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _maps(value: object) -> Sequence[Mapping[str, object]]:
    return value if isinstance(value, list | tuple) else ()
