"""The mutation harness itself: what is not proven must be red."""

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace as changed
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from credpool_conformance.data import Data
from credpool_conformance.problems import BadInputError
from tools.mutants import mutant_files
from tools.mutants.__main__ import main
from tools.mutants.judgement import Fate, Judgement, judge_control, judge_mutant
from tools.mutants.mutant import Change, Control, Mutant, replaces
from tools.mutants.mutant_files import MutantSet
from tools.mutants.pages import outputs
from tools.mutants.patching import TESTEE, VoidError, find, fitting, install, load_testee, patched
from tools.mutants.reach import EVERYWHERE, Reach
from tools.mutants.reference_run import Red, RunResult, Suite, attempt, read_suite
from tools.mutants.run import BaselineError, Results, run_mutants
from tools.mutants.workers import LostError, run_all

if TYPE_CHECKING:
    from credpool.model.entry import Entry
    from credpool.model.state import PoolState

REPOSITORY = Path(__file__).parents[2]
TESTS = REPOSITORY / "conformance/tests"
TREE = Data(spec=TESTS / "suite_tree/spec", scenarios=TESTS / "suite_tree/scenarios")


class NeverRetries(Mutant):
    """Rotates at once."""

    violates = "rotate.retry-once+1"
    kills = ("wait",)
    because = "retry"

    @replaces("testee_reference.Testee.decide")
    def at_once(original, *args, last, **kwargs):
        """Give the last answer first."""
        return original(*args, last=True, **kwargs)


class Idle(NeverRetries):
    """Does what the original does."""

    @replaces("testee_reference.Testee.decide")
    def at_once(original, *args, **kwargs):
        """Give the original's answer."""
        return original(*args, **kwargs)


class Misplaced(NeverRetries):
    """Replaces what is not there."""

    @replaces("testee_reference.Testee.decided")
    def nothing(original):
        """Never be called."""


class Crashes(Idle):
    """Raises where an answer is due."""

    @replaces("testee_reference.Testee.configure")
    def nothing(original, *args):
        """Raise."""
        raise RuntimeError


class Misfit(NeverRetries):
    """Takes less than what it stands for is given."""

    @replaces("testee_reference.Testee.decide")
    def at_once(original, self):
        """Never be called."""


class WrongReason(NeverRetries):
    """Is noticed for another reason than it says."""

    because = "said"


class Brief(Control):
    """Leaves a label out that nobody asked for."""

    @replaces("testee_reference.Testee.inspect")
    def brief(original, *args):
        """Give the original's answer."""
        return original(*args)


class Unused(Control):
    """Varies what never happens."""

    @replaces("testee_reference.Testee.restart")
    def never(original, *args):
        """Give the original's answer."""
        return original(*args)


class Illegal(Control):
    """Varies what the specification settles."""

    @replaces("testee_reference.Testee.decide")
    def at_once(original, *args, last, **kwargs):
        """Give the last answer first."""
        return original(*args, last=True, **kwargs)


@pytest.fixture
def suite(monkeypatch: pytest.MonkeyPatch) -> Iterator[Suite]:
    """Read the small specification, the scenarios that its naive testee passes in process."""
    monkeypatch.delitem(sys.modules, TESTEE, raising=False)
    whole = read_suite(TREE, TESTS / "testees/naive.py")
    stored = ("healthy", "retry-then-rotate", "wait")
    yield changed(
        whole, scenarios=tuple(s for s in whole.scenarios if s.id.partition(":")[0] in stored)
    )
    sys.modules.pop(TESTEE, None)


def fate(suite: Suite, change: type[Change]) -> Judgement:
    """Run the scenarios with a change, and judge it."""
    result = attempt(suite, suite.scenarios, change)
    if issubclass(change, Mutant):
        return judge_mutant(change, result, suite.scenarios)
    assert issubclass(change, Control)
    return judge_control(change, result)


