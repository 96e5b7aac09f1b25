"""Mutants of sentences that a second implementation had read in another way."""

from dataclasses import replace

from credpool.model.messages import Decision, Deliver, Send
from credpool.model.recovery import Step
from credpool.rules import next_step, probe
from credpool.rules.select import available
from tools.mutants.mutant import Mutant, replaces


class TriesASecretUnderAnotherName(Mutant):
    """Takes two rows with one secret for two credentials."""

    violates = "recover.progress+3"
    kills = ("secret-is-tried-once-whatever-its-name",)
    because = "same"

    @replaces("credpool.rules.next_step.go_on")
    def by_row(original, state, event, step, *, now, draw):
        tried = next_step.with_attempt(event.call, event.entry, event.verdict, step)
        ready = available(state, now=now, model=event.call.model)
        untried = [e for e in ready if not tried.tried(e.id)]
        turned = next_step.turn_to(state, tried, untried, now=now, draw=draw)
        if turned is None or step is not Step.TRY_NEXT:
            return original(state, event, step, now=now, draw=draw)
        return turned


class KeepsTheOldReason(Mutant):
    """Lengthens a cooldown without saying why."""

    violates = "cooldown.never-shorten+3"
    kills = ("longer-report-says-why",)
    because = "class"

    @replaces("credpool.rules.cooldown._longer")
    def old_reason(original, old, new):
        longer = original(old, new)
        return longer if old is None else replace(longer, failure=old.failure)


class KeepsTheOldBeginning(Mutant):
    """Lengthens a cooldown without beginning it again."""

    violates = "cooldown.never-shorten+3"
    kills = ("longer-report-begins-the-cooldown-again",)
    because = "out nothing"

    @replaces("credpool.rules.cooldown._longer")
    def old_beginning(original, old, new):
        longer = original(old, new)
        return longer if old is None else replace(longer, since=old.since)


class ProbesInOrder(Mutant):
    """Probes the first entry that may be probed."""

    violates = "exhaust.probe.order+2"
    kills = ("probe-takes-whoever-was-probed-least-recently",)
    because = "out"

    @replaces("credpool.rules.probe.probe_due")
    def first(original, state, call, *, now):
        each = (original(replace(state, entries=(e,)), call, now=now) for e in state.entries)
        return next((entry for entry in each if entry is not None), None)


class ProbesInMidCall(Mutant):
    """Goes on with a probe when the last available entry was refused."""

    violates = "exhaust.probe.not-in-mid-call+1"
    kills = ("call-that-was-refused-does-not-probe",)
    because = "target"

    @replaces("credpool.rules.next_step.go_on")
    def probing(original, state, event, step, *, now, draw):
        made = original(state, event, step, now=now, draw=draw)
        ends = isinstance(made.action, Deliver) and made.action.exhaustion is not None
        due = probe.probe_due(made.state, made.call, now=now) if ends else None
        if due is None:
            return made
        probed = replace(due, probed_at=now)
        state = made.state.change({due.id: probed})
        return Decision(state, replace(made.call, probe=True), Send(probed))


class RenewsOneRow(Mutant):
    """Puts new tokens into the row that was refreshed, and no other of the login."""

    violates = "oauth.refresh-token.replaced+2"
    kills = ("rows-of-one-login-get-its-new-token", "rows-of-one-login-refresh-once")
    because = "refresh"

    @replaces("credpool.rules.refresh._login")
    def alone(original, state, entry):
        return [row for row in state.entries if row.id == entry.id]

    @replaces("credpool.rules.refresh._holding")
    def first(original, state, refresh_token):
        return list(original(state, refresh_token))[:1]


class ReadsTheModelUpToAColon(Mutant):
    """Finds no model in a path on which a question mark follows it."""

    violates = "recover.not-entitled.other-models+2"
    kills = ("model-is-found-in-the-path:question-mark",)
    because = "status"

    @replaces("credpool._calls.request.model_of")
    def strict(original, url, content):
        found = original(url, content)
        return None if f"/models/{found}?" in url else found


class KeepsALoginsOtherRows(Mutant):
    """Lets another row of a login be refreshed while the first one is."""

    violates = "oauth.single-flight+2"
    kills = ("rows-of-one-login-refresh-once",)
    because = "refresh"

    @replaces("credpool.rules.refresh._changed")
    def alone(original, state, entry, *, claim, failed_at):
        alone = replace(entry, claim=claim, refresh_failed_at=failed_at)
        return state.change({entry.id: alone})
