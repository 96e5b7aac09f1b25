"""Mutants of the chapter on sharing, between processes: what one knows and the other does not."""

from dataclasses import replace

from tools.mutants.mutant import Mutant, replaces


class LooksAtItsOwnMemory(Mutant):
    """Reads the store when it starts and when it writes, and never in between."""

    violates = "share.others-changes+1"
    kills = (
        "cooldown-of-one-process-counts-in-another:out-of-credit",
        "cooldown-of-one-process-counts-in-another:revoked",
    )
    because = "out"

    @replaces("credpool._engine.stored_pool.StoredPool.follow")
    def never(original, self):
        pass


class LetsTheLastWriterWin(Mutant):
    """Puts a cooldown in the place of the one that another process has written meanwhile."""

    violates = "cooldown.never-shorten+3"
    kills = ("later-end-wins-between-processes:long-one-first",)
    because = "class"

    @replaces("credpool.rules.cooldown._longer")
    def latest(original, old, new):
        return new


class WritesThePoolOfItsFirstLook(Mutant):
    """Makes each change to the entries that it read when it was opened, or has written itself."""

    violates = "share.no-lost-update+1"
    kills = ("two-processes-learn-at-once",)
    because = "target"

    @replaces("credpool._engine.stored_pool.StoredPool.__init__")
    def opened(original, self, *args, **kwargs):
        original(self, *args, **kwargs)
        self.first = self.view.state.entries

    @replaces("credpool._engine.stored_pool.StoredPool.commit")
    def own(original, self, change, glance=None):
        original(self, lambda state: change(replace(state, entries=self.first)))
        self.first = self.view.state.entries


class KnowsItsOwnClaimsOnly(Mutant):
    """Waits for a refresh of its own process, and takes no notice of another's."""

    violates = "oauth.single-flight+2"
    kills = ("two-processes-refresh-a-login-once",)
    because = "refresh"

    @replaces("credpool.rules.refresh.claim")
    def own(original, state, event, *, now, draw):
        entry = state.find(event.entry)
        held = entry.claim if entry else None
        if held and held.holder.partition("-")[0] != event.holder.partition("-")[0]:
            state = state.change({entry.id: replace(entry, claim=None)})
        return original(state, event, now=now, draw=draw)


class WaitsWithoutLooking(Mutant):
    """Waits for another process's refresh, and does not read what it has brought."""

    violates = "oauth.single-flight.adopt+2"
    kills = ("two-processes-refresh-a-login-once",)
    because = "out"

    @replaces("credpool._engine.engine.Engine.apply")
    def blind(original, self, *args):
        self.follow = lambda: None
        try:
            return original(self, *args)
        finally:
            del self.follow


class ClaimsInMemory(Mutant):
    """Keeps claims to itself, so that they die with the process."""

    violates = "store.durable+2"
    kills = ("killed-in-a-refresh",)
    because = "refresh"

    @replaces("credpool.stores.json_file.JsonFileStore._as_stored")
    def unclaimed(original, self, entry, clean):
        return replace(original(self, entry, clean), claim=None)


class WritesItsOwnCount(Mutant):
    """Writes what it has counted itself, in the place of what all have counted."""

    violates = "share.counts+2"
    kills = ("counts-of-processes-add-up",)
    because = "counts"

    @replaces("credpool._engine.stored_pool.StoredPool.__init__")
    def from_the_start(original, self, *args, **kwargs):
        original(self, *args, **kwargs)
        self.mine = {entry.id: entry.request_count for entry in self.view.state.entries}

    @replaces("credpool._engine.stored_pool.StoredPool.commit")
    def own(original, self, change, glance=None):
        sums = self.own.counts.sums()
        self.mine |= {id_: self.mine.get(id_, 0) + n for id_, n in sums.items()}

        def counted(state):
            counts = {e.id: replace(e, request_count=self.mine.get(e.id, 0)) for e in state.entries}
            return change(state.change(counts))

        return original(self, counted)
