"""Choose some of the scenarios: by their id, requirement, chapter or provider.

Several values of one option widen the choice, several options narrow it.
"""

import shlex
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from credpool_conformance.scenarios.scenario import Scenario
from credpool_conformance.specification.requirements import Requirements


class NothingSelectedError(Exception):
    """A choice that no scenario fits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The selection; each word is an id or a glob."""

    ids: Sequence[str] = ()
    requirements: Sequence[str] = ()
    chapters: Sequence[str] = ()
    providers: Sequence[str] = ()

    @property
    def words(self) -> str | None:
        """Write it as on the command line; nothing, if all is asked for."""
        options = {
            "--filter": self.ids,
            "--requirement": self.requirements,
            "--chapter": self.chapters,
            "--provider": self.providers,
        }
        said = [word for option, values in options.items() for v in values for word in (option, v)]
        return shlex.join(said) or None

    def of(self, scenarios: Sequence[Scenario], known: Requirements) -> Sequence[Scenario]:
        """Find the scenarios that fit.

        Raises: NothingSelectedError when there is none, with the option that leaves none.
        """
        for option, patterns, names in self._options(known):
            if patterns:
                there = sorted({name for scenario in scenarios for name in names(scenario)})
                scenarios = [s for s in scenarios if _fits(names(s), patterns)]
                if not scenarios:
                    raise NothingSelectedError(_nothing(option, patterns, there))
        return scenarios

    def _options(
        self, known: Requirements
    ) -> Iterator[tuple[str, Sequence[str], Callable[[Scenario], Collection[str]]]]:
        yield "--filter", self.ids, lambda scenario: [scenario.id]
        cited = [pattern.partition("+")[0] for pattern in self.requirements]
        yield "--requirement", cited, _verified
        yield "--chapter", self.chapters, lambda scenario: _chapters(scenario, known)
        yield "--provider", self.providers, lambda scenario: [scenario.given.provider]


def _fits(names: Collection[str], patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)


def _verified(scenario: Scenario) -> Collection[str]:
    return [reference.partition("+")[0] for reference in scenario.verifies]


def _chapters(scenario: Scenario, known: Requirements) -> Collection[str]:
    """Name the scenarios' own chapter, and those of the specification that it verifies."""
    stated = (known.known.get(id_) for id_ in _verified(scenario))
    return {scenario.chapter, *(found.chapter.removesuffix(".md") for found in stated if found)}


def _nothing(option: str, patterns: Sequence[str], there: Sequence[str]) -> str:
    asked = " ".join(f"{option} {pattern!r}" for pattern in patterns)
    many = option in ("--filter", "--requirement")
    near = (
        "; see `list` for the ids" if many else f"; write one of: {', '.join(filter(None, there))}"
    )
    return f"{asked} selects nothing{near}"
