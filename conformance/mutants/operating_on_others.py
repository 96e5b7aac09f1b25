"""Mutants of the chapter on the operator interface: removing, resetting, order and strategy."""

from dataclasses import replace

from credpool._engine.view import view_of
from credpool.model.policy import Strategy
from credpool.pool import engine_of
from tools.mutants.mutant import Mutant, replaces


def _seen(view, state):
    return view_of(view.stamp, state, replace(view.reading, state=state), None)


class RemovesFromTheListOnly(Mutant):
    """Goes on choosing a removed entry until the pool is opened again."""

    violates = "operator.next-selection+1"
    kills = ("removed-key-is-not-used", "target-is-an-id-then-a-label-then-a-place")
    because = "ids"

    @replaces("credpool.entries.operator.Operator.remove")
    def late(original, self, target):
        pool, before = self._pool, self._pool.state
        entry = original(self, target)
        engine_of(pool)._stored.view = _seen(engine_of(pool)._stored.view, before)
        return entry


class RenumbersTheRest(Mutant):
    """Gives the entries that are left the priorities 0, 1, 2 and so on."""

    violates = "operator.only+1"
    kills = ("removed-key-is-not-used",)
    because = "listing"

    @replaces("credpool.entries.edit.removed")
    def numbered(original, state, target):
        left = original(state, target).entries
        return replace(state, entries=tuple(replace(e, priority=n) for n, e in enumerate(left)))


class ForgetsTheOthersCooldowns(Mutant):
    """Begins again with what is left after a removal."""

    violates = "operator.only+1"
    kills = ("removed-key-is-not-used",)
    because = "status"

    @replaces("credpool.entries.edit.removed")
    def again(original, state, target):
        left = original(state, target).entries
        return replace(state, entries=tuple(replace(e, cooldown=None) for e in left))


class DropsForeignFields(Mutant):
    """Writes the rows that are left with the fields that the library knows."""

    violates = "operator.only+1"
    kills = ("removal-keeps-what-is-not-understood",)
    because = "store"

    @replaces("credpool.entries.edit.removed")
    def known(original, state, target):
        left = original(state, target).entries
        return replace(state, entries=tuple(replace(e, extra={}) for e in left))


class LeavesTheDeadOutAtAReset(Mutant):
    """Resets what cools down, and lets the dead rest."""

    violates = "operator.reset.clean+3"
    kills = ("reset-forgives",)
    because = "killed"

    @replaces("credpool.rules.decide._reset")
    def cooling(original, state, entry_id, *, now):
        decision = original(state, entry_id, now=now)
        dead = {e.id: e for e in state.entries if e.dead}
        return replace(decision, state=decision.state.change(dead))


class ForgetsModels(Mutant):
    """Resets the entry, and not what it was refused for one model."""

    violates = "operator.reset.clean+3"
    kills = ("reset-forgives-a-model",)
    because = "models"

    @replaces("credpool.rules.decide._reset")
    def general(original, state, entry_id, *, now):
        decision = original(state, entry_id, now=now)
        stored = {
            e.id: replace(e, models=old.models)
            for e in decision.state.entries
            if (old := state.find(e.id)) is not None and old.models
        }
        return replace(decision, state=decision.state.change(stored))


class KeepsTheMark(Mutant):
    """Resets an entry, and remembers that it was rate-limited once."""

    violates = "operator.reset.clean+3"
    kills = ("reset-forgives-a-first-rate-limit",)
    because = "retry"

    @replaces("credpool.rules.decide._reset")
    def marked(original, state, entry_id, *, now):
        decision = original(state, entry_id, now=now)
        marked = {
            e.id: replace(e, marked=True)
            for e in decision.state.entries
            if (old := state.find(e.id)) is not None and old.marked
        }
        return replace(decision, state=decision.state.change(marked))


class ResetsThemAll(Mutant):
    """Ends every cooldown, whichever entry is named."""

    violates = "operator.only+1"
    kills = ("reset-of-one-is-of-one",)
    because = "status"

    @replaces("credpool.rules.decide._reset")
    def everyone(original, state, entry_id, *, now):
        return original(state, None, now=now)


class RenamesToANewEntry(Mutant):
    """Makes of a renamed entry one that was never refused."""

    violates = "operator.only+1"
    kills = ("rename-is-a-rename",)
    because = "status"

    @replaces("credpool.entries.edit.renamed")
    def fresh(original, state, target, label):
        after = original(state, target, label)
        fresh = {
            new.id: replace(new, cooldown=None, request_count=0)
            for new in after.entries
            if new not in state.entries
        }
        return after.change(fresh)


