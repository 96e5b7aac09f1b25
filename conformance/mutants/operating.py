"""Mutants of the chapter on the operator interface: targets, adding, removing, what stays."""

from dataclasses import replace

from credpool._engine.view import view_of
from credpool.model.secret import Secret
from credpool.model.terms import EntryId
from credpool.pool import engine_of
from credpool.rules.targets import resolve
from tools.mutants.mutant import Mutant, replaces


def _seen(view, state):
    return view_of(view.stamp, state, replace(view.reading, state=state), None)


class TriesPlacesFirst(Mutant):
    """Takes a number for a place, also when it is an entry's label."""

    violates = "operator.target.order+2"
    kills = ("target-is-an-id-then-a-label-then-a-place:label-before-place",)
    because = "ids"

    @replaces("credpool.rules.targets.resolve")
    def place(original, state, target):
        places = {str(n): e for n, e in enumerate(state.entries, start=1)}
        return places.get(target) or original(state, target)


class TriesLabelsFirst(Mutant):
    """Takes a label for the target although it is an id."""

    violates = "operator.target.order+2"
    kills = ("id-beats-anothers-label",)
    because = "ids"

    @replaces("credpool.rules.targets.resolve")
    def label(original, state, target):
        labelled = [e for e in state.entries if e.label == target]
        return labelled[0] if len(labelled) == 1 else original(state, target)


class ComparesLabelsExactly(Mutant):
    """Tells labels apart by their case and the space around them."""

    violates = "operator.target.order+2"
    kills = ("target-is-an-id-then-a-label-then-a-place:label-in-any-case",)
    because = "refusal"

    @replaces("credpool.rules.targets.plain")
    def exact(original, name):
        return name


class CountsFromZero(Mutant):
    """Takes a place for an index that begins with 0."""

    violates = "operator.target.order+2"
    kills = ("target-is-an-id-then-a-label-then-a-place:place-from-one",)
    because = "refusal"

    @replaces("credpool.rules.targets._places")
    def zero(original, state):
        return {str(n): entry for n, entry in enumerate(state.entries)}


class TakesTheFirstForAnUnknownTarget(Mutant):
    """Lets a target that nobody answers to mean the first entry."""

    violates = "operator.target.refused+1"
    kills = ("unknown-target-is-refused",)
    because = "refusal"

    @replaces("credpool.rules.targets.resolve")
    def first(original, state, target):
        known = {e.id for e in state.entries} | {e.label.casefold() for e in state.entries}
        known |= {str(n) for n, _ in enumerate(state.entries, start=1)}
        wanted = target.strip().casefold() in known or target in known
        return original(state, target) if wanted else state.entries[0]


class NamesNobody(Mutant):
    """Refuses an unknown target without saying which there are."""

    violates = "operator.target.refused+1"
    kills = ("unknown-target-is-refused",)
    because = "names"

    @replaces("credpool.rules.targets._unknown")
    def silent(original, state, target):
        error = original(state, target)
        error.args = ("no such entry",)
        return error


class TakesTheFirstLabelOfTwo(Mutant):
    """Lets a label that two entries have mean the first of them."""

    violates = "operator.target.refused+1"
    kills = ("ambiguous-label-is-refused",)
    because = "refusal"

    @replaces("credpool.rules.targets.resolve")
    def first(original, state, target):
        same = [e for e in state.entries if e.label.casefold() == target.casefold()]
        return same[0] if len(same) > 1 else original(state, target)


class ResetsBeforeItLooks(Mutant):
    """Ends every cooldown first, and then finds that there is no such entry."""

    violates = "operator.refused-unchanged+2"
    kills = ("unknown-target-is-refused:reset", "ambiguous-label-is-refused:reset")
    because = "status"

    @replaces("credpool.pool.Pool.reset")
    def early(original, self, target=None):
        original(self, None)
        original(self, target)


class KeepsWhatItRefuses(Mutant):
    """Adds a secret that is there already, and then refuses it."""

    violates = "operator.refused-unchanged+2"
    kills = ("secret-that-is-there-is-refused",)
    because = "ids"

    @replaces("credpool.entries.operator.Operator.add")
    def twice(original, self, secret, **told):
        held = next((e for e in self._pool.state.entries if e.secret == secret), None)
        if held is not None:
            copy = replace(held, id=EntryId(f"{held.id}-2"))
            engine_of(self._pool).change(
                lambda state: replace(state, entries=(*state.entries, copy))
            )
        return original(self, secret, **told)


class HidesTheDead(Mutant):
    """Lists only what may return by itself."""

    violates = "operator.list.complete+2"
    kills = ("listing-shows-every-state",)
    because = "listing"

    @replaces("credpool.entries.listing._pool")
    def alive(original, state, now, only):
        living = tuple(e for e in state.entries if not e.dead)
        return original(replace(state, entries=living), now, only)


