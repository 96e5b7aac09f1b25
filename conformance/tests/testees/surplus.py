"""The reference testee with one fault more: it sends what nobody asked for, or breaks down on its way."""

import sys
from functools import partial
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).parents[2] / "testees"))

import reference

FORM = {"grant_type": "refresh_token", "refresh_token": "made-up-by-the-testee"}


class Testee(reference.Testee):
    """It asks for models with the first key, at `times` of a check; a subclass says when."""

    times = ()

    def configure(self, message):
        self.count = 0
        done = super().configure(message)
        self.at("opening")
        return done

    def end(self, call, outcome, over=None, **result):
        if outcome != "streaming":
            self.count += 1
            self.at(self.count)
        super().end(call, outcome, over, **result)

    def inspect(self, message):
        self.at("looking")
        return super().inspect(message)

    def at(self, moment):
        if moment in self.times:
            self.surplus()

    def surplus(self):
        entry = next((e for e in self.given["entries"] if e["secret"]), None)
        url = (entry or {}).get("base_url") or self.given.get("base_url")
        if entry and url:
            self.send(url, {"authorization": f"Bearer {entry['secret']}"})

    def send(self, url, headers):
        httpx.get(f"{url}/models", headers=headers)


class Once(Testee):
    """It asks after the first call."""

    times = (1,)


class Always(Testee):
    """It asks after each call."""

    times = range(1, 100)


class AtOpening(Testee):
    """It asks as soon as it has its pool."""

    times = ("opening",)


class Looking(Testee):
    """It asks when somebody looks."""

    times = ("looking",)


class Repeats(Testee):
    """It sends a request like the caller's once more."""

    times = range(1, 100)

    def prepared(self, call, asked):
        self.asked_last = asked
        return super().prepared(call, asked)

    def send(self, url, headers):
        asked = self.asked_last
        httpx.post(url + asked["path"], headers=asked["headers"] | headers, json=asked["body"])


class RepeatsOnce(Repeats):
    """It does so after the first call."""

    times = (1,)


class Posts(Testee):
    """It asks the token endpoint too, with the grant of an entry if there is one."""

    times = range(1, 100)

    def surplus(self):
        grant = next(
            (e["refresh_token"] for e in self.given["entries"] if e["refresh_token"]), None
        )
        told = FORM if grant is None else FORM | {"refresh_token": grant}
        if self.given.get("token_url"):
            httpx.post(self.given["token_url"], data=told)


class PostsOnce(Posts):
    """It does so after the first call."""

    times = (1,)


class PostsAtOpening(Posts):
    """It does so as soon as it has its pool."""

    times = ("opening",)


class BreaksDown(Testee):
    """It does all it should, and tells one thing wrongly; its second call breaks it down."""

    breakdown = "raise"

    def inspect(self, message):
        told = super().inspect(message)
        for entry in told["pool"]["entries"]:
            entry["request_count"] += 1
        return told

    def handle(self, message):
        if message["cmd"] == "configure":
            self.calls_made = 0
        if message["cmd"] == "call":
            self.calls_made += 1
        if message["cmd"] == "call" and self.calls_made == 2:
            self.break_down(message)
        else:
            super().handle(message)

    def break_down(self, message):
        raise RuntimeError("the reason is here")


class Hangs(BreaksDown):
    """It never answers its second call."""

    def break_down(self, message):
        pass


class Garbles(BreaksDown):
    """It answers its second call with what is no reply."""

    def break_down(self, message):
        self.emit({"seq": message["seq"], "bogus": 1})


class AsksAndBreaksDown(Always, BreaksDown):
    """It asks after its first call, and its second one breaks it down."""

    def inspect(self, message):
        return reference.Testee.inspect(self, message)


class LosesAHeader(BreaksDown):
    """It says of itself what is true, and loses a header of the caller's; its second call breaks it down."""

    def inspect(self, message):
        return reference.Testee.inspect(self, message)

    def prepared(self, call, asked):
        kept = {k: v for k, v in asked["headers"].items() if not k.startswith("x-")}
        return super().prepared(call, asked | {"headers": kept})


class LogsNothing(BreaksDown):
    """It keeps no list of attempts, which is no breach; its second call breaks it down."""

    def inspect(self, message):
        return reference.Testee.inspect(self, message)

    def end(self, call, outcome, over=None, **result):
        call.attempts.clear()
        super().end(call, outcome, over, **result)


class SpillsASecret(BreaksDown):
    """Its second call breaks it down with a secret on its lips."""

    def inspect(self, message):
        return reference.Testee.inspect(self, message)

    def break_down(self, message):
        raise RuntimeError(f"cannot use {self.given['entries'][0]['secret']}")


class StartsOnce(BreaksDown):
    """Its second call breaks it down, and after that it does not start."""

    broken = False

    def __init__(self, emit):
        if StartsOnce.broken:
            raise RuntimeError("the lock is still there")
        super().__init__(emit)

    def break_down(self, message):
        StartsOnce.broken = True
        super().break_down(message)


class LosesAHeaderAndRepeats(Repeats):
    """It loses a header of the caller's in each request, and sends one too many."""

    def prepared(self, call, asked):
        kept = {k: v for k, v in asked["headers"].items() if not k.startswith("x-")}
        return super().prepared(call, asked | {"headers": kept})


class GivesUp(Testee):
    """It sends one request for a call, whatever comes of it."""

    def __init__(self, emit):
        super().__init__(emit)
        self.auth = partial(self.auth, max_sends=1)
