"""Mutants of the chapter on events: what is told, when, and in which order."""

from dataclasses import replace

from credpool import events
from credpool.model.messages import Failed, Refreshed, RefreshFailed
from credpool.model.terms import FOREVER
from tools.mutants.mutant import Mutant, replaces


class TellsTheSwitchFirst(Mutant):
    """Tells what came of it before what happened."""

    violates = "events.order+2"
    kills = ("rotation-is-told",)
    because = "events"

    @replaces("credpool.events.changes.told")
    def turned(original, *args, **rest):
        return tuple(
            sorted(original(*args, **rest), key=lambda n: not isinstance(n, events.EntrySwitched))
        )


class TellsEntriesBackwards(Mutant):
    """Tells several entries in another order than the pool's."""

    violates = "events.order+2"
    kills = ("everybody-who-goes-out-is-told",)
    because = "events"

    @replaces("credpool.events.changes._changes")
    def backwards(original, *args):
        return [*original(*args)][::-1]


class LeavesFieldsOut(Mutant):
    """Tells a cooldown without its class."""

    violates = "events.order+2"
    kills = ("rotation-is-told",)
    because = "events"

    @replaces("testee_reference.Testee.hear")
    def shorter(original, self, event):
        original(self, event)
        call = self.current.get(None)
        if call is not None:
            call.events[-1] = {k: v for k, v in call.events[-1].items() if k != "class"}


class TellsTheRefusedEntryOnly(Mutant):
    """Does not tell entries that go out with another."""

    violates = "events.out+2"
    kills = ("everybody-who-goes-out-is-told",)
    because = "events"

    @replaces("credpool.events.changes._changes")
    def one(original, *args):
        return [*original(*args)][:1]


class CallsTheDeadCooling(Mutant):
    """Tells an entry's death as a cooldown without an end."""

    violates = "events.out+2"
    kills = ("death-is-told", "dead-grant-is-told")
    because = "events"

    @replaces("credpool.events.changes._out")
    def cooling(original, *args):
        for event in original(*args):
            if isinstance(event, events.EntryDied):
                yield events.EntryCooled(event.entry, event.failure, 0.0)
            else:
                yield event


class SaysNothingOfModels(Mutant):
    """Tells a model's cooldown as one of the whole entry."""

    violates = "events.out+2"
    kills = ("model-is-told-too",)
    because = "events"

    @replaces("credpool.events.changes._out")
    def whole(original, entry, model, old, new, now):
        return original(entry, None, old, new, now)


class SaysNothingOfLongerCooldowns(Mutant):
    """Tells the first cooldown of an entry only, until it is back."""

    violates = "events.out+2"
    kills = ("later-report-is-told-when-it-changes-something:longer",)
    because = "events"

    @replaces("credpool.events.changes._out")
    def first(original, entry, model, old, new, now):
        running = old is not None and new is not None and old.until > now
        return () if running else original(entry, model, old, new, now)


class TellsEachReport(Mutant):
    """Tells a cooldown for each refusal, whether it changes anything or not."""

    violates = "events.out+2"
    kills = ("later-report-is-told-when-it-changes-something:shorter",)
    because = "events"

    @replaces("credpool.events.changes.told")
    def anyway(original, before, event, made, *, now):
        told = original(before, event, made, now=now)
        entry = made.state.find(event.entry) if isinstance(event, Failed) else None
        out = None if entry is None else entry.cooldown
        if (
            out is None
            or out.until == FOREVER
            or any(isinstance(event, events.EntryCooled) for event in told)
        ):
            return told
        return (events.EntryCooled(entry.id, out.failure, out.until, None), *told)


class SaysNothingOfRecoveries(Mutant):
    """Does not tell that a probe has ended a cooldown."""

    violates = "events.back+2"
    kills = ("recovery-by-a-probe-is-told",)
    because = "events"

    @replaces("credpool.events.changes._changes")
    def silent(original, *args):
        return [n for n in original(*args) if not isinstance(n, events.EntryRecovered)]