class ListsWithoutAReason(Mutant):
    """Says that an entry is out, and neither why nor until when."""

    violates = "operator.list.complete+2"
    kills = ("listing-shows-every-state",)
    because = "listing"

    @replaces("credpool.entries.listing._entry")
    def bare(original, place, state, entry, known):
        return original(place, state, entry, known | {"class": None, "until": None})


class ListsInAFormOfItsOwn(Mutant):
    """Leaves the version out of a listing, and writes moments as text."""

    violates = "operator.list.document+2"
    kills = ("listing-shows-every-state",)
    because = "document"

    @replaces("credpool.entries.listing.listing")
    def own(original, pools, *, now, only=None):
        told = original(pools, now=now, only=only)
        return {"at": str(told["at"]), "pools": told["pools"]}


class PutsTheNewKeyFirst(Mutant):
    """Gives a new key the place before all others."""

    violates = "operator.add.behind+2"
    kills = ("added-key-comes-last",)
    because = "order"

    @replaces("credpool.entries.edit.added")
    def first(original, state, entry, *, priority=None):
        return original(state, entry, priority=-1 if priority is None else priority)


class TiesWithTheLast(Mutant):
    """Gives a new key the priority 0, whatever the others have."""

    violates = "operator.add.behind+2"
    kills = ("added-key-comes-last",)
    because = "order"

    @replaces("credpool.entries.edit.added")
    def zero(original, state, entry, *, priority=None):
        return original(state, entry, priority=priority or 0)


class AddsForTheNextStart(Mutant):
    """Keeps a new key out of use until the pool is opened again."""

    violates = "operator.next-selection+1"
    kills = ("added-key-ends-an-exhaustion",)
    because = "out"

    @replaces("credpool.entries.operator.Operator.add")
    def late(original, self, secret, **told):
        entry = original(self, secret, **told)
        before, pool = self._pool.state, self._pool
        stored = tuple(e if e.id != entry.id else replace(e, secret=None) for e in before.entries)
        engine_of(pool)._stored.view = _seen(
            engine_of(pool)._stored.view, replace(before, entries=stored)
        )
        return entry


class NumbersTheNew(Mutant):
    """Gives a new entry the id of the place it takes, which another may have had."""

    violates = "operator.add.id+2"
    kills = ("successor-is-not-blamed",)
    because = "outcome"

    @replaces("credpool.entries.operator.new_id")
    def numbered(original, state):
        names = (EntryId(letter) for letter in "abcdefgh")
        return next(name for name in names if state.find(name) is None)


class TakesPlaceholders(Mutant):
    """Takes whatever is not empty for a secret."""

    violates = "operator.add.unusable+2"
    kills = (
        "unusable-secret-is-refused:cut-short",
        "unusable-secret-is-refused:masked",
        "unusable-secret-is-refused:in-brackets",
        "unusable-secret-is-refused:begins-like-your",
        "unusable-secret-is-refused:a-word",
    )
    because = "refusal"

    @replaces("credpool.model.credential.is_placeholder")
    def never(original, value):
        return False


class TakesTwoLines(Mutant):
    """Takes a secret that cannot be sent."""

    violates = "operator.add.unusable+2"
    kills = ("unusable-secret-is-refused:two-lines", "unusable-secret-is-refused:two-words")
    because = "refusal"

    @replaces("credpool.rules.given.usable_secret")
    def always(original, value, which="the secret"):
        words = value.split()
        return Secret(value) if len(words) > 1 else original(value, which)


class TakesWhatWasPastedAlong(Mutant):
    """Takes quotes, and the name of a variable, for a part of the secret."""

    violates = "operator.add.unusable+2"
    kills = ("unusable-secret-is-refused:in-quotes", "unusable-secret-is-refused:with-its-variable")
    because = "refusal"

    @replaces("credpool.rules.given.usable_secret")
    def taken(original, value, which="the secret"):
        pasted = value.startswith('"') or "=" in value
        return Secret(value) if pasted else original(value, which)


class AddsTwice(Mutant):
    """Adds a secret that an entry holds already."""

    violates = "operator.add.duplicate+2"
    kills = ("secret-that-is-there-is-refused",)
    because = "refusal"

    @replaces("credpool.entries.edit._holder")
    def nobody(original, state, new):
        return None


class DoesNotSayWhoHoldsIt(Mutant):
    """Refuses a duplicate without naming the entry that holds it."""

    violates = "operator.add.duplicate+2"
    kills = ("secret-that-is-there-is-refused",)
    because = "names"

    @replaces("credpool.rules.targets.shown")
    def nameless(original, entry):
        return "an entry"


class LetsTheRemovedComeBack(Mutant):
    """Removes an entry, and not a word about where it was found."""

    violates = "operator.remove.sticky+2"
    kills = ("removed-variable-stays-removed",)
    because = "ids"

    @replaces("credpool.entries.edit.removed")
    def forgotten(original, state, target):
        return replace(original(state, target), suppressed=state.suppressed)


