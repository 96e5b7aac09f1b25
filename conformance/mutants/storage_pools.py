"""Mutants of the chapter on storage: what becomes of a pool and its rows, here and elsewhere."""

import stat
from dataclasses import replace
from itertools import compress
from types import MappingProxyType

from credpool.providers.redact import LONGEST, KnownSecrets
from credpool.stores.auth_json.codec import Malformed, TooNew
from credpool.stores.auth_json.lines import Known
from tools.mutants.mutant import Mutant, replaces

NOTHING = Known()


class ReadsWhatItCannotKnow(Mutant):
    """Reads a file of any version."""

    violates = "store.unreadable-refused+2"
    kills = ("newer-file-is-refused",)
    because = "refusal"

    @replaces("credpool.stores.auth_json.codec._check_version")
    def any_version(original, version):
        return None


class TakesANewerFileForABrokenOne(Mutant):
    """Refuses a later version, and says that the file is damaged."""

    violates = "store.unreadable-refused+2"
    kills = ("newer-file-is-refused",)
    because = "refusal"

    @replaces("credpool.stores.auth_json.codec._check_version")
    def broken(original, version):
        try:
            original(version)
        except TooNew as error:
            raise Malformed(error.where, error.what) from None


class BeginsAnewWithEveryFile(Mutant):
    """Takes a file that it cannot read for one without entries."""

    violates = "store.unreadable-refused+2"
    kills = ("unreadable-file-is-refused",)
    because = "refusal"

    @replaces("credpool.stores.auth_json.codec.decode")
    def again(original, text, key, known=NOTHING):
        try:
            return original(text, key, known)
        except TooNew:
            raise
        except Malformed:
            return original("{}", key, known)


class RaisesForeignDead(Mutant):
    """Uses a row that another program has marked as dead."""

    violates = "store.foreign-status+3"
    kills = ("status-of-another-program-counts",)
    because = "order"

    @replaces("credpool.stores.auth_json.rows._decode_cooldown")
    def raised(original, fields):
        is_foreign = fields.raw.get("failure_class") is None
        return None if is_foreign and fields.raw.get("last_status") == "dead" else original(fields)


class TimesForeignCooldownsItself(Mutant):
    """Keeps a row that another program has marked out for an hour, whatever it says."""

    violates = "store.foreign-status+3"
    kills = ("status-of-another-program-counts",)
    because = "out"

    @replaces("credpool.stores.auth_json.rows._decode_cooldown")
    def an_hour(original, fields):
        found = original(fields)
        is_foreign = fields.raw.get("failure_class") is None
        if found is None or not is_foreign or fields.raw.get("last_status") != "exhausted":
            return found
        return replace(found, until=found.since + 3600.0)


class NeverLooksAgain(Mutant):
    """Reads the file once, and then after its own changes only."""

    violates = "store.others-changes+2"
    kills = ("change-from-outside-counts-at-the-next-call",)
    because = "ids"

    @replaces("credpool._engine.stored_pool.StoredPool.follow")
    def never(original, self):
        return None


class KeepsWhatItLearntInMemory(Mutant):
    """Writes a file that is not there, and never another one."""

    violates = "store.durable+2"
    kills = (
        "cooldown-is-durable-before-the-call-goes-on",
        "killed-after-a-refusal",
    )
    because = "store status"

    @replaces("credpool.stores.disk.WholeFile.replace")
    def once(original, self, content):
        return self.stamp() or original(self, content)


class ForgetsWhatItLearntAtTheEnd(Mutant):
    """Puts rows that are out back in use when it starts."""

    violates = "store.durable+2"
    kills = ("cooldown-outlives-the-program",)
    because = "status"

    @replaces("testee_reference.Testee.restart")
    def forgotten(original, self, message):
        if message["cmd"] == "restart":
            self.store().update(
                lambda state: replace(
                    state, entries=tuple(replace(e, cooldown=None) for e in state.entries)
                )
            )
        return original(self, message)


