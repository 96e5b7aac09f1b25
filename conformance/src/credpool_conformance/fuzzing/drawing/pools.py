"""Draw the pool that a history begins with, and the script of its provider."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from credpool_conformance.fuzzing.drawing.chances import Chances
from credpool_conformance.fuzzing.drawing.replies import Replies
from credpool_conformance.fuzzing.ground import Ground
from credpool_conformance.fuzzing.history import History, id_of
from credpool_conformance.json_values import Json, fields, items
from credpool_conformance.specification.registry import Registry

NEWCOMERS: Final = ("n", "m")
MODELS: Final = ("m1", "m2")
_IDS: Final = ("a", "b", "c", "d", "e")
_SIZES: Final = {1: 20.0, 2: 35.0, 3: 30.0, 4: 10.0, 5: 5.0}
_EXPIRIES: Final = (5, 10, 29, 30, 31, 60, 100, 119, 120, 121, 150, 200, 600, 3600)
_VALUES: Final[Mapping[str, tuple[Json, ...]]] = {
    "first_429": ("rotate", "retry"),
    "max_retry_wait": (0, 5, 60, 600),
    "sole_cooldown": (0, 15, 200, 7200),
    "min_cooldown": (0, 5, 90),
    "max_cooldown": (90, 600, 100000),
    "cooldowns": (
        {"rate_limited": 10},
        {"usage_limited": 120},
        {"auth_rejected": 100000},
        {"auth_expired": 60},
        {"not_entitled": 30},
        {"out_of_credit": 50},
    ),
    "probe_after": (0, 10, 600, 100000),
    "probe_interval": (0, 60, 2000),
    "advisory_window": (30, 300, 4000),
    "mandatory_window": (0, 10, 120),
    "claim_ttl": (1, 20, 300),
    "max_concurrent": (1, 2),
    "affinity_ttl": (0, 10, 600),
    "payer_change": ("forbid", "allow"),
    "avoid_below_fraction": (0, 0.5, 1),
}
_TOGETHER: Final = (("min_cooldown", "max_cooldown"), ("mandatory_window", "advisory_window"))
"""Of which the first may not exceed the second, so that only one of them is set."""


def begun(seed: str, ground: Ground, registry: Registry) -> History:
    """Draw a pool and a script; nothing has happened yet."""
    chances = Chances(seed)
    provider = "generic" if chances.happens(0.6) else chances.one(ground.providers)
    given = _given(provider, chances, ground)
    replies = Replies(provider, chances, ground, registry)
    known = [id_of(entry) for entry in items(given["entries"])]
    known += NEWCOMERS if ground.has("operator") else []
    upstream: dict[str, Json] = {id_: replies.script("reply") for id_ in known}
    if ground.has("oauth"):
        logins = [e for e in map(fields, items(given["entries"])) if e.get("refreshable")]
        upstream["token"] = {id_of({**e}): replies.script("token") for e in logins}
    return History(
        seed=seed,
        features=tuple(sorted(ground.features - {"core"})),
        given=given,
        upstream=upstream,
        phases=_additions() if ground.has("operator") else (),
    )


def _additions() -> tuple[dict[str, Json], ...]:
    """Let the entries be known that may be added, so that they have secrets."""
    return tuple({"manage": {"do": "add", "as": name}} for name in NEWCOMERS)


def _given(provider: str, chances: Chances, ground: Ground) -> dict[str, Json]:
    size = chances.weighted(_SIZES)
    entries: list[dict[str, Json]] = []
    for id_ in _IDS[:size]:
        entries.append(_entry(entries, id_, chances, ground))
    short: list[Json] = [entry if len(entry) > 1 else entry["id"] for entry in entries]
    given: dict[str, Json] = {"provider": provider, "entries": short}
    if chances.happens(0.45):
        given["strategy"] = chances.one(ground.strategies)
    if chances.happens(0.3):
        given["policy"] = _policy(chances, ground)
    if given.get("strategy") == "random":
        given["randoms"] = [chances.one([0, 0.3, 0.6, 0.99]) for _ in range(60)]
    if ground.has("shared-store") and chances.happens(0.15):
        given["processes"] = ["main", "other"]
    return given


def _policy(chances: Chances, ground: Ground) -> dict[str, Json]:
    names = chances.some(sorted(ground.policy & _VALUES.keys()), 2)
    for one, another in _TOGETHER:
        if one in names and another in names:
            names.remove(one)
    return {name: chances.one(_VALUES[name]) for name in names}


def _entry(
    before: Sequence[dict[str, Json]], id_: str, chances: Chances, ground: Ground
) -> dict[str, Json]:
    models = [e for e in before if not e.keys() & {"same_secret_as", "secret"}]
    if models and chances.happens(0.1):
        # The same key in another row: what it is for the provider, it is there too.
        model = chances.one(models)
        return {**model, "id": id_, "same_secret_as": model["id"]}
    particulars: tuple[tuple[float, str, Callable[[], dict[str, Json]]], ...] = (
        (0.45, "oauth", lambda: _login(chances)),
        (0.3, "owner-scope", lambda: {"owner": chances.one(["o", "p"])}),
        (0.3, "payer", lambda: {"payer": chances.one(["subscription", "metered"])}),
        (0.15, "serves", lambda: {"serves": [chances.one(["m1", "m2", "m*"])]}),
        (0.06, "core", lambda: {"base": "other"}),
        (0.12, "core", lambda: {"priority": chances.number(0, 3)}),
        (0.03, "core", lambda: {"secret": None}),
    )
    entry: dict[str, Json] = {"id": id_}
    for probability, feature, made in particulars:
        if ground.has(feature) and chances.happens(probability):
            entry |= made()
    return entry


def _login(chances: Chances) -> dict[str, Json]:
    known = {"expires_in": chances.one(_EXPIRIES)} if chances.happens(0.7) else {}
    return {"refreshable": True, **known}
