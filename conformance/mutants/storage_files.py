"""Mutants of the chapter on storage: the file itself, how it is read, replaced and merged."""

import shutil
import uuid
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime

from credpool.model.errors import StoreError, StoreUnreadable
from credpool.stores.auth_json.codec import Malformed
from credpool.stores.auth_json.lines import Known
from tools.mutants.mutant import Mutant, replaces

NOTHING = Known()


class WritesADateForSeconds(Mutant):
    """Writes a model's cooldown with a date where seconds belong."""

    violates = "store.schema+2"
    kills = ("written-cooldown-of-a-model-is-valid",)
    because = "file"

    @replaces("credpool.stores.auth_json.rows._encode_model")
    def dated(original, cooldown):
        since = datetime.fromtimestamp(cooldown.since, UTC).isoformat()
        return original(cooldown) | {"since": since}


class TakesMillisecondsForSeconds(Mutant):
    """Reads every bare number as seconds."""

    violates = "store.moments+2"
    kills = ("moment-is-read-in-every-form:milliseconds",)
    because = "until"

    @replaces("credpool.stores.auth_json.fields._MILLISECONDS_FROM")
    def never(original):
        return 1e300


class TakesADateForLocalTime(Mutant):
    """Reads a date without an offset as the time of a place an hour east of UTC."""

    violates = "store.moments+2"
    kills = ("moment-is-read-in-every-form:date-without-an-offset",)
    because = "status"

    @replaces("credpool.stores.auth_json.fields._from_iso")
    def local(original, text):
        has_offset = text.endswith("Z") or "+" in text
        found = original(text)
        return found if has_offset or found is None else found - 3600.0


class MakesIdsUp(Mutant):
    """Gives a row without an id another one at each reading."""

    violates = "store.id.derived+2"
    kills = ("row-without-an-id-is-retried",)
    because = "retry"

    @replaces("credpool.stores.auth_json.rows._derived_id")
    def random(original, fields, key, index):
        return uuid.uuid4().hex[:6]


class ToleratesOneIdTwice(Mutant):
    """Loads a pool in which an id names two rows."""

    violates = "store.unreadable-refused+2"
    kills = ("two-rows-of-one-id-are-refused",)
    because = "refusal"

    @replaces("credpool.stores.auth_json.codec.check_ids")
    def tolerated(original, entries, key):
        return None


class WantsThePoolToBeThere(Mutant):
    """Refuses a document in which a pool is null."""

    violates = "store.absent-is-empty+2"
    kills = (
        "document-without-the-pool-is-an-empty-pool:pools-are-null",
        "document-without-the-pool-is-an-empty-pool:pool-is-null",
    )
    because = "refusal"

    @replaces("credpool.stores.auth_json.codec.decode")
    def strict(original, text, key, known=NOTHING):
        if '"credential_pool": null' in text or f'"{key}": null' in text:
            raise Malformed("credential_pool", "expected an object, found nothing")
        return original(text, key, known)


class TripsOverAByteOrderMark(Mutant):
    """Takes a byte order mark for a part of the document."""

    violates = "store.byte-order-mark+2"
    kills = ("byte-order-mark-is-skipped",)
    because = "refusal"

    @replaces("credpool.stores.json_file.JsonFileStore._decode")
    def tripped(original, self, content, known):
        marked = content.startswith(b"\xef\xbb\xbf")
        return original(self, b"?" + content if marked else content, known)


class ChangesPermissionsWhileReading(Mutant):
    """Takes the file from everybody else as soon as it is read."""

    violates = "store.read-only+1"
    kills = ("reading-changes-nothing",)
    because = "store"

    @replaces("credpool.stores.disk.WholeFile.read")
    def narrowed(original, self):
        if self.path.exists():
            self.path.chmod(0o600)
        return original(self)


class GoesOnWithoutSaving(Mutant):
    """Goes on with a change that could not be made durable, and says nothing."""

    violates = "store.loud+2"
    kills = ("nothing-is-written-past-a-lock",)
    because = "target"

    @replaces("credpool.stores.json_file.JsonFileStore.update")
    def silent(original, self, change):
        try:
            return original(self, change)
        except StoreError:
            return change(self._seen.state)


class BeginsAnewAfterDamage(Mutant):
    """Takes a file that it could read before, and cannot now, for one without entries."""

    violates = "store.unreadable-refused+2"
    kills = ("file-that-was-damaged-meanwhile-is-not-overwritten",)
    because = "outcome"

    @replaces("credpool.stores.json_file.JsonFileStore._decode")
    def again(original, self, content, known):
        try:
            return original(self, content, known)
        except StoreUnreadable:
            if not self._seen.state.entries:
                raise
            return original(self, b"{}", known)


