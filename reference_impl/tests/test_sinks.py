"""A command or a web address is told what happens to a pool, and no call hears of it."""

import json
import logging
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from threading import Event as Flag
from typing import Any

import httpx2
import pytest

from credpool import EntryId, FailureClass, Payer, Pool, events, open_pool
from credpool.config.notify import EVENTS, notices_of
from credpool.errors import BadConfig, BadInput
from credpool.httpx2 import PoolAuth
from credpool.seed import Surroundings
from credpool.sinks import MOST, Command, Failed, Sink, Webhook
from credpool.testing import FakeClock, FakeProvider, FakeReply

ONE, TWO = "sk-made-up-one", "sk-made-up-two"
A, B = EntryId("key-1"), EntryId("key-2")
NO_MONEY = FakeReply.error(402, None, "Insufficient credits for sk-made-up-one")
LIMITED = FakeReply.error(429, "usage_limit_reached", "The usage limit has been reached")
URL = "https://api.openai.com/v1/chat/completions"
DIED = events.EntryDied(A, FailureClass.AUTH_REVOKED)
HOOK = "https://hooks.example.com/services/made-up-token"


class Inbox:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []

    def __call__(self, message: bytes) -> None:
        """Take a message."""
        self.got.append(json.loads(message))


class Broken:
    """Cannot be told anything."""

    def __call__(self, _message: bytes) -> None:
        """Refuse a message."""
        raise ConnectionError("https://hooks.example.com/services/made-up-token")


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock that a test sets."""
    return FakeClock(1000.0)


@pytest.fixture
def pool(clock: FakeClock) -> Pool:
    """Return a pool of two keys."""
    return Pool.from_keys("openai", [ONE, TWO], clock=clock)


def send(pool: Pool, script: Mapping[str, list[FakeReply]]) -> None:
    """Make one call."""
    handler = FakeProvider(script).handler(httpx2.Response)
    with httpx2.Client(auth=PoolAuth(pool), transport=httpx2.MockTransport(handler)) as client:
        client.post(URL, json={"model": "gpt-5"})


def test_what_needs_a_person_is_told_if_nothing_else_is_asked_for(
    pool: Pool, clock: FakeClock
) -> None:
    """A cap ends by itself and is not told; an empty account and an exhausted pool are."""
    inbox = Inbox()
    sink = Sink(pool, inbox, clock=clock)
    pool.listen(sink)

    send(pool, {ONE: [LIMITED], TWO: [NO_MONEY]})
    sink.wait()

    assert [(m["event"], m.get("entry"), m["pool"]) for m in inbox.got] == [
        ("entry.cooled", "key-2", "openai"),
        ("pool.exhausted", None, "openai"),
    ]
    assert inbox.got[0]["text"] == "openai: key-2 out_of_credit, back in 1 d"
    assert "sk-made-up" not in repr(inbox.got)


def test_the_events_that_are_asked_for_are_told(pool: Pool, clock: FakeClock) -> None:
    """Those and no others, whatever the log makes of them."""
    inbox = Inbox()
    sink = Sink(pool, inbox, events=["entry.switched"], clock=clock)
    pool.listen(sink)

    send(pool, {ONE: [LIMITED]})
    sink.wait()

    assert [(m["event"], m["from"], m["to"]) for m in inbox.got] == [
        ("entry.switched", "key-1", "key-2")
    ]


def test_the_same_is_told_once_in_a_while(pool: Pool, clock: FakeClock) -> None:
    """The next message says how many were left out; another entry's is not the same."""
    inbox = Inbox()
    sink = Sink(pool, inbox, every=60, clock=clock)

    for moment in (1000.0, 1000.5, 1059.0, 1060.0):
        clock.advance(moment - clock.now())
        sink(DIED)
        sink.wait()
    sink(events.EntryDied(B, FailureClass.AUTH_REVOKED))
    sink.wait()

    assert [(m["entry"], m["left_out"]) for m in inbox.got] == [
        ("key-1", 0),
        ("key-1", 2),
        ("key-2", 0),
    ]


def test_what_waits_and_what_is_remembered_is_bounded(pool: Pool, clock: FakeClock) -> None:
    """Events that come faster than they can be told are left out, and counted."""
    inbox, goes_on = Inbox(), Flag()

    def slow(message: bytes) -> None:
        goes_on.wait(30)
        inbox(message)

    sink = Sink(pool, slow, clock=clock)
    for number in range(3 * MOST):
        sink(events.EntryDied(EntryId(str(number)), FailureClass.AUTH_REVOKED))
    goes_on.set()
    sink.wait(30)
    sink(DIED)
    sink.wait(30)

    assert MOST <= len(inbox.got) - 1 <= MOST + 1
    assert inbox.got[-1]["left_out"] == 3 * MOST - (len(inbox.got) - 1)


