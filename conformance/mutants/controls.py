"""Controls: variations that the specification leaves open, on which no check may fail."""

import json
import threading
from contextlib import suppress
from dataclasses import replace
from itertools import dropwhile

from credpool.model.errors import StoreError, UnknownStrategy
from credpool.model.terms import Scope
from credpool.providers.wire import origin
from credpool.stores.memory import MemoryStore
from tools.mutants.mutant import Control, replaces


def without(self, *features):
    """Take features out of what the testee declares."""
    emit = self.emit

    def says(reply):
        hello = reply.get("hello")
        if hello is not None:
            stored = [name for name in hello["features"] if name not in features]
            reply = reply | {"hello": hello | {"features": stored}}
        emit(reply)

    self.emit = says


def pruned(value):
    """Leave out every field that is null."""
    match value:
        case dict():
            return {k: pruned(v) for k, v in value.items() if v is not None}
        case list():
            return [pruned(item) for item in value]
        case _:
            return value


class LeavesNullsOut(Control):
    """Leaves fields that are null out of its replies, except for listings, where all are shown."""

    @replaces("testee_reference.Testee.__init__")
    def brief(original, self, emit, *args):
        original(self, lambda r: emit(r if "managed" in r else pruned(r)), *args)


class ListsEntriesBackwards(Control):
    """Lists the entries in another order when it is looked at."""

    @replaces("testee_reference.Testee.inspect")
    def backwards(original, self, message):
        told = original(self, message)
        told["pool"]["entries"].reverse()
        return told


class HasNoLabels(Control):
    """Does not tell the entries' labels."""

    @replaces("testee_reference.Testee.inspect")
    def unlabelled(original, self, message):
        told = original(self, message)
        if "environment" in self.given:
            return told  # there they are the operator's, and must be kept
        for entry in told["pool"]["entries"]:
            del entry["label"]
        return told


class SpeaksAnotherLanguage(Control):
    """Words its labels and the errors of the connection in its own way."""

    @replaces("testee_reference.Testee.end")
    def worded(original, self, call, outcome, over=None, **result):
        if outcome == "failed":
            result["body"] = "Verbindung unterbrochen"
        return original(self, call, outcome, over, **result)


class TakesItsTime(Control):
    """Thinks for a moment before each reply."""

    @replaces("testee_reference.Testee.__init__")
    def slowly(original, self, emit, *args):
        def slow(reply):
            threading.Event().wait(0.002)
            emit(reply)

        original(self, slow, *args)


class KeepsNothingOnDisk(Control):
    """Does not declare `store`, and has one that no file stands behind."""

    @replaces("testee_reference.Testee.__init__")
    def undeclared(original, self, *args):
        original(self, *args)
        without(self, "store", "auth-json", "shared-store")

    @replaces("testee_reference.Testee.store")
    def in_memory(original, self):
        if self.seeded():
            return original(self)
        stored = self.__dict__.setdefault("kept", {})
        if stored.get("given") is not self.given:
            state = replace(original(self).load(), **self.rules)
            stored |= {"given": self.given, "store": MemoryStore(state)}
        return stored["store"]


class LengthensByALittle(Control):
    """Lengthens a cooldown with each later report, be it by milliseconds."""

    @replaces("credpool.rules.cooldown._longer")
    def exact(original, old, new):
        return old if old is not None and old.until >= new.until else new


class ProbesNobody(Control):
    """Does not declare `probe`, and never tries an entry that is out."""

    @replaces("testee_reference.Testee.__init__")
    def undeclared(original, self, *args):
        original(self, *args)
        without(self, "probe")

    @replaces("credpool.rules.probe.probe_due")
    def never(original, state, call, *, now):
        return None


class KnowsNobodysOwner(Control):
    """Does not declare `owner-scope`, and rests each consequence on one key."""

    @replaces("testee_reference.Testee.__init__")
    def undeclared(original, self, *args):
        original(self, *args)
        without(self, "owner-scope")

    @replaces("credpool.rules.cooldown.spread")
    def alone(original, state, secret, scope):
        return original(state, secret, Scope.ENTRY)


class TellsNoModelsApart(Control):
    """Does not declare `model-scope`, and takes an entry out for all models."""

    @replaces("testee_reference.Testee.__init__")
    def undeclared(original, self, *args):
        original(self, *args)
        without(self, "model-scope")

    @replaces("credpool.rules.cooldown._rest")
    def altogether(original, entry, cooldown, *, model):
        return original(entry, cooldown, model=None)


