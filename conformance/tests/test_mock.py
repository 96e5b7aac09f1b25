"""The mock provider, over real HTTP and through respx: the same script, the same facts."""

import threading
from collections.abc import Iterator

import httpx
import pytest

from credpool_conformance.json_values import Json
from credpool_conformance.provider.canary import Kind
from credpool_conformance.provider.inbox import Held, Inbox, Ranaway
from credpool_conformance.provider.intercept import Intercept
from credpool_conformance.provider.loopback import Loopback
from credpool_conformance.provider.mock import Mock
from credpool_conformance.scenarios.loader import entry_of
from credpool_conformance.scenarios.scenario import Given, Origin, Scenario
from credpool_conformance.scenarios.script import scripted
from credpool_conformance.specification.registry import Credential, Provider, Registry
from credpool_conformance.testee.setup import Setup

OPENAI = Provider(id="openai", base_path="/v1", credentials=(Credential(auth_type="api_key"),))


class World:
    """A mock on its stage, and a client that talks to it."""

    def __init__(self, mock: Mock) -> None:
        self.mock = mock
        self.inbox = Inbox()
        self.client = httpx.Client(verify=False, timeout=10)  # noqa: S501 (loopback only)

    def play(self, name: str = "x", **scripts: list[Json]) -> None:
        """Begin a scenario with these scripts."""
        registry = Registry(providers={}, examples={})
        entries = ({"id": "a", "refreshable": True}, {"id": "b"}, {"id": "c", "base": "other"})
        names = {key.replace("token_", "token:"): replies for key, replies in scripts.items()}
        scenario = Scenario(
            id=name, title="", chapter="", verifies=(), features=(), consequence="", phases=(),
            path="", line=1,
            given=Given(
                provider="openai",
                entries=tuple(entry_of(e, position, "api_key") for position, e in enumerate(entries)),
            ),
            upstream={
                key: tuple(scripted(f"{key}[{i}]", raw, "openai", registry) for i, raw in enumerate(raws))
                for key, raws in names.items()
            },
        )  # fmt: skip
        self.setup = Setup(scenario, OPENAI, self.mock.urls)
        self.mock.play(self.setup.stage(self.inbox.deliver))

    def secret(self, entry: str, kind: Kind = Kind.ACCESS) -> str:
        """Find an entry's newest secret."""
        of_kind = [c for c in self.setup.canaries.of(entry) if c.kind is kind]
        return of_kind[-1].value

    def send(
        self, secret: str, origin: Origin = Origin.MAIN, *, json: Json = None, follow: bool = False
    ) -> httpx.Response:
        """Send a request with a secret."""
        url = self.mock.urls[origin] + "/v1/x"
        headers = {"authorization": f"Bearer {secret}"}
        return self.client.post(url, headers=headers, json=json, follow_redirects=follow)

    def items(self) -> list[str]:
        """Read the wire log."""
        return [seen.item for seen in self.mock.seen]


