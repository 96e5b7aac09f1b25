"""Draw at random, the same each time for one seed."""

import random
from collections.abc import Mapping, Sequence
from typing import TypeVar

Item = TypeVar("Item")


class Chances:
    """The dice of one history."""

    def __init__(self, seed: str) -> None:
        """Begin with a seed."""
        self._random = random.Random(seed)  # noqa: S311 (a test, which has to be repeatable)

    def happens(self, probability: float) -> bool:
        """Tell whether something happens."""
        return self._random.random() < probability

    def one(self, of: Sequence[Item]) -> Item:
        """Draw one."""
        return self._random.choice(of)

    def some(self, of: Sequence[Item], most: int) -> list[Item]:
        """Draw up to so many different ones, in their order."""
        wanted = self._random.sample(range(len(of)), min(len(of), self.number(0, most)))
        return [of[place] for place in sorted(wanted)]

    def number(self, least: int, most: int) -> int:
        """Draw a whole number, both ends included."""
        return self._random.randint(least, most)

    def weighted(self, of: Mapping[Item, float]) -> Item:
        """Draw one, each as often as its weight says."""
        return self._random.choices([*of], [*of.values()])[0]
