"""The connector for Python testees in process: frozen time, and `time.sleep` as a wait."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from credpool_conformance.provider.loopback import Loopback
from credpool_conformance.scenarios.clock import EPOCH
from credpool_conformance.testee.connectors.inprocess import InProcessConnector
from credpool_conformance.testee.session import Session

if TYPE_CHECKING:
    from conftest import RunSuite


@pytest.fixture
def session(request: pytest.FixtureRequest) -> Iterator[Session]:
    """Open a session with the testee that has no seams."""
    kind = getattr(request, "param", "Testee")
    loopback = Loopback()
    path = request.path.parent / "testees/sleepy.py"
    opened = Session(InProcessConnector(f"{path}:{kind}", loopback.mock), timeout=10)
    opened.ensure()
    yield opened
    opened.close()
    loopback.close()


def call(session: Session) -> tuple[object, list[float]]:
    """Send a call, and go on with it until it has a result."""
    now, waits = EPOCH, []
    pool = {"provider": "p", "base_url": "http://nowhere", "token_url": None, "strategy": None,
            "policy": {}, "entries": [{"id": "a", "secret": "s"}]}  # fmt: skip
    session.ask("configure", now=now, pool=pool, randoms=[])
    request = {"method": "POST", "path": "/x", "headers": {}, "body": {}}
    seq = session.send("call", now=now, call="c", request=request)
    while True:
        answer = session.next(seq)
        if answer.kind != "wait":
            return answer, waits
        waits.append(answer.content["until"] - now)
        now = answer.content["until"]
        seq = session.send("resume", now=now, call="c")


def test_sleeping_is_waiting(run_suite: "RunSuite", request: pytest.FixtureRequest) -> None:
    """A testee without seams sleeps no real second, and each sleep is an exact observation."""
    begun = time.perf_counter()

    path = request.path.parent / "testees/sleepy.py"
    ran = run_suite(str(path), "inprocess", only="healthy")

    findings = ran.check("healthy")["findings"]
    waits = next(finding for finding in findings if finding["kind"] == "wait")
    assert waits["actual"] == [1.5, 60.0, 0.25]
    assert time.perf_counter() - begun < 60


@pytest.mark.parametrize("session", ["Silent"], indirect=True)
def test_an_exception_in_the_testee_is_told_at_once(session: Session) -> None:
    """What `handle` raises is a fault of the harness's kind, with its traceback as output."""
    session.send("call", now=EPOCH, call="c", request={})

    with pytest.raises(Exception, match="raised RuntimeError: the reason is here"):
        session.next(2)

    assert "RuntimeError" in session.abandon()


def test_an_unknown_host_is_out_of_reach(session: Session) -> None:
    """No request leaves the machine: what is not the mock cannot be connected to."""
    with pytest.raises(Exception, match="ConnectError"):
        call(session)


def test_the_real_time_comes_back(session: Session) -> None:
    """When the session is closed, nothing is frozen any more."""
    frozen = time.time()
    session.close()

    assert frozen == EPOCH
    assert time.time() != EPOCH
    assert datetime.now(UTC).timestamp() != EPOCH