def test_a_sink_that_fails_is_told_of_once(
    pool: Pool, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """The call goes on, the log says so once, and says neither the address nor the output."""
    sink = Sink(pool, Broken(), every=0, clock=clock)
    pool.listen(sink)

    send(pool, {ONE: [NO_MONEY], TWO: [NO_MONEY]})
    sink.wait()
    sink(DIED)
    sink.wait()

    told = [r.getMessage() for r in caplog.records if "was told nothing" in r.getMessage()]
    assert len(told) == 1
    assert told[0].endswith("was told nothing: ConnectionError")
    assert "made-up-token" not in caplog.text


def test_a_command_has_the_message_and_its_line(tmp_path: Path) -> None:
    """The JSON object is its standard input; `{text}` is replaced, and no shell reads it."""
    program = "import sys; open(sys.argv[1], 'w').write(sys.argv[2] + '|' + sys.stdin.read())"
    told = tmp_path / "told"
    message = json.dumps({"text": "a $(touch x) `b`; c", "event": "entry.died"}).encode()

    Command(sys.executable, "-c", program, str(told), "so: {text}")(message)

    assert told.read_text() == f"so: a $(touch x) `b`; c|{message.decode()}\n"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        pytest.param(["/nowhere/at-all"], "cannot be run: FileNotFoundError", id="no program"),
        pytest.param([sys.executable, "-c", "exit(3)"], "ended with code 3", id="an error"),
        pytest.param(["a\0b"], "cannot be run: ValueError", id="no name"),
    ],
)
def test_a_command_that_fails_says_how(words: list[str], why: str) -> None:
    """Its code or the kind of error, and nothing that it printed."""
    with pytest.raises(Failed, match=why):
        Command(*words)(b'{"text": "x"}')


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="there are no groups of processes here")
def test_a_command_that_hangs_is_stopped_with_what_it_started(tmp_path: Path) -> None:
    """At the time limit the whole group ends: nothing of it is left to write."""
    marker = tmp_path / "pid"
    child = "import time; time.sleep(60)"
    program = (
        "import subprocess, sys, time; "
        f"ran = subprocess.Popen([sys.executable, '-c', {child!r}]); "
        f"open({str(marker)!r}, 'w').write(str(ran.pid)); time.sleep(60)"
    )
    command = Command(sys.executable, "-c", program, limit=3.0)

    with pytest.raises(Failed, match="took too long"):
        command(b'{"text": "x"}')

    assert any(_is_over(int(marker.read_text())) for _ in range(1_000_000))