class DropsTheFieldsOfARow(Mutant):
    """Writes only the fields of a row that it knows."""

    violates = "store.unknown-fields+3"
    kills = ("unknown-fields-stay",)
    because = "store"

    @replaces("credpool.stores.auth_json.rows.encode_row")
    def known(original, entry):
        return original(replace(entry, extra=MappingProxyType({})))


class DropsTheFieldsOfTheDocument(Mutant):
    """Writes the version and the pools, and nothing else that the document held."""

    violates = "store.unknown-fields+3"
    kills = ("unknown-fields-stay",)
    because = "store"

    @replaces("credpool.stores.auth_json.codec._head")
    def bare(original, document, pools, key):
        return original({}, pools, key)


class DropsOtherPools(Mutant):
    """Writes its own pool only."""

    violates = "store.unknown-fields+3"
    kills = ("other-pools-stay",)
    because = "store"

    @replaces("credpool.stores.auth_json.codec._head")
    def alone(original, document, pools, key):
        return original(document, {}, key)


class LetsEveryoneRead(Mutant):
    """Writes a file that every account may read."""

    violates = "store.owner-only+2"
    kills = ("file-is-the-owners-alone", "reading-changes-nothing")
    because = "store"

    @replaces("credpool.stores.disk.WholeFile.replace")
    def readable(original, self, content):
        stamp = original(self, content)
        self.path.chmod(0o644)
        return stamp


class KeepsThePermissions(Mutant):
    """Leaves the file to those who could read it before."""

    violates = "store.owner-only+2"
    kills = ("reading-changes-nothing",)
    because = "store"

    @replaces("credpool.stores.disk.WholeFile.replace")
    def stored(original, self, content):
        mode = stat.S_IMODE(self.path.stat().st_mode) if self.path.exists() else 0o600
        stamp = original(self, content)
        self.path.chmod(mode)
        return stamp


class RedactsByShapeAlone(Mutant):
    """Finds a secret in a message only when it looks like one."""

    violates = "store.message-redacted+2"
    kills = ("kept-message-has-no-secret:whole", "kept-message-of-a-model-has-no-secret")
    because = "store"

    @replaces("credpool.providers.redact.redact")
    def by_shape(original, text, secrets=()):
        return original(text)


class DropsRowsThatCannotBeUsed(Mutant):
    """Reads a pool without the rows whose key cannot be sent, and writes it so."""

    violates = "store.unusable+1"
    kills = (
        "unusable-row-stays-as-it-is:secret-with-its-scheme",
        "unusable-row-stays-as-it-is:secret-of-two-lines",
    )
    because = "ids"

    @replaces("credpool.stores.auth_json.codec.decode")
    def dropped(original, text, key, known=NOTHING):
        document = original(text, key, NOTHING)
        usable = [e.secret is None or e.secret.flaw is None for e in document.entries]
        if all(usable):
            return original(text, key, known)
        entries = tuple(compress(document.entries, usable))
        return replace(document, entries=entries, texts=tuple(compress(document.texts, usable)))


class RedactsWholeSecrets(Mutant):
    """Finds a secret in a message only when all of it is there, as it is."""

    violates = "store.message-redacted+2"
    kills = (
        "kept-message-has-no-secret:beginning",
        "kept-message-has-no-secret:end",
        "kept-message-has-no-secret:url",
        "kept-message-has-no-secret:json",
        "kept-message-has-no-secret:base64",
        "kept-message-has-no-secret:basic",
    )
    because = "store"

    @replaces("credpool.providers.redact.redact")
    def whole(original, text, secrets=()):
        known = secrets if isinstance(secrets, KnownSecrets) else KnownSecrets(secrets)
        for value in known._short.union(*known._by_piece.values()):
            text = text.replace(value, "***")
        return original(text)


class CutsBeforeItRedacts(Mutant):
    """Cuts a message to the length that is kept, and looks for secrets afterwards."""

    violates = "store.message-redacted+2"
    kills = ("kept-message-has-no-secret:edge",)
    because = "store"

    @replaces("credpool.providers.redact.stored")
    def cut(original, message, secrets=()):
        return original(message and message[:LONGEST], secrets)