class TakesANameForAKey(Mutant):
    """Takes the name of a variable for the secret itself."""

    violates = "operator.add.source+2"
    kills = ("credential-that-is-added-by-the-name-of-its-place",)
    because = "store"

    @replaces("credpool.entries.edit.holding")
    def key(original, entry, value, which=None):
        return replace(entry, secret=Secret(value.strip()))


class KeepsTheRemovedAway(Mutant):
    """Adds a source by its name, and leaves it among the removed ones."""

    violates = "operator.add.source+2"
    kills = ("credential-that-is-added-by-the-name-of-its-place",)
    because = "store"

    @replaces("credpool.entries.edit.added")
    def away(original, state, entry, **kwargs):
        return replace(original(state, entry, **kwargs), suppressed=state.suppressed)


class TakesANumberForALabel(Mutant):
    """Lets a label be a number, as the place of another entry is."""

    violates = "operator.label+1"
    kills = (
        "label-that-names-no-entry-alone-is-refused:renamed-to-a-place",
        "label-that-names-no-entry-alone-is-refused:added-as-a-number",
    )
    because = "refusal"

    @replaces("credpool.entries.edit._own_label")
    def number(original, state, entry, typed):
        return typed if typed.strip().isdecimal() else original(state, entry, typed)


class LetsTwoShareALabel(Mutant):
    """Gives an entry the label that another one has."""

    violates = "operator.label+1"
    kills = (
        "label-that-names-no-entry-alone-is-refused:renamed-to-anothers-label",
        "label-that-names-no-entry-alone-is-refused:added-as-anothers-label",
    )
    because = "refusal"

    @replaces("credpool.entries.edit._own_label")
    def shared(original, state, entry, typed):
        labels = {e.label.casefold() for e in state.entries}
        return typed if typed.strip().casefold() in labels else original(state, entry, typed)


class TakesAnIdForALabel(Mutant):
    """Gives an entry the id of another one for a label."""

    violates = "operator.label+1"
    kills = ("label-that-names-no-entry-alone-is-refused:renamed-to-anothers-id",)
    because = "refusal"

    @replaces("credpool.entries.edit._own_label")
    def id_(original, state, entry, typed):
        return typed if typed in {e.id for e in state.entries} else original(state, entry, typed)


class TakesNoLabelForOne(Mutant):
    """Takes the label of an entry away."""

    violates = "operator.label+1"
    kills = ("label-that-names-no-entry-alone-is-refused:renamed-to-nothing",)
    because = "refusal"

    @replaces("credpool.entries.edit._own_label")
    def nothing(original, state, entry, typed):
        return original(state, entry, typed) if typed.strip() else ""


class LetsTheOldKeysCooldownRun(Mutant):
    """Puts another key in an entry's place, and lets its cooldowns run."""

    violates = "operator.replace+1"
    kills = (
        "replaced-key-is-as-new:out-of-credit",
        "replaced-key-is-as-new:dead",
        "replaced-key-is-as-new-for-a-model",
    )
    because = "killed status models"

    @replaces("credpool.entries.edit._unrefused")
    def refused(original, entry):
        return replace(original(entry), cooldown=entry.cooldown, models=entry.models)


class KeepsTheOldKeysMark(Mutant):
    """Lets the mark of a first 429 be the new key's."""

    violates = "operator.replace+1"
    kills = ("replaced-key-has-a-retry-of-its-own",)
    because = "retry"

    @replaces("credpool.entries.edit._unrefused")
    def marked(original, entry):
        return replace(original(entry), marked=entry.marked)


class SendsTheOldKey(Mutant):
    """Says that a key was replaced, and sends the old one."""

    violates = "operator.replace.sent+1"
    kills = ("replaced-key-is-as-new:out-of-credit", "replacement-is-durable")
    because = "out"

    @replaces("credpool.entries.edit.replaced")
    def old(original, state, target, value):
        new = original(state, target, value)
        changed = {e.id: replace(e, secret=state.find(e.id).secret) for e in new.entries}
        return new.change(changed)


class ReplacesByAnything(Mutant):
    """Puts a placeholder in a key's place."""

    violates = "operator.replace.refused+1"
    kills = ("replacement-is-refused:empty", "replacement-is-refused:placeholder")
    because = "refusal"

    @replaces("credpool.entries.edit.replaced")
    def anything(original, state, target, value):
        if len(value) > 20:
            return original(state, target, value)
        entry = resolve(state, target)
        return state.change({entry.id: replace(entry, secret=Secret(value))})


class ReplacesByAnothersKey(Mutant):
    """Puts the key of another entry in an entry's place."""

    violates = "operator.replace.refused+1"
    kills = ("replacement-is-refused:of-another-entry",)
    because = "refusal"

    @replaces("credpool.entries.edit.replaced")
    def twice(original, state, target, value):
        entry = resolve(state, target)
        if any(e.secret == Secret(value) for e in state.entries):
            return state.change({entry.id: replace(entry, secret=Secret(value))})
        return original(state, target, value)
