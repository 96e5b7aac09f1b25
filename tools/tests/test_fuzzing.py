"""A bug that is planted in the reference is found by random histories, and shrunk to a short one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from credpool_conformance.data import find
from credpool_conformance.fuzzing.fuzz import Found, Fuzz, opened
from credpool_conformance.fuzzing.ground import Ground
from credpool_conformance.fuzzing.history import History
from credpool_conformance.fuzzing.side import Play, Side
from credpool_conformance.specification import registry as registries
from tools.mutants import mutant_files
from tools.mutants.mutant import Change
from tools.mutants.patching import TESTEE, load_testee, patched

REPOSITORY: Final = Path(__file__).parents[2]
REFERENCE: Final = REPOSITORY / "conformance" / "testees" / "reference.py"
MUTANTS: Final = REPOSITORY / "conformance" / "mutants"

# a testee drops its folder with its pool
pytestmark = pytest.mark.filterwarnings("ignore:Implicitly cleaning up:ResourceWarning")


class Broken(Side):
    """The reference with a change, for as long as it plays."""

    change: type[Change]

    @contextmanager
    def playing(self, history: History, ground: Ground) -> Iterator[Play]:
        """Play with the change made."""
        with patched(self.change.patches()), super().playing(history, ground) as play:
            yield play


@pytest.fixture(scope="module")
def pair() -> Iterator[Fuzz]:
    """Play the reference against a reference that can be broken."""
    load_testee(REFERENCE)
    testee, registry = f"{TESTEE}:Testee", registries.load(find())
    with opened(testee, testee, registry, in_process=True, timeout=20.0) as two:
        two.another.__class__ = Broken
        yield two


@pytest.mark.parametrize(
    ("name", "seed", "steps", "aspect"),
    [
        pytest.param("RotatesAtOnce", "1-0", 1, "wire", id="a 429 that is not retried"),
        pytest.param("EndsCooldownsLate", "1-9", 3, "wire", id="a cooldown that ends late"),
        pytest.param("NeverProbes", "1-5", 2, "wire", id="an entry that is never probed"),
        pytest.param("CountsCallsNotRequests", "1-0", 1, "counts", id="a count of calls"),
    ],
)
def test_a_planted_bug_is_found_and_shrunk(
    pair: Fuzz, name: str, seed: str, steps: int, aspect: str
) -> None:
    """The history that is left has no more steps than the bug needs."""
    broken = pair.another
    assert isinstance(broken, Broken)
    broken.change = mutant_files.read(MUTANTS).mutants[name]

    found = pair.difference(seed)

    assert isinstance(found, Found)
    assert len(found.played.history.phases) <= steps
    assert aspect in found.difference.aspects
