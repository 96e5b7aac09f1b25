"""Mutants of the chapter on exhaustion: probes."""

from dataclasses import replace

from credpool_conformance.matrix.mutant import Mutant, replaces


class NeverProbes(Mutant):
    """Waits for a hint to pass, however wrong it may be."""

    violates = "exhaust.probe+3"
    kills = (
        "probe-after-an-hour",
        "probe-times-are-the-operators",
        "probe-passes-the-dead-over",
    )
    because = "outcome"

    @replaces("credpool.core.probe.probe_due")
    def never(original, state, call, *, now):
        return None


class ProbesAtEveryCall(Mutant):
    """Probes again at each call once an entry has been out for long."""

    violates = "exhaust.probe+3"
    kills = (
        "probe-after-an-hour",
        "probe-times-are-the-operators",
    )
    because = "outcome"

    @replaces("credpool.core.probe.probe_due")
    def always(original, state, call, *, now):
        policy = replace(state.policy, probe_interval=0.0)
        return original(replace(state, policy=policy), call, now=now)


class ProbesTheDead(Mutant):
    """Probes a dead entry like any other."""

    violates = "exhaust.probe.dead+2"
    kills = (
        "dead-entry-is-not-probed",
        "probe-passes-the-dead-over",
    )
    because = "wire"

    @replaces("credpool.core.probe.probe_due")
    def also(original, state, call, *, now):
        living = {
            e.id: replace(e, cooldown=replace(e.cooldown, until=now + 1e9))
            for e in state.entries
            if e.dead
        }
        found = original(state.change(living), call, now=now)
        return None if found is None else state.find(found.id)


class StartsTheWaitAnew(Mutant):
    """Begins the cooldown again when a probe fails."""

    violates = "exhaust.probe.failure+3"
    kills = ("probe-that-fails-changes-nothing",)
    because = "state"

    @replaces("credpool.core.decide._fail")
    def anew(original, state, event, *, now, draw):
        if not event.call.probe:
            return original(state, event, now=now, draw=draw)
        freed = replace(state.find(event.entry), cooldown=None)
        call = replace(event.call, probe=False)
        changed = state.change({freed.id: freed})
        return original(changed, replace(event, call=call), now=now, draw=draw)


class KeepsTheProvenOut(Mutant):
    """Leaves an entry out although it has answered a probe."""

    violates = "exhaust.probe.success+3"
    kills = (
        "probe-that-succeeds-brings-the-entry-back",
        "probe-refreshes-a-login",
    )
    because = "state"

    @replaces("credpool.core.probe.released")
    def still_out(original, state, secret, model):
        return state


class ProbesBesideAHealthyEntry(Mutant):
    """Tries an entry that has been out for an hour, although another one is available."""

    violates = "exhaust.probe+3"
    kills = ("probe-after-an-hour", "no-probe-while-another-is-available")
    because = "wire"

    @replaces("credpool.core.select.available")
    def old_ones_too(original, state, *, now, model):
        back = {
            e.id: replace(e, cooldown=None)
            for e in state.entries
            if e.cooldown is not None and not (e.dead or e.refreshable)
            if now - e.cooldown.since > 3600
        }
        return original(state.change(back), now=now, model=model)