class SaysNothingOfReturns(Mutant):
    """Does not tell a switch at the beginning of a call."""

    violates = "events.switch+2"
    kills = ("return-is-a-switch", "leaving-an-entry-that-runs-low-is-a-switch")
    because = "events"

    @replaces("credpool.events.changes.begun")
    def silent(original, *args):
        return ()


class TellsSwitchesOfCooledEntriesOnly(Mutant):
    """Does not tell a switch when nobody went out."""

    violates = "events.switch+2"
    kills = ("another-entry-for-one-call-is-a-switch",)
    because = "events"

    @replaces("credpool.events.changes._switch")
    def quiet(original, before, event, made, now):
        out = before.entries is not made.state.entries
        return original(before, event, made, now) if out else ()


class GivesNoCause(Mutant):
    """Tells a switch without the failure that led to it."""

    violates = "events.switch+2"
    kills = ("rotation-is-told", "another-entry-for-one-call-is-a-switch")
    because = "events"

    @replaces("credpool.events.changes._cause")
    def nothing(original, *args):
        return None


class TellsEachTurn(Mutant):
    """Tells the turns of a strategy that takes turns."""

    violates = "events.quiet+2"
    kills = (
        "what-is-usual-is-not-told:round-robin",
        "what-is-usual-is-not-told:least-used",
        "what-is-usual-is-not-told:random",
        "turns-without-telemetry-are-not-told",
    )
    because = "events"

    @replaces("credpool.events.changes.watches")
    def always(original, state):
        return True

    @replaces("credpool.events.changes.begun")
    def each(original, state, last, entry, find=None):
        if last is not None and last != entry:
            yield events.EntrySwitched(last, entry, None)


class TellsEachSuccess(Mutant):
    """Tells of a success with an entry that had been throttled."""

    violates = "events.quiet+2"
    kills = ("retry-is-not-told",)
    because = "events"

    @replaces("credpool.events.changes._changes")
    def also(original, before, after, now):
        yield from original(before, after, now)
        for old, new in zip(before.entries, after.entries, strict=True):
            if old.marked and not new.marked and new.cooldown is None:
                yield events.EntryRecovered(new.id)


class SaysNothingOfNewTokens(Mutant):
    """Does not tell that a refresh has succeeded."""

    violates = "events.refresh+2"
    kills = ("refresh-is-told",)
    because = "events"

    @replaces("credpool.events.changes._refresh")
    def silent(original, event, now):
        return () if isinstance(event, Refreshed) else original(event, now)


class TellsTerminalFailuresOnly(Mutant):
    """Does not tell a refresh that fails while the token is good."""

    violates = "events.refresh+2"
    kills = ("harmless-refresh-failure-is-told",)
    because = "events"

    @replaces("credpool.events.changes._refresh")
    def patient(original, event, now):
        harmless = isinstance(event, RefreshFailed) and not event.terminal
        return () if harmless else original(event, now)


class CallsFailuresSuccesses(Mutant):
    """Tells the failure of a refresh as its success."""

    violates = "events.refresh+2"
    kills = ("harmless-refresh-failure-is-told", "dead-grant-is-told")
    because = "events"

    @replaces("credpool.events.changes._refresh")
    def rosy(original, message, now):
        for event in original(message, now):
            rosy = isinstance(event, events.RefreshFailed)
            yield events.EntryRefreshed(event.entry) if rosy else event


class TellsTheFirstExhaustionOnly(Mutant):
    """Tells an exhaustion only to the call whose reply brought it about."""

    violates = "events.exhausted+2"
    kills = ("exhaustion-is-told",)
    because = "events"

    @replaces("credpool.events.changes._exhaustion")
    def once(original, made):
        return original(made) if made.call.attempts else ()


class PromisesAReturn(Mutant):
    """Tells a moment at which even the dead return."""

    violates = "events.exhausted+2"
    kills = ("exhaustion-for-good-is-told",)
    because = "events"

    @replaces("credpool.events.changes._exhaustion")
    def promised(original, made):
        for event in original(made):
            found = event.exhaustion
            dead = found.returns_at is None
            yield events.PoolExhausted(replace(found, returns_at=0.0)) if dead else event
