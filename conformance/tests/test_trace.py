"""The trace: what was sent and answered, where that is written, and never a secret."""

import pytest

from credpool_conformance.provider.canary import Canaries, Kind
from credpool_conformance.provider.trace import Trace
from credpool_conformance.scenarios.clock import VirtualClock
from credpool_conformance.scenarios.script import Sent


@pytest.fixture
def canaries() -> Canaries:
    """Begin without secrets."""
    return Canaries("some-scenario")


@pytest.fixture
def trace(canaries: Canaries) -> Trace:
    """Begin without events."""
    return Trace(VirtualClock(), canaries.hide)


def sent(body: str, *, drop: bool = False, streamed: bool = False) -> Sent:
    """Make a reply of 429 with a header that tells something."""
    return Sent(
        name="a[0]",
        status=429,
        headers=(("content-type", "application/json"), ("retry-after", "7")),
        chunks=(body.encode(),),
        streamed=streamed,
        drop=drop,
    )


def test_a_reply_shows_headers_body_and_where_it_is_written(trace: Trace) -> None:
    """What a pool had to read is there, with the line of the registry that it comes from."""
    trace.reply(sent('{"error": "slow down"}'), "spec/registry/openai.yaml:123")

    head, *below = trace.lines
    assert head.endswith("← 429 (a[0]) from spec/registry/openai.yaml:123")
    assert [line.strip() for line in below] == [
        "content-type: application/json",
        "retry-after: 7",
        '{"error": "slow down"}',
    ]


def test_a_request_shows_what_tells_something(trace: Trace) -> None:
    """The query, the headers of a pool, and the body's beginning; not what every client sends."""
    trace.request("a", "POST /v1?x=1", [("Host", "h"), ("X-Note", "kept")], "x" * 1000)

    head, *below = trace.lines
    assert head.endswith("→ POST /v1?x=1 [a]")
    assert [line.strip() for line in below] == ["x-note: kept", "x" * 160 + "… (1000 characters)"]


@pytest.mark.parametrize("length", range(1, 44))
def test_no_piece_of_a_secret_is_shown(trace: Trace, canaries: Canaries, length: int) -> None:
    """Neither where a text is cut, nor where the testee has cut it, however long the rest is."""
    secret = canaries.mint("a", Kind.ACCESS).value
    padding = "x" * (160 - length)

    trace.request(
        "a", f"GET /?k={secret[:length]}", [("x-key", secret[-length:])], padding + secret
    )

    said = "\n".join(trace.lines)
    pieces = {secret[at : at + 12] for at in range(3, len(secret) - 11)}
    assert not [piece for piece in pieces if piece in said]


def test_a_secret_has_its_name_in_its_place(canaries: Canaries) -> None:
    """Each kind is told from the others, and a later secret of an entry from the first one."""
    kinds = (Kind.ACCESS, Kind.REFRESH, Kind.ACCESS)
    values = [canaries.mint("a", kind).value for kind in kinds]

    assert canaries.hide(" ".join(values)) == (
        "<secret of a> <refresh token of a> <secret no. 2 of a>"
    )
    assert canaries.hide_in({values[0]: [values[1], 3]}) == {
        "<secret of a>": ["<refresh token of a>", 3]
    }


@pytest.mark.parametrize("streamed", [True, False])
def test_a_connection_that_breaks_is_told(trace: Trace, *, streamed: bool) -> None:
    """Before the reply nothing was sent; in mid-stream the caller has its beginning."""
    trace.reply(sent("data: 1", drop=True, streamed=streamed), "s.yaml:1")

    told = "\n".join(trace.lines)
    assert "connection dropped" in told
    assert ("data: 1" in told) is streamed


def test_a_long_trace_is_cut_in_its_middle(trace: Trace) -> None:
    """The first events decide, and the last ones say how it ended."""
    for number in range(100):
        trace.result(f"call-{number}", "failed")

    assert len(trace.lines) == 33
    assert "… 68 events left out" in trace.lines
    assert trace.lines[-1].endswith("= call-99: failed")


def test_what_a_testee_says_cannot_reach_the_terminal(trace: Trace) -> None:
    """A control character is written as what it is."""
    trace.request("a", "GET /\x1b[2J", [], "\x07")

    assert "\x1b" not in "".join(trace.lines)
    assert "\\x1b[2J" in trace.lines[0]