@pytest.mark.parametrize(
    ("change", "expected", "said"),
    [
        (NeverRetries, Fate.KILLED, ()),
        (Idle, Fate.SURVIVED, ("no check noticed",)),
        (Misplaced, Fate.VOID, ("testee_reference.Testee.decided: there is no such name",)),
        (Misfit, Fate.VOID, ("testee_reference.Testee.decide: does not fit the original: ",)),
        (
            Crashes,
            Fate.WRONG_RED,
            ("wait:retry-after-1 is harness-error, not rotate.retry-once because of retry",),
        ),
        (
            WrongReason,
            Fate.WRONG_RED,
            ("wait:retry-after-1 is fail (rotate.retry-once retry), not",),
        ),
        (Brief, Fate.ACCEPTED, ()),
        (Unused, Fate.VOID, ("never used: testee_reference.Testee.restart",)),
        (Illegal, Fate.REJECTED, ("retry-then-rotate is fail (",)),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else None,
)
def test_only_what_is_as_declared_is_good(
    suite: Suite, change: type[Change], expected: Fate, said: tuple[str, ...]
) -> None:
    """A mutant is killed by the declared checks, for the declared reason; other reds are few."""
    judgement = fate(suite, change)

    assert judgement.fate is expected, judgement
    for start in said:
        assert any(fault.startswith(start) for fault in judgement.faults), judgement.faults
    assert judgement.good == (expected in (Fate.KILLED, Fate.ACCEPTED))


def test_a_killer_that_stays_green_means_survival(suite: Suite) -> None:
    """Of two checks that should notice, one is not enough."""
    result = RunResult(
        ran=1, red={"retry-then-rotate": Red("fail", (("rotate.retry-once", "retry"),))}
    )
    kills = ("retry-then-rotate", "healthy")
    half = type("Half", (NeverRetries,), {"kills": kills})

    judgement = judge_mutant(half, result, suite.scenarios)

    assert judgement.fate is Fate.SURVIVED
    assert judgement.faults == ("not noticed by healthy",)


def test_a_mutant_that_names_no_killer_is_not_killed(suite: Suite) -> None:
    """Any red will not do: without one declared check that noticed, nothing was proven."""
    result = RunResult(ran=1, red={"healthy": Red("fail", (("rotate.retry-once", "retry"),))})
    vague = type("Vague", (NeverRetries,), {"kills": ("nobody",)})

    judgement = judge_mutant(vague, result, suite.scenarios)

    assert judgement.fate is Fate.SURVIVED


def test_the_reference_is_whole_again_afterwards(suite: Suite) -> None:
    """What was replaced for a run is there again after it."""
    attempt(suite, suite.scenarios, NeverRetries)

    result = attempt(suite, suite.scenarios, Idle)

    assert result.ran == len(suite.scenarios)
    assert result.red == {}


def test_nothing_executed_is_not_good() -> None:
    """A results of no changes, or of no checks, is no success."""
    killed = Judgement(name="x", fate=Fate.KILLED)
    nothing = Results(checks=1, mutants=(), controls=(), ran=0, seconds=0)

    every = [nothing, changed(nothing, mutants=(killed,)), changed(nothing, ran=1)]

    assert [results.good for results in every] == [False, False, False]
    assert changed(nothing, mutants=(killed,), ran=1).good


def test_a_function_is_named_where_it_is_defined() -> None:
    """A name that was only imported is void, since others have imported it too."""
    with pytest.raises(VoidError, match=r"name it where it is defined, in credpool\.model\.state"):
        find("credpool._engine.view.in_order")


def test_a_replacement_reaches_every_module_that_imported_the_name() -> None:
    """A rule is replaced wherever it is used, and put back everywhere."""
    from credpool._engine import view  # noqa: PLC0415 (only here)

    target, there = find("credpool.model.state.in_order"), view.in_order
    with ExitStack() as undo:
        install(target, None, undo)
        replaced = view.in_order

    assert replaced is None
    assert view.in_order is there


def test_each_kind_of_attribute_can_be_replaced() -> None:
    """Properties, cached properties and class methods are replaced in kind, values as a whole."""
    from credpool.model.entry import Entry  # noqa: PLC0415 (only here)
    from credpool.model.policy import Strategy  # noqa: PLC0415 (only here)
    from credpool.model.terms import EntryId  # noqa: PLC0415 (only here)
    from credpool.providers.reply import Reply  # noqa: PLC0415 (only here)

    class All(Change):
        dead = replaces("credpool.model.entry.Entry.dead")(lambda original, self: True)
        text = replaces("credpool.providers.reply.Reply.message")(lambda original, self: "!")
        odd = replaces("credpool.model.policy.Strategy._missing_")(
            lambda original, cls, _: cls.RANDOM
        )
        hour = replaces("credpool.model.recovery._HOUR")(lambda original: original * 2)

    with patched(All.patches()):
        found = Entry(id=EntryId("a")).dead, Reply(429, {}).message, Strategy("odd")
        hour = find("credpool.model.recovery._HOUR").original

    assert found == (True, "!", Strategy.RANDOM)
    assert hour == 7200.0
    assert not Entry(id=EntryId("a")).dead


def test_the_unchanged_run_sees_where_a_rule_would_have_answered_otherwise(suite: Suite) -> None:
    """A pure rule matters where its answer differs."""
    from credpool.model import entry, state  # noqa: PLC0415 (only here)

    class Reverses(Change):
        entries = replaces("credpool.model.state.in_order")(lambda original, e: (*reversed(e),))

    reach = Reach({"Reverses": Reverses}, suite.testee)
    one, two = (entry.Entry(id=entry.EntryId(name)) for name in "ab")
    with reach.watching():
        reach.scenario = "of-one"
        alone = state.in_order((one,))
        reach.scenario = "of-two"
        both = state.in_order((one, two))

    assert (alone, both) == ((one,), (one, two))
    assert reach.differs == {"Reverses": {"of-two"}}


def test_the_unchanged_run_goes_through_what_is_gone_through(suite: Suite) -> None:
    """A generator and a tuple are no difference, as long as the same comes out of them."""
    from credpool.events import changes  # noqa: PLC0415 (only here)

    class Silent(Change):
        begun = replaces("credpool.events.changes.begun")(lambda original, *_: ())

    reach = Reach({"Silent": Silent}, suite.testee)
    pool, (one, two) = pool_of("a", "b")
    with reach.watching():
        reach.scenario = "stays"
        stays = [*changes.begun(pool, None, one.id)]
        reach.scenario = "goes"
        goes = [*changes.begun(pool, one.id, two.id)]

    assert (len(stays), len(goes)) == (0, 1)
    assert reach.differs == {"Silent": {"goes"}}


def test_the_unchanged_run_follows_a_function_that_is_returned(suite: Suite) -> None:
    """Two functions are never equal; what they answer may be."""
    from credpool.rules import usable  # noqa: PLC0415 (only here)

    class Uses(Change):
        why = replaces("credpool.rules.usable.why_unusable")(lambda *_: lambda _: usable.NO_SECRET)

    reach = Reach({"Uses": Uses}, suite.testee)
    pool, (one, two) = pool_of("a", "b")
    with reach.watching():
        why = usable.why_unusable(pool)
        reach.scenario = "without"
        without = why(one)
        reach.scenario = "disabled"
        disabled = why(changed(two, disabled=True))

    assert (without, disabled) == (usable.NO_SECRET, usable.DISABLED)
    assert reach.differs == {"Uses": {"disabled"}}


def pool_of(*names: str) -> "tuple[PoolState, tuple[Entry, ...]]":
    """Make a pool of entries without secrets."""
    from credpool.model import entry, state  # noqa: PLC0415 (only where the reference is loaded)

    entries = tuple(entry.Entry(id=entry.EntryId(name)) for name in names)
    return state.PoolState(key="openai", provider="openai", entries=entries), entries


def test_the_unchanged_run_sees_where_anything_else_is_called(suite: Suite) -> None:
    """What is not pure may matter where it is called, and what lasts may matter everywhere."""
    from credpool.pool import Pool  # noqa: PLC0415 (only here)

    class Flushes(Change):
        flush = replaces("credpool.pool.Pool.flush")(lambda original, self: None)

    class Makes(Change):
        made = replaces("testee_reference.Testee.__init__")(lambda original, *args: None)

    class Doubles(Change):
        hour = replaces("credpool.model.recovery._HOUR")(lambda original: original * 2)

    changes = {"Flushes": Flushes, "Makes": Makes, "Doubles": Doubles}
    reach = Reach(changes, suite.testee)
    with reach.watching():
        reach.scenario = "quiet"
        pool = Pool.from_keys("openai", ["sk-one"])
        reach.scenario = "flushed"
        pool.flush()

    assert reach.differs == {
        "Flushes": {"flushed"},
        "Makes": {EVERYWHERE},
        "Doubles": {EVERYWHERE},
    }


def test_a_broad_mutant_is_spared_much_of_what_is_about_something_else(suite: Suite) -> None:
    """What it names and what it violates is run in full, as is everything on demand."""
    wait = next(s for s in suite.scenarios if s.id == "wait:retry-after-1")
    other = [changed(wait, id=f"other:{n}", verifies=("stream.whole+1",)) for n in range(4)]
    own = [changed(wait, id=f"own:{n}") for n in range(4)]
    many = changed(suite, scenarios=(*suite.scenarios, *other, *own))
    mutant_set = MutantSet(mutants={"Idle": Idle}, controls={"Brief": Brief})

    ran = [
        sum(one.ran for one in (*results.mutants, *results.controls))
        for everything in (False, True)
        for results in [
            run_mutants(many, mutant_set, at_once=1, everything=everything, say=lambda _: None)
        ]
    ]

    assert ran == [len(many.scenarios) * 2 - 8, len(many.scenarios) * 2]


def test_the_unchanged_run_sees_where_a_rule_refuses(suite: Suite) -> None:
    """Whoever would not refuse may make a difference where the original does."""
    from credpool.model import entry  # noqa: PLC0415 (only here)
    from credpool.stores.auth_json import codec  # noqa: PLC0415 (only here)

    class Tolerates(Change):
        ids = replaces("credpool.stores.auth_json.codec.check_ids")(
            lambda original, entries, key: None
        )

    reach = Reach({"Tolerates": Tolerates}, suite.testee)
    one = entry.Entry(id=entry.EntryId("a"))
    with reach.watching():
        reach.scenario = "of-one"
        codec.check_ids((one,), "openai")
        reach.scenario = "of-two"
        with pytest.raises(codec.Malformed):
            codec.check_ids((one, one), "openai")

    assert reach.differs == {"Tolerates": {"of-two"}}


def test_a_baseline_that_is_not_green_stops_everything(suite: Suite) -> None:
    """No mutant is run on a reference that fails a check as it is."""
    broken = changed(suite, testee=TESTS / "testees/sleepy.py")

    with pytest.raises(BaselineError, match="red without a change: "):
        run_mutants(
            broken,
            MutantSet(mutants={"Idle": Idle}, controls={}),
            at_once=1,
            everything=True,
            say=lambda _: None,
        )


def test_a_run_tells_what_is_proven(suite: Suite) -> None:
    """What was killed is listed by requirement; the same fates give the same files."""
    said: list[str] = []
    mutant_set = MutantSet(mutants={"NeverRetries": NeverRetries}, controls={"Brief": Brief})

    results = run_mutants(suite, mutant_set, at_once=2, everything=False, say=said.append)
    files = outputs(suite, mutant_set, results)

    assert results.good, said
    assert said[0].startswith("baseline: 4 checks green")
    proven = json.loads(files["conformance/mutants/proven.json"])["proven"]
    assert proven == {
        "rotate.retry-once+1": {"NeverRetries": ["wait:retry-after-1", "wait:retry-after-2"]}
    }
    overview = files["docs/conformance/mutants.md"]
    assert "| `Brief` | Leaves a label out" in overview
    page = overview.partition("[NeverRetries](")[2].partition("#neverretries)")[0]
    assert "## NeverRetries\n" in files[f"docs/conformance/{page}"]


def test_a_job_that_is_lost_is_told() -> None:
    """A child that raises, ends or hangs is told apart from one that answers."""
    from threading import Event  # noqa: PLC0415 (only here)

    jobs = [
        ("answers", lambda: 7),
        ("raises", lambda: 1 // 0),
        ("ends", lambda: sys.exit(3)),
        ("hangs", lambda: Event().wait()),
    ]

    results = dict(run_all(jobs, at_once=4, seconds=2))

    assert results.pop("answers") == 7
    assert {name: str(lost) for name, lost in results.items() if isinstance(lost, LostError)} == {
        "raises": "ZeroDivisionError: integer division or modulo by zero",
        "ends": "ended without a word",
        "hangs": "took too long",
    }


@pytest.mark.parametrize(("others", "expected"), [(12, Fate.KILLED), (13, Fate.WRONG_RED)])
def test_a_mutant_that_harms_a_tenth_of_all_checks_is_too_coarse(
    suite: Suite, others: int, expected: Fate
) -> None:
    """What fails beside the declared checks must be little."""
    first = suite.scenarios[0]
    copies = [changed(first, id=f"copy-{number}") for number in range(119)]
    killer = changed(first, id="wait:retry-after-1", verifies=(NeverRetries.violates,))
    red = Red(outcome="fail", charged=(("rotate.retry-once", "retry"),))
    result = RunResult(red={s.id: red for s in (killer, *copies[:others])}, ran=120)

    judgement = judge_mutant(NeverRetries, result, [killer, *copies])

    assert judgement.fate is expected, judgement
    assert len(judgement.others) == others


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("violates = 'rotate.second+1'", "rotate.second+1 is an old revision"),
        ("kills = ('nobody',)", "kills names no check: 'nobody'"),
        ("kills = ('healthy', 'overlap')", "overlap does not verify rotate.retry-once+1"),
        ("because = 'luck'", "because 'luck' is no kind of difference"),
        ("because = ''", "does not declare because"),
        ("change = None", "replaces nothing"),
    ],
)
def test_a_wrong_declaration_is_bad_input(tmp_path: Path, body: str, says: str) -> None:
    """A declaration is compared with the specification before anything runs."""
    source = f'''
from tools.mutants.mutant import Mutant, replaces
class Sample(Mutant):
    """Says something."""
    violates, kills, because = "rotate.retry-once+1", ("healthy",), "wire"
    change = replaces("credpool.model.state.in_order")(lambda original, e: e)
    {body}
'''
    (tmp_path / "sample.py").write_text(source, encoding="utf-8")
    suite = read_suite(TREE, TESTS / "testees/naive.py")

    with pytest.raises(BadInputError, match=r"sample\.py:3: Sample ") as caught:
        mutant_files.check(mutant_files.read(tmp_path), suite.scenarios, suite.requirements)

    assert says in str(caught.value)


