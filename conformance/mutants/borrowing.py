"""Mutants of the chapter on seeding: what is borrowed."""

from dataclasses import replace
from urllib.parse import urlsplit

from credpool.model.messages import Send
from credpool.model.recovery import RECOVERY
from credpool.providers.grant import TokenRequest
from tools.mutants.mutant import Mutant, replaces


class KnowsNoOtherTools(Mutant):
    """Reads no file of another tool."""

    violates = "borrow.files+2"
    kills = ("login-of-another-tool-is-found", "tools-own-folder-is-found")
    because = "out"

    @replaces("credpool.seed.foreign.ForeignFile.read")
    def nothing(original, self):
        return []


class KeepsWhatItBorrows(Mutant):
    """Writes borrowed secrets to the store."""

    violates = "borrow.not-kept+2"
    kills = ("borrowed-secret-is-not-kept",)
    because = "store"

    @replaces("credpool.stores.auth_json.codec.as_stored")
    def whole(original, entry, **given):
        stored = original(entry, **given)
        return stored if entry.reference else replace(stored, secret=entry.secret)


class RefreshesWhatItBorrows(Mutant):
    """Asks the token endpoint before it looks at the source."""

    violates = "borrow.no-refresh+2"
    kills = (
        "borrowed-token-is-read-again-before-its-end",
        "refused-borrowed-token-is-read-again",
    )
    because = "refresh"

    @replaces("credpool._calls.refresh.Renewal.run")
    def asked(original, self, active, entry):
        if entry.borrowed and entry.base_url:
            host = urlsplit(entry.base_url)
            url = f"{host.scheme}://{host.netloc}/oauth/token"
            self._post(TokenRequest(url, {"refresh_token": entry.secret.reveal()}), 5.0)
        return original(self, active, entry)


class SendsWhatIsAboutToEnd(Mutant):
    """Looks at no expiry of a borrowed token."""

    violates = "borrow.reread.expiry+2"
    kills = ("borrowed-token-is-read-again-before-its-end",)
    because = "order"

    @replaces("credpool.model.entry.Entry.is_due")
    def never(original, self, policy, now):
        return not self.borrowed and original(self, policy, now)


class ReadsOnce(Mutant):
    """Takes what it has read first for everything."""

    violates = "borrow.reread.refused+2"
    kills = ("refused-borrowed-token-is-read-again",)
    because = "stop"

    @replaces("credpool.seed.borrowing.BorrowingStore.reread")
    def nothing_new(original, self, entry):
        return None


class InsistsOnTheOldToken(Mutant):
    """Sends the old token when the source has no newer one."""

    violates = "borrow.reread.none+2"
    kills = ("borrowed-token-at-its-end-rotates",)
    because = "target"

    @replaces("credpool._calls.call.ActiveCall.reread")
    def insisted(original, self, entry):
        grant = self._engine.lender(entry)
        if grant is not None and grant.secret != entry.secret:
            return original(self, entry)
        return Send(entry)


class DeclaresDeadUnread(Mutant):
    """Takes a borrowed token's end for that of the login."""

    violates = "borrow.reread.refused+2"
    kills = ("revoked-borrowed-token-is-read-again",)
    because = "stop"

    @replaces("credpool.rules.decide._step")
    def by_class(original, entry, event):
        return RECOVERY[event.verdict.failure].step


class TakesReferencesForSecrets(Mutant):
    """Sends a reference as it stands in the row."""

    violates = "borrow.reference+2"
    kills = ("reference-leads-to-the-secret", "reference-to-nothing-is-not-sent")
    because = "out"

    @replaces("credpool.model.borrowed.is_reference")
    def never(original, text):
        return False


class ResolvesReferencesForGood(Mutant):
    """Writes the secret in the place of the reference that led to it."""

    violates = "borrow.reference+2"
    kills = ("reference-leads-to-the-secret",)
    because = "store"

    @replaces("credpool.stores.auth_json.codec.as_stored")
    def resolved(original, entry, **given):
        stored = original(entry, **given)
        if entry.reference is None or entry.secret is None:
            return stored
        return replace(stored, secret=entry.secret, reference=None, borrowed=False)
