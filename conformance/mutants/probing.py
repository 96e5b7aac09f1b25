"""Mutants of the chapter on exhaustion: probes."""

from dataclasses import replace

from credpool.model.messages import Decision, Send
from credpool.model.recovery import Step
from credpool.model.terms import FailureClass
from credpool.rules.next_step import with_attempt
from tools.mutants.mutant import Mutant, replaces


class NeverProbes(Mutant):
    """Waits for a hint to pass, however wrong it may be."""

    violates = "exhaust.probe+3"
    kills = (
        "probe-after-an-hour",
        "probe-times-are-the-operators",
        "probe-passes-the-dead-over",
    )
    because = "out"

    @replaces("credpool.rules.probe.probe_due")
    def never(original, state, call, *, now):
        return None


class ProbesAtEveryCall(Mutant):
    """Probes again at each call once an entry has been out for long."""

    violates = "exhaust.probe+3"
    kills = (
        "probe-after-an-hour",
        "probe-times-are-the-operators",
    )
    because = "out nothing"

    @replaces("credpool.rules.probe.probe_due")
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
    because = "out nothing"

    @replaces("credpool.rules.probe.probe_due")
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
    because = "until on"

    @replaces("credpool.rules.decide._fail")
    def again(original, state, event, *, now, draw):
        if not event.call.probe:
            return original(state, event, now=now, draw=draw)
        freed = replace(state.find(event.entry), cooldown=None)
        call = replace(event.call, probe=False)
        changed = state.change({freed.id: freed})
        return original(changed, replace(event, call=call), now=now, draw=draw)


class RetriesAProbe(Mutant):
    """Sends a throttled probe once more, as it does with any first 429."""

    violates = "exhaust.probe.failure+3"
    kills = (
        "probe-that-fails-changes-nothing:throttled",
        "probe-that-fails-changes-nothing:throttled-for-a-second",
        "failed-probe-is-not-retried",
    )
    because = "on"

    @replaces("credpool.rules.decide._fail")
    def again(original, state, event, *, now, draw):
        call, entry = event.call, event.entry
        is_rate_limited = event.verdict.failure is FailureClass.RATE_LIMITED
        if not call.probe or not is_rate_limited or call.did(Step.RETRY, entry):
            return original(state, event, now=now, draw=draw)
        call = with_attempt(call, entry, event.verdict, Step.RETRY)
        return Decision(state, call, Send(state.find(entry)))


class KeepsTheProvenOut(Mutant):
    """Leaves an entry out although it has answered a probe."""

    violates = "exhaust.probe.success+3"
    kills = (
        "probe-that-succeeds-brings-the-entry-back",
        "probe-refreshes-a-login",
    )
    because = "status"

    @replaces("credpool.rules.probe.released")
    def still_out(original, state, secret, model):
        return state


class ProbesBesideAHealthyEntry(Mutant):
    """Tries an entry that has been out for an hour, although another one is available."""

    violates = "exhaust.probe+3"
    kills = ("no-probe-while-another-is-available",)
    because = "out"

    @replaces("credpool.rules.select.available")
    def old_ones_too(original, state, *, now, model):
        back = {
            e.id: replace(e, cooldown=None)
            for e in state.entries
            if e.cooldown is not None and not (e.dead or e.refreshable)
            if now - e.cooldown.since > 3600
        }
        return original(state.change(back), now=now, model=model)


class EndsWithAFailedProbe(Mutant):
    """Delivers what refused a probe, whoever has come back meanwhile."""

    violates = "recover.all-tried+2"
    kills = ("probe-that-fails-goes-on-with-who-is-back",)
    because = "stop"

    @replaces("credpool.rules.next_step.untried")
    def nobody(original, state, call, *, now):
        return () if call.probe else original(state, call, now=now)
