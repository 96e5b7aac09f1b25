"""Two testees against each other: the tool itself."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
import yaml

from credpool_conformance.data import Data, find
from credpool_conformance.fuzzing.comparison import Difference, Played
from credpool_conformance.fuzzing.drawing.chances import Chances
from credpool_conformance.fuzzing.freedoms import requests
from credpool_conformance.fuzzing.fuzz import Found, Fuzz, opened, seeds
from credpool_conformance.fuzzing.history import History, scenario_of
from credpool_conformance.fuzzing.printing import as_scenario, told, written
from credpool_conformance.fuzzing.shrinking import Shrinking
from credpool_conformance.provider.requests import Request, Seen
from credpool_conformance.scenarios.loader import load
from credpool_conformance.scenarios.scenario import Origin
from credpool_conformance.scenarios.script import Sent
from credpool_conformance.specification import registry as registries
from credpool_conformance.specification import requirements as requirement_files
from credpool_conformance.specification.registry import Registry

TESTEES: Final = Path(__file__).parents[1] / "testees"
LONG: Final = History(
    seed="1-1",
    features=("store", "oauth"),
    given={
        "provider": "openai",
        "entries": ["a", {"id": "b", "priority": 3}, {"id": "c", "same_secret_as": "a"}],
        "strategy": "round_robin",
        "policy": {"sole_cooldown": 5, "max_retry_wait": 9},
    },
    upstream={
        "a": ["ok", {"example": "openai/rate-limit", "headers": {"retry-after": "7"}}, "ok"],
        "b": [{"status": 503, "hold": "h1"}],
        "token": {"a": ["token_ok"]},
    },
    phases=(
        {"call": {"as": "c1", "stream": True}},
        {"advance": 86401.25, "call": {"as": "c2", "model": "m1"}},
        {"inspect": {}},
        {"release": "h1"},
        {"call": {"as": "c3"}},
    ),
)


@pytest.fixture(scope="module")
def registry() -> Registry:
    """Read the registry and the tables."""
    return registries.load(find())


@pytest.fixture(scope="module")
def alike(registry: Registry) -> Iterator[Fuzz]:
    """Play the minimal pool against itself."""
    testee = str(TESTEES / "minimal.py")
    with opened(testee, testee, registry, in_process=True, timeout=10.0) as two:
        yield two


def seen(item: str, status: int) -> Seen:
    """Return a request as the mock saw it, with its reply."""
    request = Request(origin=Origin.MAIN, method="POST", path="/", headers=(), body="")
    sent = Sent(name="", status=status, headers=(), chunks=(), streamed=False, drop=False)
    return Seen(item=item, at=0.0, request=request, canaries=(), sent=sent)


def is_a_limit(history: History) -> bool:
    """Whether a later call can meet a rate limit of `a`."""
    calls = [phase for phase in history.phases if "call" in phase]
    return len(calls) > 1 and "openai/rate-limit" in str(history.upstream.get("a"))


def test_a_pool_does_not_differ_from_itself(alike: Fuzz) -> None:
    """What is compared is what a pool decides, and nothing that happens by chance."""
    found = [*alike.differences(seeds("11"), 150)]

    assert found == []
    assert alike.steps >= 150


def test_others_keep_their_folder_for_temporary_files(registry: Registry) -> None:
    """What else runs in the process finds its own folder, and none that ends with the fuzzer."""
    testee, before = str(TESTEES / "minimal.py"), tempfile.gettempdir()

    with opened(testee, testee, registry, in_process=True, timeout=10.0) as two:
        two.difference("1-0")

        assert tempfile.gettempdir() == before


def test_a_seed_makes_one_history(alike: Fuzz) -> None:
    """Whoever has the seed can play the history again."""
    one, again, other = (alike.history(seed) for seed in ("12-3", "12-3", "12-4"))

    assert one == again
    assert one.history.shape != other.history.shape


def test_the_seeds_are_shared_without_rest() -> None:
    """No two processes play one history, and a whole seed is one history."""
    shares = [seeds("7", share, 2) for share in range(2)]

    assert [next(share) for share in (*shares, *shares)] == ["7-0", "7-1", "7-2", "7-3"]
    assert [*seeds("7-12")] == ["7-12"]


def test_dice_fall_the_same_each_time() -> None:
    """A history depends on its seed alone, whatever was drawn before."""
    drawn = [[Chances(seed).number(0, 10**9) for _ in range(2)] for seed in ("a", "a", "b")]

    assert drawn[0] == drawn[1] != drawn[2]


def test_a_history_is_shrunk_to_what_it_needs() -> None:
    """Steps, entries, replies and values that change nothing are gone."""
    shrunk = Shrinking(LONG, is_a_limit).shortest()

    assert len(shrunk.phases) == 2
    assert all(phase.keys() == {"call"} for phase in shrunk.phases)
    assert shrunk.upstream["a"] == ["openai/rate-limit"]
    assert shrunk.given == {"provider": "generic", "entries": ["c"]} or len(shrunk.given) == 2
    assert shrunk.features == ()


def test_a_history_that_shows_it_by_luck_stays_as_it_is() -> None:
    """Nothing is left out that was needed."""
    shrinking = Shrinking(LONG, lambda history: history == LONG)

    assert shrinking.shortest() == LONG


def test_what_is_printed_can_be_pasted(registry: Registry, tmp_path: Path) -> None:
    """It is a file of scenarios, once somebody has said what is verified."""
    expected = tuple({"wire": [], "state": {"a": "exhausted rate_limited +3600"}} for _ in range(5))
    difference = Difference(phase=2, aspects=("wire",), expected=(["a"],), actual=(["b"],))
    found = Found(
        seed="1-1", difference=difference, played=Played(history=LONG, expected=expected), tries=1
    )
    scenario = {**as_scenario(found), "verifies": ["select.fill-first+2"]}
    (tmp_path / "pasted.yaml").write_text(written(scenario), "utf-8")
    data = Data(spec=find().spec, scenarios=tmp_path)

    (loaded,) = load(data, registry, requirement_files.load(find()))

    assert loaded.given == scenario_of(LONG, registry).given
    assert [phase.action for phase in loaded.phases] == [
        phase.action for phase in scenario_of(LONG, registry).phases
    ]
    assert [*told(difference)] == ["phase 2:", "  wire", '    A: ["a"]', '    B: ["b"]']
    assert yaml.safe_load(written(scenario))["scenarios"][0]["id"] == "fuzz-1-1"


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param([("a", 307), ("a", 200)], id="with-the-secret-at-once"),
        pytest.param([("a", 307), ("-", 401), ("a", 200)], id="without-it-first"),
    ],
)
def test_either_way_behind_a_redirect_is_as_good(wire: list[tuple[str, int]]) -> None:
    """Both ways are written as one, whichever was seen."""
    found = requests([seen(*one) for one in wire])

    assert found == {"one_of": [["a", "a"], ["a", "-", "a"]]}


def test_a_redirect_may_be_followed_in_a_later_phase() -> None:
    """The reply was held, and what is sent then is only the rest."""
    found = requests([seen("-", 401), seen("a", 200)], [seen("a", 307)])
    other = requests([seen("a", 200)], [seen("a", 307)])

    assert found == other == {"one_of": [["a"], ["-", "a"]]}


def test_a_redirect_to_another_origin_is_followed_once() -> None:
    """What goes there has no secret, and does not come again."""
    found = requests([seen("a", 307), seen("-", 401), seen("a", 307), seen("other:-", 404)])

    assert found == {"one_of": [["a", "a", "other:-"], ["a", "-", "a", "other:-"]]}


def test_a_retry_is_no_redirect() -> None:
    """What was sent is written as it is where the provider has moved nothing."""
    found = requests([seen("a", 429), seen("a", 200), seen("b", 307)])

    assert found == ["a", "a", "b"]


def test_a_history_is_played_again_from_what_it_has(alike: Fuzz) -> None:
    """A history that was played is played to the same end from its phases alone."""
    played = alike.history("13-1")

    assert alike.replayed(replace(played.history, seed="13-1")) == (played, None)
