"""Mutants of what a person does to an entry for a while: it is disabled, and enabled."""

from dataclasses import replace

from credpool.rules.targets import resolve
from credpool.rules.usable import DISABLED
from tools.mutants.mutant import Mutant, replaces


def _enabled(state):
    return replace(state, entries=tuple(replace(e, disabled=False) for e in state.entries))


def _freshly(after, state, **fields):
    """Change the entries that a verb has changed."""
    changed = {e.id: replace(e, **fields) for e in after.entries if e not in state.entries}
    return after.change(changed)


@replaces("credpool.rules.usable.why_unusable")
def _by_itself(original, state, model=None):
    others = original(_enabled(state), model)
    return lambda entry: DISABLED if entry.disabled else others(entry)


@replaces("credpool.rules.refresh._is_in")
def _refreshed(original, state, entry, event, now):
    return original(_enabled(state), replace(entry, disabled=False), event, now)


class UsesTheDisabled(Mutant):
    """Notes that an entry is disabled, and sends requests with it."""

    violates = "operator.disable+1"
    kills = (
        "disabled-key-pauses:fill-first",
        "all-disabled-is-exhaustion",
        "reset-enables-nothing",
    )
    because = "order out nothing"

    @replaces("credpool.rules.select.available")
    def used(original, state, *, now, model):
        keys = tuple(e if e.refreshable else replace(e, disabled=False) for e in state.entries)
        return original(replace(state, entries=keys), now=now, model=model)


class DisablesARow(Mutant):
    """Disables the row that was named, and sends its secret under the name of the next."""

    violates = "operator.disable+1"
    kills = ("second-row-of-a-disabled-key-pauses-too",)
    because = "order out status"

    @replaces("credpool.entries.edit.disabled")
    def row(original, state, target, *, off):
        entry = resolve(state, target)
        return state.change({entry.id: replace(entry, disabled=off)})

    alone = _by_itself


class ProbesTheDisabled(Mutant):
    """Probes an entry that was out for long before it was disabled."""

    violates = "operator.disable+1"
    kills = ("disabled-key-is-not-probed",)
    because = "nothing"

    @replaces("credpool.rules.probe.probe_due")
    def also(original, state, call, *, now):
        found = original(_enabled(state), call, now=now)
        return None if found is None else state.find(found.id)


class RepeatsWithTheDisabled(Mutant):
    """Retries or refreshes an entry that was disabled while its request was under way."""

    violates = "operator.disable+1"
    kills = (
        "throttled-key-that-was-disabled-is-not-retried",
        "refused-login-that-was-disabled-is-not-refreshed",
    )
    because = "same on target refresh out"

    @replaces("credpool.rules.decide._unless_paused")
    def repeated(original, state, entry, event, step, *, now):
        return step

    refreshed = _refreshed


class SendsTheNewTokenOfTheDisabled(Mutant):
    """Goes on with a login that was disabled while it was refreshed."""

    violates = "operator.disable+1"
    kills = ("refresh-under-way-ends-when-its-login-is-disabled",)
    because = "retry"

    sent = _refreshed


class RefreshesTheDisabled(Mutant):
    """Refreshes a disabled login whose token is about to end, and then passes it over."""

    violates = "operator.disable+1"
    kills = ("disabled-login-is-not-refreshed",)
    because = "refresh order out"

    @replaces("credpool.rules.select.available")
    def kept_alive(original, state, *, now, model):
        due = [e for e in state.entries if e.disabled and e.is_due(state.policy, now)]
        return (*due, *original(state, now=now, model=model))

    also = _refreshed


class EnablesAnew(Mutant):
    """Makes of an entry that is enabled one that was never refused."""

    violates = "operator.enable+1"
    kills = ("disabled-key-keeps-what-it-had:cooling", "disabled-key-keeps-what-it-had:dead")
    because = "status killed"

    @replaces("credpool.entries.edit.disabled")
    def fresh(original, state, target, *, off):
        after = original(state, target, off=off)
        return after if off else _freshly(after, state, cooldown=None)


class EnablesWithoutTheMark(Mutant):
    """Forgets with the pause that an entry has used its one retry."""

    violates = "operator.enable+1"
    kills = ("disabled-key-keeps-its-mark",)
    because = "same retry status target"

    @replaces("credpool.entries.edit.disabled")
    def unmarked(original, state, target, *, off):
        return _freshly(original(state, target, off=off), state, marked=False)


class EnablesLast(Mutant):
    """Puts an entry that is enabled behind the others."""

    violates = "operator.enable+1"
    kills = ("disabled-key-pauses:fill-first",)
    because = "order"

    @replaces("credpool.entries.edit.disabled")
    def last(original, state, target, *, off):
        after = original(state, target, off=off)
        return after if off else _freshly(after, state, priority=99)


class EnablesNobody(Mutant):
    """Says that it has enabled an entry."""

    violates = "operator.enable+1"
    kills = ("second-row-of-a-disabled-key-pauses-too", "disabled-key-keeps-what-it-had:cooling")
    because = "status"

    @replaces("credpool.entries.edit.disabled")
    def stays(original, state, target, *, off):
        return original(state, target, off=True)


class ListsNoPause(Mutant):
    """Lists a disabled entry like any other."""

    violates = "operator.disable.shown+1"
    kills = ("disabled-key-keeps-what-it-had:cooling",)
    because = "listing"

    @replaces("credpool.entries.listing._entry")
    def silent(original, place, state, entry, known):
        return {**original(place, state, entry, known), "disabled": False}


class TellsNoPause(Mutant):
    """Tells of a disabled entry what it would tell of one that is not."""

    violates = "exhaust.reasons+3"
    kills = ("all-disabled-is-exhaustion", "nobody-waits-for-a-disabled-key")
    because = "exhausted"

    @replaces("credpool.rules.cooldown._out")
    def told(original, entry, cooldown, why, failed):
        return original(entry, cooldown, None if why == DISABLED else why, failed)


class PaysByTheFirstThatIsEnabled(Mutant):
    """Lets the first entry that is not disabled say who pays."""

    violates = "payer.forbid+2"
    kills = ("disabled-first-entry-says-who-pays",)
    because = "exhausted order nothing"

    @replaces("credpool.rules.select.permitted")
    def enabled(original, state):
        left = tuple(e for e in state.entries if not e.disabled)
        return original(replace(state, entries=left)) if left else original(state)


class ReadsNoPause(Mutant):
    """Does not know the field in which a row is disabled, and keeps it."""

    violates = "store.disabled+1"
    kills = ("disabled-row-is-passed-over",)
    because = "order out status"

    @replaces("credpool.rules.usable.why_unusable")
    def unknown(original, state, model=None):
        why = original(_enabled(state), model)
        return lambda entry: why(replace(entry, disabled=False))


class ReadsAPauseOfOneRow(Mutant):
    """Uses the secret of a disabled row under the name of another row."""

    violates = "store.disabled+1"
    kills = ("second-row-of-a-disabled-secret-is-passed-over",)
    because = "nothing order out status"

    alone = _by_itself


class ForgetsThePauseOfWhatIsFound(Mutant):
    """Enables an entry when its source is found again."""

    violates = "seed.disabled+1"
    kills = ("disabled-variable-stays-disabled",)
    because = "order out status"

    @replaces("credpool.seed.found._taken_up")
    def enabled(original, entry, item, fingerprint_key):
        return replace(original(entry, item, fingerprint_key), disabled=False)
