"""Name what is wrong with the state of the entries, and whose rule that breaks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from credpool_conformance.charging.evidence import NOT_FAILING, Scene, rule_of
from credpool_conformance.charging.first_difference import Charge
from credpool_conformance.json_values import Json, fields, items
from credpool_conformance.judging.plan import OK, group
from credpool_conformance.scenarios.match import ANY, matches

PAUSED: Final = "disabled"
"""The status of an entry that a person has disabled, in the words of scenarios."""

_OTHER: Final = frozenset({"status", "killed", "models"})
_LATITUDE: Final = frozenset({"unordered", "starts_with"})


@dataclass(frozen=True, slots=True)
class Wrong:
    """A charge, with what was expected and what was seen."""

    charge: Charge
    expected: Json
    actual: Json


@dataclass(frozen=True, slots=True)
class _Words:
    """`exhausted rate_limited +60; m out_of_credit +60`, taken apart."""

    status: str
    failure: str
    left: tuple[str, ...]
    models: tuple[str, ...]

    @classmethod
    def read(cls, state: str) -> "_Words":
        whole, *models = state.split("; ")
        status, failure, *left = [*whole.split(), "-"][:3] if " " in whole else (whole, "-")
        return cls(status, failure, tuple(left), tuple(models))


def wrong_states(scene: Scene, expected: Json, actual: Json) -> Iterator[Wrong]:
    """Yield what is wrong, entry by entry."""
    wanted, found = _closest(expected, actual), fields(actual)
    if not isinstance(wanted, dict) or set(wanted) & _LATITUDE:
        return
    if wanted.keys() != found.keys():
        yield Wrong(Charge("ids", ("pool.identity",)), [*wanted], [*found])
        return
    for entry, want in wanted.items():
        got = str(found[entry])
        if scene.matcher.matches(want, got):
            continue
        choices = [
            [c for c in _entry(scene, entry, choice, got) if c.kind not in scene.profile.untold]
            for choice in _choices(want)
        ]
        nearest = min(range(len(choices)), key=lambda at: _distance(choices[at]))
        for charge in choices[nearest]:
            yield Wrong(charge, f"{entry}: {_choices(want)[nearest]}", f"{entry}: {got}")


def _distance(charges: Sequence[Charge]) -> tuple[int, bool]:
    """Say how far from the plan a state is: another length is nearer than another status."""
    return len(charges), any(charge.kind in _OTHER for charge in charges)


def _closest(expected: Json, actual: Json) -> Json:
    choices = (
        items(expected["one_of"])
        if isinstance(expected, dict) and "one_of" in expected
        else [expected]
    )
    found = fields(actual)
    return max(
        choices,
        key=lambda c: sum(matches(w, found.get(e)) for e, w in fields(c).items()),
        default={},
    )


def _choices(want: Json) -> list[str]:
    several = isinstance(want, dict) and "one_of" in want
    return [*map(str, items(want["one_of"]))] if isinstance(want, dict) and several else [str(want)]


def _entry(scene: Scene, entry: str, wanted: str, found: str) -> Iterator[Charge]:
    want, got = _Words.read(wanted), _Words.read(found)
    if want.status not in (got.status, ANY):
        yield _status(scene, entry, want, got)
        return
    if want.failure not in (ANY, got.failure) and got.failure != "-":
        yield Charge("class", ("classify.registry",))
        if group(want.failure) != group(got.failure):
            return  # the length goes with the class
    if (
        want.left
        and want.left[0] != ANY
        and not scene.matcher.matches(" ".join(want.left), " ".join(got.left))
    ):
        owners = scene.lengths(entry)
        about = scene.latest(entry) if owners == ["cooldown.default"] else None
        yield Charge("until", tuple(owners), about)
    if want.models != got.models and not scene.matcher.matches([*want.models], [*got.models]):
        yield _models(scene, entry, want.models, got.models)


def _models(scene: Scene, entry: str, want: tuple[str, ...], got: tuple[str, ...]) -> Charge:
    names = [[words.split()[0] for words in side] for side in (want, got)]
    if scene.matcher.matches([*names[0]], [*names[1]]):
        return Charge("until", tuple(scene.lengths(entry)))
    return Charge("models", (rule_of(scene.latest(entry)),))


def _status(scene: Scene, entry: str, want: _Words, got: _Words) -> Charge:
    if PAUSED in (want.status, got.status):
        return Charge("status", ("operator.disable", "operator.enable", "store.disabled"))
    failure = scene.latest(entry)
    own = [] if failure in NOT_FAILING and failure != "-" else [rule_of(failure)]
    if scene.redirected and want.status == OK:
        own = ["security.redirect.reply"]
    elif not scene.attempts:
        own = ["pool.read.effect-free", *own]
    if scene.history.misread(entry):
        own = ["classify.registry", *own]
    elif want.status == OK and failure not in NOT_FAILING and scene.history.advanced:
        own = [*scene.lengths(entry), "cooldown.end", *own]
    kind = "killed" if got.status == "dead" else "status"
    return Charge(kind, tuple(own) or _of_the_unfailed(scene, entry))


def _of_the_unfailed(scene: Scene, entry: str) -> tuple[str, ...]:
    """Say whose the state of an entry is that had no failing reply; what cannot be sent may be out."""
    if any(id_.startswith("pool.unusable") for id_ in scene.verified):
        return ()
    return ("pool.same-secret",) if _has_twin(scene, entry) else ("pool.attribution",)


def _has_twin(scene: Scene, entry: str) -> bool:
    """Tell whether another entry holds the secret of this one."""
    entries = scene.scenario.given.entries
    own = next((e.secret_id for e in entries if e.id == entry), None)
    return any(e.secret_id == own for e in entries if e.id != entry)


def same_reasons(expected: Mapping[str, Json], actual: Mapping[str, Json]) -> bool:
    """Tell whether two lists of reasons differ in their moments at most."""

    def short(told: Mapping[str, Json]) -> dict[str, str]:
        return {k: str(v).split()[0] for k, v in fields(told.get("entries")).items()}

    return short(expected) == short(actual)