class RefreshesNobody(Control):
    """Does not declare `oauth`, and takes a login for a key."""

    @replaces("testee_reference.Testee.__init__")
    def undeclared(original, self, *args):
        original(self, *args)
        without(self, "oauth")

    @replaces("testee_reference.Testee.configure")
    def keys_only(original, self, message):
        pool = message["pool"]
        entries = [entry | {"refresh_token": None} for entry in pool["entries"]]
        return original(self, message | {"pool": pool | {"entries": entries}})


_LAST = threading.local()


class AuthenticatesWithinTheOrigin(Control):
    """Sends the secret along at once when a redirect stays within the origin."""

    @replaces("testee_reference.Testee.run")
    def at_once(original, self, call, asked):
        client = self.clients[True]
        if "_build_redirect_request" not in vars(client):
            build = client._build_redirect_request

            def built(request, response):
                made = build(request, response)
                if origin(str(made.url)) == origin(str(request.url)):
                    made.headers = request.headers
                    _LAST.active.sending(_LAST.entry)
                return made

            client._build_redirect_request = built
        return original(self, call, asked)

    @replaces("credpool._calls.call.ActiveCall.sending")
    def known(original, self, entry):
        _LAST.active, _LAST.entry = self, entry
        original(self, entry)

    @replaces("credpool._calls.flow._lost_its_secret")
    def never(original, sent, response):
        return False

    @replaces("credpool._calls.flow._is_foreign")
    def own(original, sent, response):
        since = (*dropwhile(lambda r: r.request is not sent, response.history), response)
        return any(origin(str(r.request.url)) != origin(str(sent.url)) for r in since)


class DeclaresAFeatureOfItsOwn(Control):
    """Names itself and its version otherwise, and declares a feature of its own."""

    @replaces("testee_reference.Testee.__init__")
    def named(original, self, emit, *args):
        def says(reply):
            hello = reply.get("hello")
            if hello is not None:
                more = {"name": "other", "features": [*hello["features"], "x-private"]}
                reply = reply | {"hello": hello | more}
            emit(reply)

        original(self, says, *args)


class LaysTheFileOutOtherwise(Control):
    """Writes `auth.json` indented, its fields sorted by name."""

    @replaces("credpool.stores.auth_json.codec.encode")
    def laid_out(original, head, rows, *rest):
        document = json.loads(original(head, rows, *rest))
        return json.dumps(document, indent=2, sort_keys=True)


class DerivesIdsFromThePlace(Control):
    """Names a row without an id after its place in the pool."""

    @replaces("credpool.stores.auth_json.rows._derived_id")
    def placed(original, fields, key, index):
        return f"{key}-{index}"


class TellsNothingByItself(Control):
    """Does not declare `events`, and has none."""

    @replaces("testee_reference.Testee.__init__")
    def undeclared(original, self, *args):
        original(self, *args)
        without(self, "events")

    @replaces("testee_reference.Testee.hear")
    def deaf(original, self, event):
        pass


class KnowsFourStrategies(Control):
    """Does not declare `quota-aware`, and names the four other strategies."""

    @replaces("testee_reference.Testee.__init__")
    def undeclared(original, self, *args):
        original(self, *args)
        without(self, "quota-aware")

    @replaces("credpool.model.policy.Strategy._missing_")
    def four(original, cls, value):
        raise UnknownStrategy(str(value), [s.value for s in cls if s is not cls.QUOTA_AWARE])


class AsksNobodyWhoPays(Control):
    """Does not declare `payer`, and lets everybody pay."""

    @replaces("testee_reference.Testee.__init__")
    def undeclared(original, self, *args):
        original(self, *args)
        without(self, "payer")

    @replaces("credpool.rules.select.permitted")
    def everybody(original, state):
        return state.entries


class WritesEachCountAtOnce(Control):
    """Lets the stored request counts lag behind by nothing, and waits until they are written."""

    @replaces("credpool._engine.stored_pool.StoredPool.used")
    def at_once(original, self, entry):
        original(self, entry)
        with suppress(StoreError):
            self.flush()


class CountsNoCallsAndKnowsNoSessions(Control):
    """Declares neither `lease` nor `affinity`, and pays no heed to a cap or a session."""

    @replaces("testee_reference.Testee.__init__")
    def undeclared(original, self, *args):
        original(self, *args)
        without(self, "lease")
        without(self, "affinity")

    @replaces("credpool._engine.engine.Engine.lease")
    def nothing(original, self):
        return None


class KeepsAConnectionsHeadersToItself(Control):
    """Does not pass on the headers of the caller's connection, as a gateway does not."""

    @replaces("credpool.providers.wire.seal")
    def apart(original, entry, provider, headers):
        sealed, own = original(entry, provider, headers), {"connection", "keep-alive"}
        if own.isdisjoint(headers):
            return sealed
        return replace(sealed, drop=sealed.drop | {name.encode() for name in own})
