"""Which entry comes next."""

from dataclasses import replace

import pytest

from credpool.model.entry import Cooldown, Entry
from credpool.model.errors import UnknownStrategy
from credpool.model.policy import Policy, Strategy
from credpool.model.secret import Secret
from credpool.model.state import PoolState, in_order
from credpool.model.terms import FOREVER, EntryId, FailureClass
from credpool.rules.select import Index, at_home, available, choose, under_cap

NOW = 1795392000.0


def entry(
    name: str, *, count: int = 0, until: float | None = None, model: str | None = None
) -> Entry:
    """Return an entry, out until that moment, for that model only if one is named."""
    cooldown = Cooldown(failure=FailureClass.RATE_LIMITED, since=NOW, until=until or FOREVER)
    return Entry(
        id=EntryId(name),
        secret=Secret(f"sk-{name}"),
        request_count=count,
        cooldown=cooldown if until is not None and model is None else None,
        models={model: cooldown} if until is not None and model is not None else {},
    )


def pool(
    *entries: Entry, strategy: Strategy = Strategy.FILL_FIRST, last: str | None = None
) -> PoolState:
    """Return a pool of these entries."""
    known = None if last is None else EntryId(last)
    return PoolState(key="p", provider="openai", entries=entries, strategy=strategy, last=known)


def chosen(state: PoolState, draw: float = 0.0) -> str | None:
    """Return the id that the rule chooses now."""
    found = choose(state, available(state, now=NOW, model=None), now=NOW, draw=draw)
    return None if found is None else found.id


def test_order_is_by_priority_and_then_as_listed() -> None:
    """Entries come by ascending priority, equal ones as the pool lists them."""
    given = [("late", 5), ("first", 0), ("second", 0), ("before-all", -1)]

    ordered = in_order(tuple(Entry(id=EntryId(n), priority=p) for n, p in given))

    assert [e.id for e in ordered] == ["before-all", "first", "second", "late"]


def test_a_pool_stays_on_its_first_entry_unless_told_otherwise() -> None:
    """A pool that names no strategy fills the first entry first."""
    assert PoolState(key="p", provider="openai").strategy is Strategy.FILL_FIRST


def test_an_unknown_strategy_is_refused_with_the_known_names() -> None:
    """The error of a mistyped strategy names the five there are."""
    known = "fill_first, round_robin, least_used, random, quota_aware"

    with pytest.raises(
        UnknownStrategy, match=rf"\(did you mean 'round_robin'\?\); choose one of {known}$"
    ) as caught:
        Strategy("round-robin")

    assert caught.value.name == "round-robin"


@pytest.mark.parametrize(
    "out",
    [
        pytest.param(entry("a", until=FOREVER), id="dead"),
        pytest.param(entry("a", until=NOW + 0.001), id="cooling for a millisecond yet"),
        pytest.param(entry("a", until=NOW + 60, model="gpt-5"), id="cooling for the model"),
        pytest.param(Entry(id=EntryId("a")), id="without a secret"),
    ],
)
def test_who_is_out_is_not_available(out: Entry) -> None:
    """A dead, cooling or empty entry is not among the available ones."""
    found = available(pool(out, entry("b")), now=NOW, model="gpt-5")

    assert [e.id for e in found] == ["b"]


@pytest.mark.parametrize(
    "back",
    [
        pytest.param(entry("a", until=NOW), id="cooldown ends this moment"),
        pytest.param(entry("a", until=NOW + 60, model="o3"), id="cooling for another model"),
    ],
)
def test_who_is_back_has_its_old_place(back: Entry) -> None:
    """An entry whose cooldown has ended, or is another model's, stands where it stood."""
    found = available(pool(back, entry("b")), now=NOW, model="gpt-5")

    assert [e.id for e in found] == ["a", "b"]


@pytest.mark.parametrize("strategy", Strategy)
def test_nobody_is_chosen_among_none(strategy: Strategy) -> None:
    """Every strategy finds nobody when nobody is available."""
    assert choose(pool(strategy=strategy), (), now=NOW, draw=0.0) is None


def test_fill_first_takes_the_first_available() -> None:
    """The first available entry is chosen, however much it has done."""
    state = pool(entry("a", until=NOW + 1), entry("b", count=9), entry("c"))

    assert chosen(state) == "b"


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        pytest.param(None, "a", id="nobody was"),
        pytest.param("a", "c", id="the next one is out"),
        pytest.param("b", "c", id="it is out itself"),
        pytest.param("d", "a", id="it was the last in order"),
        pytest.param("removed", "a", id="it is gone"),
    ],
)
def test_round_robin_follows_whoever_was_chosen_last(last: str | None, expected: str) -> None:
    """The available entry behind the latest choice is next, wrapping around."""
    entries = (entry("a"), entry("b", until=NOW + 1), entry("c"), entry("d"))

    assert chosen(pool(*entries, strategy=Strategy.ROUND_ROBIN, last=last)) == expected


