"""The small changes of everything that decides: found, made, and told."""

import importlib.util
import json
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest

from credpool.model.state import Entries
from credpool_conformance.problems import BadInputError
from credpool_conformance.scenarios.scenario import Given, Scenario
from tools.mutants.generic.alterations import Alteration, alterations, altered
from tools.mutants.generic.choice import Answers, Choice, Seen
from tools.mutants.generic.differing import Differing
from tools.mutants.generic.journal import Journal
from tools.mutants.generic.page import REASONS, Reason, page, reasons, record
from tools.mutants.generic.run import Trial
from tools.mutants.generic.trial import functions_there, make

SOURCE = '''\
"""A module that decides."""

LIMIT = 3


def within(number: int | None, limit: int = LIMIT) -> bool:
    """Say whether it is."""
    if number is None:
        return False
    return number <= limit and not number < 0


class Pool:
    """A pool."""

    def first(self, names: list[str]) -> str:
        """Return one."""
        return min((name for name in names if name), default="none")


class Small(Pool):
    """A pool that needs its class."""

    def first(self, names: list[str]) -> str:
        """Return one of two."""
        return super().first(names[:2])


def most(entries, limit: int) -> bool:
    """Say whether there are too many, and remember it."""
    return entries.once("most", None, lambda found: len(found) > limit)
'''


