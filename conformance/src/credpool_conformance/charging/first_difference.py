"""Name the first step at which a call leaves its plan, and whose rule that breaks.

Nothing after that step is read: what follows from it is nobody's fault twice.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from credpool_conformance.charging.evidence import NOT_FAILING, Scene, rule_of
from credpool_conformance.json_values import Json
from credpool_conformance.judging.plan import OK, STAY, UNKNOWN, Step, common, entry_of, group
from credpool_conformance.provider.requests import MOVED_PATH

RETRY: Final = "recover.rate-limited.retry-once"
_TOKENS: Final = ("token:", "device:")


@dataclass(frozen=True, slots=True)
class Charge:
    """A kind of difference, and the requirements it may belong to, the likeliest first."""

    kind: str
    owners: tuple[str, ...] = ()
    about: str | None = None
    """The class of the reply that was taken for another one's."""


@dataclass(frozen=True, slots=True)
class _At:
    """The step: what was wanted, what came, and what came before."""

    place: int
    want: Json
    got: str | None
    before: Step | None

    @property
    def again(self) -> bool:
        """Tell whether the same entry was asked again."""
        return self.before is not None and self.got is not None and self.got == self.before.item


def first_step(scene: Scene) -> Charge | None:
    """Find the first step that differs; none if the requests are as planned."""
    place = common(scene.plan.wire, scene.actual)
    steps = scene.plan.steps
    want = steps[place].item if place < len(steps) else None
    got = scene.actual[place] if place < len(scene.actual) else None
    if want is None and got is None:
        return None
    at = _At(place, want, got, steps[place - 1] if place else None)
    if _is_token(want) or _is_token(got):
        return _refresh(scene, at)
    if at.got is None and _was_sent_elsewhere(scene):
        return Charge("unfollowed", ("security.redirect.limit",))
    return _later(scene, at, at.before) if at.before else _first(scene, at)


def _is_token(item: Json) -> bool:
    return isinstance(item, str) and item.startswith(_TOKENS)


def _refresh(scene: Scene, at: _At) -> Charge:
    logins = any(entry.refreshable for entry in scene.scenario.given.entries)
    if not (logins or _is_token(at.want)):
        return Charge("refresh", ("recover.bounded",))  # nobody's login is refreshed with it
    refused = at.before is not None and at.before.failure == "auth_expired"
    if refused:
        return Charge("refresh", ("recover.auth-expired.refresh", "oauth.once"))
    if at.before is not None and at.before.action == "token":
        return Charge("refresh", ("oauth.once", "oauth.single-flight"))
    return Charge("refresh", ("oauth.window.mandatory", "oauth.window.advisory"))


def _later(scene: Scene, at: _At, before: Step) -> Charge:
    """Judge a step by the reply that came before it."""
    if isinstance(before.item, str) and before.item.startswith("other:-"):
        failed = any(reply.status >= 400 for reply in scene.scenario.upstream.get("other", ()))
        return Charge("stranger", ("security.redirect.reply" if failed else "reply.unchanged",))
    if at.got not in (None, "-") and _is_way_back(scene, at, before):
        return Charge("sent", ("security.redirect",))
    if before.item == "-" and _led_by_a_stranger(scene, at):
        return Charge("stranger", ("security.redirect.reply",))
    if "-" in (at.got, before.item):
        return Charge("bare", ("security.one-secret" if scene.redirected else "select.available",))
    if before.failure == OK:
        return Charge("on", ("recover.bounded",))
    if at.again and before.action != "token" and _too_often(scene, at):
        idle = {e.id for e in scene.scenario.given.entries} - {entry_of(i) for i in scene.actual}
        owners = ("recover.bounded", *(["recover.progress"] if idle else []))
        blamed = any(id_.startswith("classify.") for id_ in scene.verified)
        return Charge("same", owners, about=before.failure if blamed else None)
    if _is_misread(scene, at, before):
        owners = ("classify.registry", rule_of(before.failure))
        return Charge("after", owners, about=before.failure)
    return next(_by_step(scene, at, before))


def _was_sent_elsewhere(scene: Scene) -> bool:
    """Tell whether the last reply was a redirect."""
    sent = scene.seen.wire[-1].sent if scene.seen.wire else None
    return sent is not None and 300 <= sent.status < 400


def _is_way_back(scene: Scene, at: _At, before: Step) -> bool:
    """Tell whether a stranger has led the call here, where it is to go without a secret."""
    bare = at.want == "-" or (at.want is None and before.item == "-")
    sent = scene.seen.wire[at.place].request.path if at.place < len(scene.seen.wire) else ""
    return bare and _led_by_a_stranger(scene, at) and sent.startswith(MOVED_PATH)