def test_least_used_takes_the_lowest_count_equal_ones_in_order() -> None:
    """The available entry that has sent the fewest requests is chosen."""
    entries = (
        entry("a", count=3),
        entry("b", until=NOW + 1),
        entry("c", count=2),
        entry("d", count=2),
    )

    assert chosen(pool(*entries, strategy=Strategy.LEAST_USED)) == "c"


@pytest.mark.parametrize(
    ("draw", "expected"), [(0.0, "a"), (0.33, "a"), (0.34, "c"), (0.67, "d"), (0.999999, "d")]
)
def test_random_reads_the_draw_as_a_position(draw: float, expected: str) -> None:
    """The draw's share of the available entries says which one."""
    entries = (entry("a"), entry("b", until=NOW + 1), entry("c"), entry("d"))

    assert chosen(pool(*entries, strategy=Strategy.RANDOM), draw) == expected


def test_an_index_holds_until_the_first_return() -> None:
    """An index is good until the first entry that is out comes back, and for ever if none does."""
    state = pool(entry("a", until=NOW + 60), entry("b", until=NOW + 30), entry("c", until=FOREVER))

    assert Index(state, now=NOW, model=None).expires == NOW + 30
    assert Index(state, now=NOW + 60, model=None).expires == FOREVER
    assert Index(pool(entry("a")), now=NOW, model=None).expires == FOREVER


def test_an_index_of_nobody_is_not_ready() -> None:
    """An index of a pool without an available entry says so, whatever the strategy."""
    for strategy in Strategy:
        index = Index(pool(entry("a", until=FOREVER), strategy=strategy), now=NOW, model=None)

        assert not index.ready


def test_an_index_of_least_used_fills_up_level_by_level() -> None:
    """The least used entries catch up with the next one before it takes part."""
    entries = (entry("a", count=4), entry("b"), entry("c", count=2))
    index = Index(pool(*entries, strategy=Strategy.LEAST_USED), now=NOW, model=None)

    picked = [index.pick(0.0, None).id for _ in range(12)]

    assert picked == [*"bb", *"bcbc", *"abcabc"]


@pytest.mark.parametrize(
    ("cap", "busy", "considered"),
    [
        pytest.param(None, {"a": 9}, "abc", id="nobody asked for a cap"),
        pytest.param(1, {}, "abc", id="nobody is busy"),
        pytest.param(1, {"a": 1, "b": 1}, "c", id="one is below the cap"),
        pytest.param(2, {"a": 1, "b": 2}, "ac", id="below the cap is below it, however far"),
        pytest.param(1, {"a": 2, "b": 1, "c": 1}, "bc", id="all are at the cap: the least busy"),
    ],
)
def test_the_cap_narrows_the_choice(cap: int | None, busy: dict[str, int], considered: str) -> None:
    """Of the candidates those below the cap are considered, or else the least busy."""
    leases = {EntryId(name): calls for name, calls in busy.items()}
    state = replace(
        pool(entry("a"), entry("b"), entry("c")), policy=Policy(max_concurrent=cap), leases=leases
    )

    found = under_cap(state, available(state, now=NOW, model=None))

    assert "".join(e.id for e in found) == considered


def test_nobody_is_considered_among_nobody() -> None:
    """Without candidates there is nobody below the cap either."""
    state = PoolState(key="p", provider="openai", policy=Policy(max_concurrent=1))

    assert under_cap(state, ()) == ()


def test_a_session_is_at_home_with_its_own_entry() -> None:
    """The entry that answered the session is taken when it is a candidate, and no other."""
    candidates = (entry("a"), entry("b"))

    assert at_home(candidates, EntryId("b")) is candidates[1]
    assert at_home(candidates, EntryId("c")) is None
    assert at_home(candidates, None) is None


def test_an_entry_that_serves_other_models_alone_is_passed_over() -> None:
    """Where entries are for some models, the model decides, and who is out stays out."""
    some = replace(entry("some"), serves=("gpt-*",))
    state = pool(some, entry("out", until=NOW + 60), entry("any"))

    served = [e.id for e in available(state, now=NOW, model="gpt-5")]
    others = [e.id for e in available(state, now=NOW, model="o3")]

    assert served == ["some", "any"]
    assert others == ["any"]