class RenamesNobody(Mutant):
    """Says that it has renamed an entry."""

    violates = "operator.only+1"
    kills = ("rename-is-a-rename",)
    because = "listing"

    @replaces("credpool.entries.edit.renamed")
    def same(original, state, target, label):
        original(state, target, label)
        return state


class SwapsPriorities(Mutant):
    """Gives the entry that was at a priority the one that moves away."""

    violates = "operator.next-selection+1"
    kills = ("priority-moves-one-entry",)
    because = "listing"

    @replaces("credpool.entries.edit.prioritised")
    def pushed(original, state, target, priority):
        after = original(state, target, priority)
        return replace(
            after, entries=tuple(replace(e, priority=e.priority + 1) for e in after.entries)
        )


class OrdersAtTheNextStart(Mutant):
    """Goes on in the old order until the pool is opened again."""

    violates = "operator.next-selection+1"
    kills = ("priority-moves-one-entry",)
    because = "order"

    @replaces("credpool.entries.operator.Operator.prioritise")
    def late(original, self, target, priority):
        pool, before = self._pool, self._pool.state
        entry = original(self, target, priority)
        engine_of(pool)._stored.view = _seen(engine_of(pool)._stored.view, before)
        return entry


class MovesByItsOwnPriorityAlone(Mutant):
    """Gives a moved entry the priority of its new place, where it ties with the one that is there."""

    violates = "operator.move+1"
    kills = (
        "move-puts-an-entry-where-it-was-sent:first",
        "move-puts-an-entry-where-it-was-sent:up",
        "move-puts-an-entry-where-it-was-sent:before-another",
    )
    because = "order"

    @replaces("credpool.entries.order._placed")
    def tied(original, state, entry, place):
        return state.change({entry.id: replace(entry, priority=state.entries[place].priority)})


class MovesEveryoneAnew(Mutant):
    """Begins again with every entry that a move gives another number."""

    violates = "operator.move+1"
    kills = ("move-changes-places-alone",)
    because = "status"

    @replaces("credpool.entries.order._placed")
    def again(original, state, entry, place):
        after = original(state, entry, place)
        return replace(after, entries=tuple(replace(e, cooldown=None) for e in after.entries))


class ListsByIds(Mutant):
    """Lists the entries in the order of their ids, which nobody uses them in."""

    violates = "select.order+2"
    kills = ("listing-is-in-the-order-of-use",)
    because = "listing"

    @replaces("credpool.entries.listing._pool")
    def sorted_by_id(original, state, now, only):
        by_id = sorted(state.entries, key=lambda e: e.id)
        return original(replace(state, entries=tuple(by_id)), now, only)


class KeepsTheOldStrategy(Mutant):
    """Takes note of a strategy, and goes on by the old one."""

    violates = "operator.next-selection+1"
    kills = ("strategy-holds-at-once",)
    because = "order"

    @replaces("credpool.pool.Pool.choose_by")
    def with_attempt(original, self, strategy):
        return None


class FallsBackToTheDefault(Mutant):
    """Chooses by `fill_first` when it does not know the strategy, without a word."""

    violates = "operator.refused-unchanged+2"
    kills = ("unknown-strategy-changes-nothing",)
    because = "refusal"

    @replaces("credpool.entries.operator.Operator.choose_by")
    def default(original, self, strategy):
        known = {s.value for s in Strategy}
        original(self, strategy if strategy in known else "fill_first")


class ChangesMemoryOnly(Mutant):
    """Changes the pool in memory, and leaves the store for later."""

    violates = "operator.durable+2"
    kills = ("what-an-operator-does-is-durable:add", "what-an-operator-does-is-durable:remove")
    because = "ids"

    @replaces("credpool._engine.engine.Engine.change")
    def memory(original, self, change):
        view = self._stored.view
        self._stored.view = _seen(view, change(view.state))
        return self._stored.view.state


class BlamesTheNextInLine(Mutant):
    """Puts a reply for an entry that is gone down to the first that is there."""

    violates = "pool.attribution+2"
    kills = ("reply-outlives-its-entry:out-of-credit", "reply-outlives-its-entry:revoked")
    because = "out target"

    @replaces("credpool.rules.decide._fail")
    def heir(original, state, event, *, now, draw):
        if state.find(event.entry) is None:
            heir = state.entries[0]
            event = replace(event, entry=heir.id, secret=heir.secret)
        return original(state, event, now=now, draw=draw)