class WritesInPlace(Mutant):
    """Empties the file and writes it again."""

    violates = "store.atomic+2"
    kills = ("old-file-stays-whole",)
    because = "store"

    @replaces("credpool.stores.disk.WholeFile.replace")
    def in_place(original, self, content):
        if not self.path.exists():
            return original(self, content)
        self.path.write_bytes(content)
        self.path.chmod(0o600)
        return self.stamp()


class ReplacesTheLink(Mutant):
    """Puts a file in the place of a link."""

    violates = "store.link+2"
    kills = ("link-stays-a-link",)
    because = "store"

    @replaces("credpool.stores.disk.WholeFile.replace")
    def unlinked(original, self, content):
        if self.path.is_symlink():
            self.path.unlink()
        return original(self, content)


class KeepsABackup(Mutant):
    """Copies the file before it is replaced."""

    violates = "store.no-copies+2"
    kills = ("old-file-stays-whole",)
    because = "store"

    @replaces("credpool.stores.disk.WholeFile.replace")
    def backed_up(original, self, content):
        if self.path.exists():
            shutil.copy(self.path, self.path.with_suffix(".bak"))
        return original(self, content)


class SetsADamagedFileAside(Mutant):
    """Copies a file that it refuses to one fixed name."""

    violates = "store.no-copies+2"
    kills = ("damaged-file-is-not-copied",)
    because = "store"

    @replaces("credpool.stores.json_file.JsonFileStore._decode")
    def set_aside(original, self, content, known):
        try:
            return original(self, content, known)
        except StoreError:
            self._file.path.with_suffix(".corrupt").write_bytes(content)
            raise


class TakesNoLock(Mutant):
    """Writes whenever it likes."""

    violates = "store.lock+2"
    kills = ("nothing-is-written-past-a-lock",)
    because = "target"

    @replaces("credpool.stores.disk.WholeFile.locked")
    def unlocked(original, self):
        return nullcontext()


class Remembers:
    """Knows what its rows were before another program wrote the file."""

    @replaces("credpool._engine.stored_pool.StoredPool.follow")
    def remembering(original, self):
        before = self.view.state.entries
        original(self)
        if self.view.state.entries is not before:
            self.before = {entry.id: entry for entry in before}


class WritesThePoolItRemembers(Remembers, Mutant):
    """Changes the rows that it read before another program wrote the file, and writes those."""

    violates = "store.no-lost-update+2"
    kills = ("two-programs-lose-nothing-of-each-other",)
    because = "store"

    @replaces("credpool._engine.stored_pool.StoredPool.commit")
    def remembered(original, self, change, glance=None):
        before = tuple(self.__dict__.pop("before", {}).values())
        return original(self, lambda s: change(replace(s, entries=before) if before else s))


class WritesItsMemoryBack(Remembers, Mutant):
    """Puts the cooldowns it remembers back into rows that have none any more."""

    violates = "store.reset-stays+2"
    kills = ("reset-of-another-program-stays",)
    because = "status"

    @replaces("credpool._engine.stored_pool.StoredPool.commit")
    def remembered(original, self, change, glance=None):
        known = {name: entry.cooldown for name, entry in getattr(self, "before", {}).items()}

        def with_memory(state):
            found = [replace(e, cooldown=e.cooldown or known.get(e.id)) for e in state.entries]
            return change(replace(state, entries=tuple(found)) if any(known.values()) else state)

        return original(self, with_memory)


class WritesItsOwnCounts(Remembers, Mutant):
    """Writes the counts that it knows of, whatever the file says."""

    violates = "store.counts+2"
    kills = ("counts-of-two-programs-add-up",)
    because = "store"

    @replaces("credpool._engine.stored_pool.StoredPool.commit")
    def its_own(original, self, change, glance=None):
        before, sent = getattr(self, "before", {}), self.own.counts.sums()

        def counted(entry):
            known = before.get(entry.id)
            count = known.request_count + sent[entry.id] if known else entry.request_count
            return replace(entry, request_count=count)

        def by_memory(state):
            if not before:
                return change(state)
            return change(replace(state, entries=tuple(map(counted, state.entries))))

        return original(self, by_memory)


class TakesEveryStatusForAnHour(Mutant):
    """Keeps an entry that another program marked without a time out for an hour."""

    violates = "store.foreign-status+3"
    kills = (
        "status-without-a-class-or-a-time:401",
        "status-without-a-class-or-a-time:402",
    )
    because = "until"

    @replaces("credpool.stores.auth_json.rows._TTL")
    def one(original):
        return {None: original[None]}
