"""Keep what a check shows, phase by phase, while it is played."""

from dataclasses import dataclass

from credpool_conformance.provider.requests import Seen
from credpool_conformance.scenarios.scenario import Phase
from credpool_conformance.testee.observed import Observed
from credpool_conformance.testee.setup import Setup


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A phase: what it made visible, and which requests have their reply at its end."""

    phase: Phase
    seen: Observed
    late: tuple[Seen, ...]
    unanswered: tuple[Seen, ...]


class Recorder:
    """Watches one check after the other."""

    def __init__(self) -> None:
        """Begin without a check."""
        self.setup: Setup | None = None
        self.moments: list[Moment] = []
        self._held: list[Seen] = []

    def __call__(self, setup: Setup, phase: Phase, seen: Observed) -> None:
        """Keep a phase; that of another check begins a new record."""
        if setup is not self.setup:
            self.setup, self.moments, self._held = setup, [], []
        late = tuple(item for item in self._held if item.sent is not None)
        unanswered = tuple(item for item in seen.wire if item.sent is None)
        self._held = [*(item for item in self._held if item.sent is None), *unanswered]
        self.moments.append(Moment(phase=phase, seen=seen, late=late, unanswered=unanswered))
