"""Mutants of what an operator says of models: an entry serves some of them alone."""

from dataclasses import replace

from credpool.rules.usable import NOT_SERVED
from tools.mutants.mutant import Mutant, replaces


class ServesEveryModel(Mutant):
    """Notes which models an entry is for, and uses it for all."""

    violates = "select.serves+1"
    kills = (
        "entry-is-for-its-models:another-name",
        "model-that-nobody-serves",
        "operator-says-which-models-an-entry-serves",
    )
    because = "order out nothing"

    @replaces("credpool.model.entry.Entry.takes")
    def all(original, self, model):
        return True


class TakesANameForABeginning(Mutant):
    """Lets a name fit every model that begins with it, without a `*`."""

    violates = "select.serves+1"
    kills = ("entry-is-for-its-models:longer-name",)
    because = "order out"

    @replaces("credpool.model.entry.fits")
    def begins(original, name, model):
        return model.startswith(name.removesuffix("*"))


class ReadsAStarAsALetter(Mutant):
    """Compares a name with its `*` as any other."""

    violates = "select.serves+1"
    kills = ("entry-is-for-its-models:beginning", "entry-is-for-its-models:star-alone")
    because = "order out"

    @replaces("credpool.model.entry.fits")
    def equal(original, name, model):
        return name == model


class ServesInAnyCase(Mutant):
    """Compares the names of models without their case."""

    violates = "select.serves+1"
    kills = ("entry-is-for-its-models:other-case",)
    because = "order out"

    @replaces("credpool.model.entry.fits")
    def folded(original, name, model):
        return original(name.casefold(), model.casefold())


class RemembersWhoServedTheLastModel(Mutant):
    """Chooses for every model as for the one that was asked for first."""

    violates = "select.serves+1"
    kills = ("calls-for-two-models-have-their-own-entries",)
    because = "order out"

    @replaces("credpool._engine.view.View.kind")
    def one(original, self, model):
        return None, frozenset(), False


class ProbesForAnotherModel(Mutant):
    """Probes an entry for a model that it does not serve."""

    violates = "select.serves+1"
    kills = ("entry-for-another-model-is-not-probed",)
    because = "nothing"

    @replaces("credpool.rules.probe.probe_due")
    def also(original, state, call, *, now):
        every = tuple(replace(e, serves=()) for e in state.entries)
        found = original(replace(state, entries=every), call, now=now)
        return None if found is None else state.find(found.id)


class TellsACooldownOfWhoDoesNotServe(Mutant):
    """Tells of an entry that is for other models what it tells of one that is out."""

    violates = "select.serves.told+1"
    kills = ("rotation-stays-with-those-who-serve", "model-that-nobody-serves")
    because = "exhausted"

    @replaces("credpool.rules.cooldown._out")
    def told(original, entry, cooldown, why, failed):
        return original(entry, cooldown, None if why == NOT_SERVED else why, failed)