@pytest.fixture
def module(tmp_path: Path) -> Iterator[ModuleType]:
    """Import the sample as a module."""
    path = tmp_path / "sample_that_decides.py"
    path.write_text(SOURCE, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = made
    spec.loader.exec_module(made)
    yield made
    del sys.modules[path.stem]


def changes(module: ModuleType) -> list[Alteration]:
    """List the changes of the sample."""
    assert module.__file__ is not None
    return list(alterations(Path(module.__file__)))


def test_every_kind_is_found(module: ModuleType) -> None:
    """Of conditions, comparisons, operators, constants and functions each is changed by itself."""
    found = [(c.function, c.kind, c.before, c.after) for c in changes(module)]

    assert found == [
        ("within", "condition", "number is None", "not number is None"),
        ("within", "early end", "number is None", "False"),
        ("within", "comparison", "number is None", "number is not None"),
        ("within", "constant", "False", "True"),
        (
            "within",
            "and, or",
            "number <= limit and (not number < 0)",
            "number <= limit or not number < 0",
        ),
        ("within", "comparison", "number <= limit", "number < limit"),
        ("within", "not", "not number < 0", "not not number < 0"),
        ("within", "comparison", "number < 0", "number <= 0"),
        ("within", "constant", "0", "1"),
        (
            "Pool.first",
            "function",
            "min",
            "max",
        ),
        ("Pool.first", "filter", "for name in names if name", "for name in names if not name"),
        ("Small.first", "constant", "2", "3"),
        (
            "most",
            "order of arguments",
            "entries.once('most', None, lambda found: len(found) > limit)",
            "entries.once(None, 'most', lambda found: len(found) > limit)",
        ),
        ("most", "comparison", "len(found) > limit", "len(found) >= limit"),
    ]


def test_each_change_is_another_code(module: ModuleType) -> None:
    """A change that compiles to what was there would survive whatever the checks are."""
    assert module.__file__ is not None
    names = {"within": module.within, "Pool.first": module.Pool.first}
    names |= {"Small.first": module.Small.first, "most": module.most}

    for change in changes(module):
        was, now = names[change.function].__code__, altered(change)
        assert now.co_name == was.co_name
        assert (now.co_code, now.co_consts, now.co_names) != (
            was.co_code,
            was.co_consts,
            was.co_names,
        )


def test_a_change_reaches_whoever_holds_the_function(module: ModuleType) -> None:
    """Names that were imported before the change lead to the changed function, too."""
    held = module.within
    change = next(c for c in changes(module) if c.before == "number <= limit")

    make(change)

    assert held(2)
    assert not held(3)


def test_a_change_of_what_is_not_there_is_no_change(module: ModuleType) -> None:
    """What was not made proves nothing, so it is an error."""
    change = changes(module)[0]
    del module.within

    with pytest.raises(LookupError, match=r"within of .* is nowhere"):
        make(change)


def test_changes_that_read_alike_have_names_of_their_own(tmp_path: Path) -> None:
    """A reason for one of them would hide the other."""
    path = tmp_path / "twice.py"
    path.write_text("def f(a, b):\n    return max(a, 0) + max(b, 0)\n", encoding="utf-8")

    names = [change.name for change in alterations(path) if change.kind == "constant"]

    assert names == ["twice.f: 0 → 1", "twice.f: 0 → 1 (2)"]


def test_a_run_that_ended_early_goes_on(module: ModuleType, tmp_path: Path) -> None:
    """What is known is not tried again; survivors are, when they are asked for."""
    path, made = tmp_path / "kept.ndjson", changes(module)
    journal = Journal(path, made)
    journal.add(Trial(alteration=made[0], killer="a-check"))
    journal.add(Trial(alteration=made[1], killer=None))

    again = Journal(path, made)

    assert again.left(made) == made[2:]
    assert again.left(made, survivors=True) == made[1:]
    assert [t.killer for t in again.trials(made)] == ["a-check", None]


def test_what_is_known_of_a_function_ends_with_its_text(module: ModuleType, tmp_path: Path) -> None:
    """A kill of what is no longer written proves nothing; other functions are as they were."""
    path, made = tmp_path / "kept.ndjson", changes(module)
    journal = Journal(path, made)
    for change in made:
        journal.add(Trial(alteration=change, killer="a-check"))
    assert module.__file__ is not None
    Path(module.__file__).write_text(SOURCE.replace("limit and", "limit - 0 and"), encoding="utf-8")

    now = changes(module)

    assert {change.function for change in Journal(path, now).left(now)} == {"within"}


def test_what_a_record_knows_is_not_tried_again(module: ModuleType, tmp_path: Path) -> None:
    """A run on another machine goes on from the record, function by function, as long as each is the same."""
    made = changes(module)
    first = Journal(tmp_path / "first.ndjson", made)
    within = [change for change in made if change.function == "within"]
    survivor, *killed = within
    first.add(Trial(alteration=survivor, killer=None, test="test_x.py::test_y"))
    for change in [*killed, next(c for c in made if c.function != "within")]:
        first.add(Trial(alteration=change, killer="a-check"))
    survivors = [{"name": survivor.name, "test": "test_x.py::test_y"}]
    kept = json.dumps({"functions": first.whole(made), "survivors": survivors})

    again = Journal(tmp_path / "again.ndjson", made, kept)

    assert again.left(made) == [change for change in made if change not in within]
    assert [(t.alteration, t.test) for t in again.trials(made) if t.killer is None] == [
        (survivor, "test_x.py::test_y")
    ]
    assert module.__file__ is not None
    Path(module.__file__).write_text(SOURCE.replace("limit and", "limit - 0 and"), encoding="utf-8")
    now = changes(module)
    assert Journal(tmp_path / "again.ndjson", now, kept).left(now) == now


def test_what_killed_a_neighbour_is_tried_first(module: ModuleType) -> None:
    """The nearer the kill, the earlier; among the others, the quick ones."""
    near, far = (c for c in changes(module) if c.before in {"0", "min"})
    took = {"slow": 9, "quick": 1, "killed-far": 5, "killed-near": 7}
    chosen = Choice(
        [scenario(name) for name in took],
        Seen(on={}, took=took, modules=frozenset()),
        Answers(other={near.name: frozenset(took)}, unknown=frozenset()),
    )
    chosen.killed(far, "killed-far")
    chosen.killed(near, "killed-near")

    tried = [s.id for s in chosen.of(near)]

    assert tried == ["killed-near", "killed-far", "quick", "slow"]


def test_where_all_answers_are_alike_nothing_is_tried(module: ModuleType) -> None:
    """A change that makes no difference in a run cannot be noticed in it."""
    change = next(c for c in changes(module) if c.before == "number < 0")
    seen = Seen(
        on={(str(change.path), change.line): frozenset("abcdef")}, took={}, modules=frozenset()
    )
    scenarios = [scenario(name) for name in "abcdef"]

    def tried(answers: Answers) -> str:
        return "".join(s.id for s in Choice(scenarios, seen, answers).of(change))

    assert tried(Answers(other={change.name: frozenset("bd")}, unknown=frozenset())) == "bd"
    assert not tried(Answers(other={}, unknown=frozenset()))
    assert tried(Answers(other={}, unknown=frozenset({change.name}))) == "abcdef"


def test_a_difference_is_seen_where_it_is(module: ModuleType) -> None:
    """Each call of a watched run is given to each change of the function, too."""
    made = changes(module)
    functions_there.cache_clear()
    differing = Differing(made)
    differing.watch()
    for number in (2, 3, -1):
        differing.begins(f"with {number}")

        assert module.within(number) is (number in {2, 3})

    found = {c.before: differing.found[c.name] for c in made if c.kind == "comparison"}
    assert found["number <= limit"] == {"with 3"}
    assert found["number is None"] == {"with 2", "with 3"}
    assert not found["number < 0"]


def test_what_needs_its_class_or_remembers_is_not_watched(module: ModuleType) -> None:
    """A method that calls `super()` is left as it is, and so is what has an answer already."""
    made = [c for c in changes(module) if c.function in {"Small.first", "most"}]
    functions_there.cache_clear()
    differing = Differing(made)
    differing.watch()

    assert module.Small().first(["b", "a", "_"]) == "a"
    assert not module.most(Entries(), 0)
    assert differing.unknown == {c.name for c in made}


def scenario(name: str) -> Scenario:
    """Make a scenario in which nothing happens."""
    return Scenario(
        id=name,
        title=name,
        chapter="",
        verifies=(),
        features=(),
        consequence="",
        given=Given(provider="openai", entries=()),
        upstream={},
        phases=(),
        path="",
        line=1,
    )


def trial(change: Alteration, killer: str | None, test: str | None = None) -> Trial:
    """Put a change into the library, and say what became of it."""
    path = Path("src/credpool/rules/sample.py")
    values = {
        f: getattr(change, f) for f in ("function", "line", "kind", "before", "after", "number")
    }
    return Trial(alteration=Alteration(path=path, **values), killer=killer, test=test)


def test_the_share_leaves_out_what_nobody_can_kill(module: ModuleType) -> None:
    """Equivalent changes are counted apart; what has no reason is open, and a test is no check."""
    made = changes(module)
    results = [(None, None), (None, None), (None, "reference_impl/tests/test_x.py::test_y")]
    results += [("a-check", None)] * (len(made) - 3)
    trials = [trial(c, *result) for c, result in zip(made, results, strict=True)]
    kept = record(trials, len(made) + 5, date(2026, 11, 27), "abc1234", {})
    names = [survivor["name"] for survivor in json.loads(kept)["survivors"]]

    shown = page(kept, {names[0]: Reason(word="equivalent", why="it says the same")})

    assert f"{len(made) - 3} are killed by a check and 1 more by a test" in shown
    assert f"{len(made)} of {len(made) + 5} changes so far" in shown
    assert "2 survive: 1 equivalent, 0 free, 0 unreachable, 1 open" in shown
    assert f"{(len(made) - 3) / (len(made) - 1):.1%} are killed by a check" in shown
    assert f"**{(len(made) - 2) / (len(made) - 1):.1%}**" in shown
    assert "| equivalent | it says the same |" in shown
    assert "| open |  |" in shown
    assert "`test_x.py::test_y`" in shown


def test_a_reason_has_one_of_the_words(tmp_path: Path) -> None:
    """A word of one's own would hide a missing check."""
    path = tmp_path / REASONS
    path.parent.mkdir(parents=True)
    path.write_text("- {of: [x], word: fine, why: it is}\n", encoding="utf-8")

    with pytest.raises(BadInputError, match="write one of: equivalent, free, unreachable"):
        reasons(tmp_path)
