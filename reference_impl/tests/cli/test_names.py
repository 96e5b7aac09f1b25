"""Names that a person writes in another way, or nearly right: verbs, providers, strategies, targets."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import click
import pytest

from credpool import Cooldown, Entry, FailureClass, Pool, PoolState, Secret, Strategy
from credpool.cli.app import VERBS, cli
from credpool.entries.listing import upcoming
from credpool.model.terms import EntryId
from credpool.model.text import did_you_mean, meant
from credpool.pool import engine_of
from credpool.providers import registry
from credpool.stores import MemoryStore
from credpool.testing import FakeClock

if TYPE_CHECKING:
    from conftest import Command

Keep = Callable[..., None]
NOW = 1795392000.0
KEY = "sk-one-0123456789abcdef"


def other_ways(name: str) -> list[str]:
    """Return how else people write a name."""
    return [name.upper(), name.title(), name.replace("-", "_"), name.replace("-", " "), f" {name}"]


@pytest.mark.parametrize("name", registry.names())
def test_a_provider_is_known_however_it_is_written(credpool: "Command", name: str) -> None:
    """Whatever case it has, and whatever joins its words."""
    for typed in other_ways(name):
        ran = credpool("list", typed)

        assert ran.code == 0
        assert f"{name} has no credentials" in ran.err


@pytest.mark.parametrize("strategy", [s.value for s in Strategy])
def test_a_strategy_is_known_however_it_is_written(
    credpool: "Command", keep: Keep, strategy: str
) -> None:
    """What is kept is its own name."""
    keep(entry("a"))
    for typed in (strategy.replace("_", "-"), strategy.upper(), strategy.replace("_", "")):
        assert credpool("strategy", "openai", typed).code == 0

        (pool,) = json.loads(credpool("list", "openai", "--json").out)["pools"]
        assert pool["strategy"] == strategy


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_a_verb_is_known_however_it_is_written(credpool: "Command", verb: str) -> None:
    """`help` shows the same for all of these, and `--help` too."""
    shown = credpool(verb, "--help")

    assert shown.code == 0
    assert credpool("help", verb).out == shown.out
    assert credpool(verb.upper(), "-h").out == shown.out


def test_other_names_of_verbs_do_the_same(credpool: "Command", keep: Keep) -> None:
    """`ls` lists, `rm` removes, `help` alone is `--help`."""
    keep(entry("a"), entry("b"))

    assert credpool("ls").out == credpool("list").out
    assert credpool("rm", "openai", "a").code == 0
    assert [e["id"] for e in credpool("list", "openai", "--json").entries] == ["b"]
    assert credpool("help").out == credpool("--help").out


@pytest.mark.parametrize(
    ("line", "code", "guess"),
    [
        pytest.param("lst", 2, "'list'", id="a verb"),
        pytest.param("delete openai a", 2, "'remove'", id="another word for one"),
        pytest.param("help lst", 2, "'list'", id="a verb to be helped with"),
        pytest.param("list opnai", 2, "'openai'", id="a provider"),
        pytest.param("list claude", 2, "'anthropic'", id="a word of its title"),
        pytest.param("strategy openai rond_robin", 2, "'round_robin'", id="a strategy"),
        pytest.param("disable openai wrk", 3, "'a (work)'", id="a target"),
        pytest.param("move openai a furst", 2, "'first'", id="a place"),
        pytest.param("add openai --type apikeys", 2, "'api-key'", id="a type"),
        pytest.param("list --jsn", 2, "--json", id="an option"),
    ],
)
def test_what_may_be_meant_is_named(
    credpool: "Command", keep: Keep, line: str, code: int, guess: str
) -> None:
    """Nothing is done on a guess."""
    keep(entry("a", "work"), entry("b", "home"))

    ran = credpool(*line.split())

    assert (ran.code, ran.out) == (code, "")
    assert guess in ran.err
    assert "did you mean" in ran.err.casefold()


def test_a_guess_is_made_of_what_is_much_alike_only() -> None:
    """A name that is like nothing gets no guess, and one that is exact has no rival."""
    assert did_you_mean("zzz", registry.names()) == ""
    assert did_you_mean("", registry.names()) == ""
    assert did_you_mean("x" * 1000, registry.names()) == ""
    assert meant("a-b", ["ab", "a_b"]) is None
    assert meant("ab", ["ab", "a_b"]) == "ab"
    assert meant("-", ["_"]) is None


def test_a_pool_that_is_kept_under_another_name_is_itself(credpool: "Command") -> None:
    """A custom endpoint is not taken for another one."""
    credpool("add", "Custom:My Box", "--base-url", "https://one.example/v1", stdin=KEY)

    assert credpool("list", "CUSTOM:my-box").code == 0
    ran = credpool("list", "custom:mybox")

    assert ran.code == 2
    assert "no endpoint 'custom:mybox'" in ran.err


@pytest.mark.parametrize("strategy", Strategy)
@pytest.mark.parametrize("used", [(), ("a",), ("a", "b"), ("a", "b", "c")])
def test_the_entry_that_comes_next_is_marked(strategy: Strategy, used: tuple[str, ...]) -> None:
    """It is the one that the pool then chooses; chance is not foretold."""
    entries = tuple(entry(name) for name in "abc")
    state = PoolState(key="openai", provider="openai", strategy=strategy, entries=entries)
    pool = Pool(MemoryStore(state), clock=FakeClock(NOW))
    engine = engine_of(pool)
    for _ in used:
        chosen = engine.pick(lambda: None, NOW)
        assert chosen is not None
        engine.used(chosen)

    pool.flush()
    foretold = upcoming(pool.state, NOW)

    chosen = engine.pick(lambda: None, NOW)
    assert chosen is not None
    assert foretold == (None if strategy is Strategy.RANDOM else chosen.id)


def test_the_mark_is_in_the_table_and_in_the_document(credpool: "Command", keep: Keep) -> None:
    """The first is out, so the second comes; where nobody can come, nobody is marked."""
    out = Cooldown(since=NOW, until=9e9, failure=FailureClass.OUT_OF_CREDIT)
    keep(entry("a", cooldown=out), entry("b"))

    (pool,) = json.loads(credpool("list", "openai", "--json").out)["pools"]
    table = credpool("list", "openai").out

    assert pool["next"] == "b"
    assert [line.split()[:2] for line in table.splitlines() if "→" in line][1:] == [["→", "2"]]
    keep(entry("a", cooldown=out), entry("b", cooldown=out))
    assert "→" not in credpool("list", "openai").out


def test_the_last_four_are_shown_to_whoever_asks(
    credpool: "Command", around: dict[str, str], keep: Keep
) -> None:
    """Also of what a reference reads; a short secret, and the rest of any, is never shown."""
    around["MINE"] = "sk-mine-0123456789wxyz"
    keep(entry("a"), Entry(id=EntryId("b"), label="b", secret=Secret("sk-short-1234")))
    credpool("add", "openai", "--from", "env:MINE")

    asked, usual = credpool("list", "--show-last-four").out, credpool("list").out

    assert "cdef" in asked
    assert "wxyz" in asked
    assert "1234" not in asked
    assert not any(end in usual for end in ("cdef", "wxyz", "last four"))


@pytest.mark.parametrize("line", ["list", "status", "providers", "test"])
def test_no_line_of_a_table_ends_in_blanks(
    credpool: "Command", keep: Keep, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes into a file or a pipe is compared and searched."""
    monkeypatch.setattr("credpool.cli.providers.trial._plan", lambda *_: "not in this test")
    keep(entry("a", "work"), entry("b", "a much longer label"))

    lines = credpool(line).out.splitlines()

    assert len(lines) > 3
    assert [text for text in lines if text != text.rstrip()] == []


@pytest.mark.parametrize("verb", [name for name in sorted(VERBS) if name != "import"])
def test_a_script_is_asked_nothing(credpool: "Command", keep: Keep, verb: str) -> None:
    """Where nobody can answer, what is missing is named, or nothing is."""
    keep(entry("a"))

    ran = credpool(verb)

    context = click.Context(cli)
    command = cli.get_command(context, verb)
    assert command is not None
    if any(p.required for p in command.params):
        assert ran.code == 2
        assert "Missing" in ran.err
    else:
        assert ran.code in (0, 1)


def entry(name: str, label: str = "", cooldown: Cooldown | None = None) -> Entry:
    """Make an entry with a key of its own."""
    secret = Secret(f"sk-{name}-0123456789abcdef")
    return Entry(id=EntryId(name), label=label or name, secret=secret, cooldown=cooldown)