def _led_by_a_stranger(scene: Scene, at: _At) -> bool:
    return any(item == "other:-" for item in scene.plan.wire[: at.place])


def _too_often(scene: Scene, at: _At) -> bool:
    tokens = sum(map(_is_token, scene.actual))
    return scene.actual.count(at.got or "") > 2 + tokens


def _is_misread(scene: Scene, at: _At, before: Step) -> bool:
    """Tell whether the pool took the reply for something else: by its word, or by what it did."""
    if before.failure in NOT_FAILING:
        return False
    told = scene.told[at.place - 1] if at.place <= len(scene.told) else None
    if "class" not in scene.profile.tells:
        return any(id_.startswith("classify.") for id_ in scene.verified)
    if any(step.action == "token" for step in scene.plan.steps[: at.place]):
        return False  # the list of attempts has no place for token requests
    return told is not None and told != UNKNOWN and group(told) != group(before.failure)


def _by_step(scene: Scene, at: _At, before: Step) -> Iterator[Charge]:
    rule = rule_of(before.failure)
    moved = (
        len({step.item for step in scene.plan.steps[: at.place] if isinstance(step.item, str)}) > 1
    )
    again = at.want == before.item or before.action in ("retry", "token")
    if at.want is not None and again:
        yield Charge(
            "retry",
            (
                RETRY if before.failure == "rate_limited" else "recover.auth-expired.refresh",
                "recover.rate-limited.across-calls",
            ),
        )
    if at.got is None:
        yield Charge("stop", ("recover.all-tried", rule) if moved else (rule, "recover.all-tried"))
    if at.want is None:
        yield _went_on(scene, at, before)
    if at.again:
        yield Charge("same", (rule,))
    if at.got in scene.actual[: at.place]:
        yield Charge("target", ("recover.progress", "pool.same-secret"))
    wanted = entry_of(at.want)
    if scene.is_out(wanted) is True and not scene.history.failing(wanted):
        yield Charge("out", ("pool.attribution",))
    yield Charge("target", (scene.strategy, "select.available", "recover.progress"))


def _went_on(scene: Scene, at: _At, before: Step) -> Charge:
    if before.action == "token":
        return Charge("on", ("recover.bounded",))
    if before.failure in STAY or before.failure == "-":
        return Charge("on", (rule_of(before.failure),))
    if at.again:
        return Charge("on", (rule_of(before.failure), "recover.bounded"))
    tried = at.got in scene.actual[: at.place]
    return Charge("target", ("recover.progress" if tried else "select.available",))


def _first(scene: Scene, at: _At) -> Charge:
    """Judge with which entry a call began."""
    if at.got == "-" or any(not entry.has_secret for entry in scene.scenario.given.entries):
        return Charge("out", ("select.available", "pool.unusable"))
    want = None if at.want is None else entry_of(at.want)
    got = None if at.got is None else entry_of(at.got)
    if want is None and got is not None and scene.is_out(got) is True:
        return Charge("nothing", ("exhaust.nothing-sent", "select.available"))
    for entry, to_be_out in ((want, False), (got, True)):
        if entry is not None and (
            found := _displaced(scene, entry, to_be_out=to_be_out, none=got is None)
        ):
            return found
    if want is None:
        return Charge("nothing", ("exhaust.nothing-sent",))
    return Charge("order", (scene.strategy, "select.order"))


def _displaced(scene: Scene, entry: str, *, to_be_out: bool, none: bool) -> Charge | None:
    """Judge an entry that is out and was not to be, or the reverse."""
    history, out = scene.history, scene.is_out(entry)
    failing = history.failing(entry)
    if to_be_out and not failing:
        return None
    lost = not to_be_out and (out is True or (out is None and failing) or none)
    back = to_be_out and out is not True
    if lost or back:
        return _wrongly_out(scene, entry, lost=lost)
    if to_be_out:
        return Charge("out", ("select.available",))
    if failing and out is False:
        return Charge("order", (scene.strategy, "cooldown.end", "select.per-call"))
    return None


def _wrongly_out(scene: Scene, entry: str, *, lost: bool) -> Charge:
    history, rule = scene.history, rule_of(scene.history.planned.get(entry))
    failing, lengths = history.failing(entry), scene.lengths(entry)
    blind = "class" not in scene.profile.tells
    judged = any(id_.startswith("classify.") for id_ in scene.verified)
    if (not blind and history.misread(entry)) or (blind and judged and failing):
        return Charge("after", ("classify.registry", rule), about=history.planned.get(entry))
    if lost and not failing:
        return Charge("out", ("pool.attribution",))
    if not history.advanced:
        return Charge(
            "out", (rule, *lengths) if lost or rule in scene.verified else (*lengths, rule)
        )
    return Charge("out", (*lengths, "cooldown.end"))