@pytest.mark.parametrize("source", ["", "import nothing_of_the_kind", None])
def test_a_folder_that_holds_no_mutants_is_bad_input(
    tmp_path: Path, source: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Zero mutants are an error, and so is a file that cannot be loaded."""
    if source is not None:
        (tmp_path / "empty.py").write_text(source, encoding="utf-8")

    status = main(["--check", "--mutants", str(tmp_path)])

    assert status == 2
    assert str(tmp_path) in capsys.readouterr().err


def test_a_pattern_that_selects_nothing_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt name is not a success."""
    status = main(["--check", "--only", "NoSuchMutant"])

    assert status == 2
    assert "--only 'NoSuchMutant' selects nothing" in capsys.readouterr().err


def test_every_change_of_ours_fits_the_reference() -> None:
    """So whoever changes a seam learns it here, and not after all mutants have run."""
    root = REPOSITORY
    load_testee(root / "conformance/testees/reference.py")
    mutant_set = mutant_files.read(root / "conformance/mutants")

    changes = {**mutant_set.mutants, **mutant_set.controls}
    misfits = []
    for name, change in changes.items():
        for replacement in change.patches():
            try:
                fitting(replacement)
            except VoidError as error:
                misfits.append(f"{name}: {error}")

    assert misfits == []
    assert len(changes) > 300