@pytest.fixture(params=["loopback", "respx"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """Open the mock in one of its two ways."""
    loopback = Loopback()
    intercept = Intercept(loopback.mock)
    if request.param == "respx":
        intercept.start()
    opened = World(loopback.mock)
    yield opened
    opened.client.close()
    if request.param == "respx":
        intercept.stop()
    loopback.close()


def test_each_entry_has_its_own_script(world: World) -> None:
    """Replies go by the secret in the request, whichever header or place it is in."""
    world.play(a=["ok", {"status": 503, "body": "busy"}], b=[{"status": 402, "body": {"x": 1}}])

    first = world.send(world.secret("a"))
    second = world.client.get(world.mock.urls[Origin.MAIN] + f"/?key={world.secret('b')}")
    third = world.send("nobody", json={"deep": [world.secret("a")]})

    assert [first.status_code, second.status_code, third.status_code] == [200, 402, 503]
    assert second.json() == {"x": 1}
    assert third.text == "busy"
    assert world.items() == ["a", "b", "a"]


@pytest.mark.parametrize(("shown", "leaks"), [(12, True), (11, False)])
def test_a_part_of_a_secret_is_a_leak(world: World, shown: int, leaks: bool) -> None:  # noqa: FBT001 (a row)
    """Any twelve characters of what is a secret's own are too many, wherever in it they stand."""
    world.play(a=["ok"])
    own = world.secret("a")[-40:]
    parts = [own[:shown], own[14 : 14 + shown], own[-shown:]]

    found = [world.setup.canaries.shown([f"key …{part}"]) for part in parts]

    assert [len(secrets) for secrets in found] == [int(leaks)] * 3


def test_an_unscripted_request_is_written_down(world: World) -> None:
    """More than is scripted gets the last reply again; a stranger is refused."""
    world.play(a=["ok"])

    replies = [world.send(world.secret("a")), world.send(world.secret("a")), world.send("nobody")]

    assert [reply.status_code for reply in replies] == [200, 200, 401]
    assert world.items() == ["a", "a", "-"]


def test_the_last_reply_can_go_on_for_ever(world: World) -> None:
    """A reply marked `always` is never used up."""
    world.play(a=["ok", {"status": 500, "always": True}])

    statuses = [world.send(world.secret("a")).status_code for _ in range(4)]

    assert statuses == [200, 500, 500, 500]


def test_a_redirect_leads_away(world: World) -> None:
    """A 307 to the other origin is followed there, and what arrives there is written down."""
    world.play(a=[{"redirect": "other"}, {"redirect": "same"}, "ok"], other=["ok"])

    there = world.send(world.secret("a"), follow=True)
    here = world.send(world.secret("a"), follow=True)

    assert (there.status_code, here.status_code) == (200, 200)
    assert world.items() == ["a", "other:-", "a", "a"]


def test_a_secret_in_the_wrong_place_is_seen(world: World) -> None:
    """An entry is at home at one origin; elsewhere its secret is a leak that has a name."""
    world.play(c=["ok"], other=["ok"])

    at_home = world.send(world.secret("c"), Origin.OTHER)
    world.send(world.secret("a"), Origin.OTHER)
    world.send(world.secret("a", Kind.REFRESH))

    assert at_home.status_code == 200
    assert world.items() == ["other:c", "other:a", "a.refresh"]


def test_a_connection_can_break(world: World) -> None:
    """A dropped reply is no reply at all."""
    world.play(a=[{"drop": True}])

    with pytest.raises(httpx.RemoteProtocolError):
        world.send(world.secret("a"))

    assert world.items() == ["a"]


def test_a_stream_can_break(world: World) -> None:
    """A stream that is cut has delivered what came before."""
    world.play(a=[{"stream": ["one", "two"], "drop": True}])
    headers = {"authorization": world.secret("a")}
    got = []

    with (
        pytest.raises(httpx.RemoteProtocolError),
        world.client.stream("POST", world.mock.urls[Origin.MAIN], headers=headers) as reply,
    ):
        got.extend(reply.iter_text())

    assert "".join(got) == "onetwo"


def test_a_held_reply_waits_for_its_release(world: World) -> None:
    """That the request has arrived is an event; its reply comes when it is let go."""
    world.play(a=[{"example": "ok", "hold": "h", "headers": {"x-sent": "$epoch"}}])
    got = []
    thread = threading.Thread(target=lambda: got.append(world.send(world.secret("a"))))

    thread.start()
    event = world.inbox.take(10)
    world.setup.clock.advance(5)
    released = world.mock.release("h")
    thread.join(10)

    assert event == Held("h")
    assert released
    assert not world.mock.release("h")
    assert got[0].headers["x-sent"] == str(int(world.setup.clock.now))


def test_a_forsaken_scenario_is_answered_no_more(world: World) -> None:
    """A thread that outlives its testee is stopped; a request with a secret of today is not."""
    world.play(a=["ok"])
    old = world.secret("a")
    world.mock.forsake()
    world.play("y", a=["ok"])

    with pytest.raises((httpx.HTTPError, SystemExit)):
        world.send(old)

    assert world.items() == []
    assert world.send(world.secret("a")).status_code == 200


def test_whoever_waited_for_a_reply_that_was_cut_is_none_of_the_next_scenario(world: World) -> None:
    """A testee in process that crashed leaves its thread behind, which tries again later."""
    world.play(a=["ok"])
    old = world.secret("a")
    world.mock.cut("h")
    world.play("y", a=["ok"])

    with pytest.raises((httpx.HTTPError, SystemExit)):
        world.send(old)

    assert world.items() == []


def test_a_refresh_brings_new_secrets(world: World) -> None:
    """The token endpoint mints secrets; from then on the old ones are old."""
    world.play(token_a=["token_ok"], a=["ok", "ok"])
    old = world.secret("a")
    refresh = {"refresh_token": world.secret("a", Kind.REFRESH)}

    token = world.client.post(world.mock.urls[Origin.MAIN] + "/oauth/token", data=refresh).json()
    world.send(token["access_token"])
    world.send(old)

    assert token["access_token"] != old
    assert world.items() == ["token:a", "a", "a~old"]


def test_too_many_requests_are_stopped() -> None:
    """After a hundred requests there are no more replies, and the runner is told."""
    loopback = Loopback()
    world = World(loopback.mock)
    world.play(a=[{"example": "ok", "always": True}])

    for _ in range(99):
        world.send(world.secret("a"))
    with pytest.raises(httpx.RemoteProtocolError):
        world.send(world.secret("a"))

    assert world.inbox.take(1) == Ranaway(100)
    world.client.close()
    loopback.close()