def _is_over(pid: int) -> bool:
    """Whether a process is gone, or is only waited for."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and ") Z" in state.read_text()


def test_a_webhook_is_posted_to() -> None:
    """The message arrives as JSON, and carries no credential."""
    with FakeProvider({"": [FakeReply.json({})]}) as server:
        Webhook(f"{server.url}/hook")(b'{"text": "x"}')

    (request,) = server.requests
    assert (request.method, request.path, request.body) == ("POST", "hook", b'{"text": "x"}')
    assert request.header("content-type") == "application/json"


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        pytest.param(FakeReply(status=500), "status 500", id="refused"),
        pytest.param(
            FakeReply(status=302, headers={"location": "/else"}), "status 302", id="a redirect"
        ),
        pytest.param(FakeReply(dropped=True), "RemoteDisconnected", id="no reply"),
    ],
)
def test_a_webhook_that_fails_says_how(reply: FakeReply, why: str) -> None:
    """The status or the kind of error; the address, which may hold a secret, is not shown."""
    with FakeProvider({"": [reply]}) as server:
        hook = Webhook(f"{server.url}/made-up-token")
        with pytest.raises(Failed, match=why) as raised:
            hook(b'{"text": "x"}')

    assert len(server.requests) == 1
    assert "made-up-token" not in f"{raised.value} {hook!r}"


def test_the_configuration_names_sinks(tmp_path: Path) -> None:
    """A pool that is opened tells those that `notify` names, from the file and for each event asked for."""
    told = tmp_path / "told"
    program = "import sys; open(sys.argv[1], 'a').write(sys.argv[2] + '\\n')"
    words = [sys.executable, "-c", program, str(told), "{text}"]
    config = {"notify": [{"command": words, "events": ["entry.died", "entry.cooled"]}]}
    tmp_path.joinpath("config.yaml").write_text(json.dumps(config))  # which is YAML too
    environ = {"OPENAI_API_KEY": ONE, "OPENAI_API_KEY_2": TWO}
    pool = open_pool("openai", Surroundings(environ=environ, folder=tmp_path), clock=FakeClock())

    send(pool, {ONE: [NO_MONEY]})
    (sink,) = [one for one in _listeners(pool) if isinstance(one, Sink)]
    sink.wait(30)

    assert told.read_text() == "openai: OPENAI_API_KEY out_of_credit, back in 1 d\n"


def test_what_opening_a_pool_finds_is_told(tmp_path: Path) -> None:
    """An entry that cannot be used is news to whoever is told, and not to the log alone."""
    told = tmp_path / "told"
    program = "import sys; open(sys.argv[1], 'a').write(sys.argv[2] + '\\n')"
    words = [sys.executable, "-c", program, str(told), "{text}"]
    tmp_path.joinpath("config.yaml").write_text(json.dumps({"notify": [{"command": words}]}))
    rows = [{"id": "a", "label": "work", "access_token": "sk made up"}]
    rows += [{"id": n, "label": n, "access_token": f"sk-made-up-{n}", "owner": "org"} for n in "bc"]
    store = {"version": 1, "credential_pool": {"openai": rows}}
    tmp_path.joinpath("auth.json").write_text(json.dumps(store))

    pool = open_pool("openai", Surroundings(environ={}, folder=tmp_path), clock=FakeClock())
    (sink,) = [one for one in _listeners(pool) if isinstance(one, Sink)]
    sink.wait(30)

    unusable, shared = told.read_text().splitlines()
    assert unusable.startswith("openai: work cannot be used: ")
    assert shared == "openai: b, c share one quota, that of org"
    assert "sk made up" not in told.read_text()


def _listeners(pool: Pool) -> tuple[object, ...]:
    from credpool.pool import engine_of  # noqa: PLC0415  this test alone looks inside

    return engine_of(pool)._listeners._all  # noqa: SLF001


@pytest.mark.parametrize(
    ("notify", "told"),
    [
        pytest.param({"command": ["x"]}, "notify: expected a list", id="no list"),
        pytest.param(["x"], r"notify\[0\]: expected a mapping", id="a text"),
        pytest.param([{}], "expected one of command and webhook", id="nobody"),
        pytest.param(
            [{"command": ["x"], "webhook": HOOK}], "expected one of command and webhook", id="two"
        ),
        pytest.param([{"command": "rm -rf x"}], r"\.command: expected a list", id="a line"),
        pytest.param([{"command": []}], r"\.command: expected a list", id="no program"),
        pytest.param([{"command": ["x", 1]}], r"\.command: expected a list", id="a number"),
        pytest.param([{"command": [" "]}], r"\.command: expected a list", id="a blank"),
        pytest.param([{"command": ["a\0"]}], r"\.command: expected a list", id="NUL"),
        pytest.param([{"webhook": HOOK[8:]}], r"\.webhook: the address does not", id="no scheme"),
        pytest.param([{"webhook": 5}], r"\.webhook: the address is empty", id="no text"),
        pytest.param([{"webhook": HOOK, "on": []}], "has an unknown name; known", id="a name"),
        pytest.param([{"webhook": HOOK, "events": []}], r"\.events: expected a list", id="none"),
        pytest.param([{"webhook": HOOK, "events": "x"}], r"\.events: expected", id="one event"),
        pytest.param([{"webhook": HOOK, "events": ["died"]}], "known are entry", id="an event"),
        pytest.param([{"webhook": HOOK, "events": [["x"]]}], r"\.events: expected", id="lists"),
        pytest.param([{"webhook": HOOK, "every": -1}], r"\.every: expected", id="a past"),
        pytest.param([{"webhook": HOOK, "every": True}], r"\.every: expected", id="a truth"),
        pytest.param([{"webhook": HOOK, "every": "1m"}], r"\.every: expected", id="a unit"),
    ],
)
def test_a_configuration_that_cannot_be_is_refused(
    notify: object, told: str, tmp_path: Path
) -> None:
    """The place is named and the value is not; no pool is opened, and nothing is written."""
    around = Surroundings(environ={}, config={"notify": notify}, folder=tmp_path)

    with pytest.raises(BadConfig, match=told) as raised:
        open_pool("openai", around)

    assert "made-up-token" not in str(raised.value)
    assert [*tmp_path.iterdir()] == []


def test_what_is_left_out_has_a_default() -> None:
    """An address alone is enough."""
    (notice,) = notices_of({"notify": [{"webhook": f" {HOOK}\n"}]})

    assert (notice.webhook, notice.events, notice.every) == (HOOK, None, 60.0)
    assert notices_of({}) == ()
    assert "made-up-token" not in repr(notice)


def test_wrong_parts_are_refused(pool: Pool) -> None:
    """An unknown event, an address that is none, a command of nothing."""
    url: Any = None
    for wrong in (
        lambda: Sink(pool, Inbox(), events=["entry.gone"]),
        lambda: Webhook("hooks.example.com"),
        lambda: Webhook(url),
        Command,
    ):
        with pytest.raises(BadInput):
            wrong()
    assert repr(Command("/usr/bin/notify-send", "x")) == "<Command notify-send>"


def test_every_event_can_be_told(
    pool: Pool, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Each of the vocabulary has words for people, and a form in JSON."""
    caplog.set_level(logging.DEBUG)
    inbox = Inbox()
    sink = Sink(pool, inbox, events=EVENTS, clock=clock)

    sink(DIED)
    sink(events.PayerChanged(A, B, Payer.SUBSCRIPTION, Payer.METERED))
    sink(events.OwnerShared("acme", (A, B)))
    sink.wait()

    assert [message["event"] for message in inbox.got] == [
        "entry.died",
        "payer.changed",
        "owner.shared",
    ]
