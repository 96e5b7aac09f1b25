"""The published workloads: plans and keys with limits as providers document them.

Anthropic documents that keys have token buckets that refill continuously, in which cached tokens do
not count, and that plans have windows of five hours and of a week. It documents no size of a plan's
windows: theirs are made up, and a week is ten times five hours.
"""

from dataclasses import replace
from typing import Final

from credpool.simulate.workload import HOUR, WEEK, Agents, Plan, Workload

_CODING: Final = Agents(
    count=5, think=20, pause=600, calls=30, prompt=12_000, fresh=1_500, output=400
)
_CHAT: Final = Agents(
    count=200, think=30, pause=300, calls=8, prompt=1_500, fresh=200, output=300, context=50_000
)
_FLEET: Final = replace(_CHAT, count=10_000, think=300, pause=3600, calls=10, prompt=2_000)


def _staggered(size: float) -> list[Plan]:
    """Return four plans whose weeks began on different days, and are used up in part."""
    return [
        Plan(
            owner=f"plan-{n}",
            windows=[("5h", size / 10, 5 * HOUR), ("7d", size, WEEK)],
            begun=[(0, 0), (size * n / 5, WEEK * (n + 1) / 5)],
        )
        for n in range(4)
    ]


WORKLOADS: Final = (
    Workload(
        name="plans",
        title="Coding agents on four plans with windows of five hours and of a week",
        agents=_CODING,
        plans=_staggered(100e6),
        seconds=2 * WEEK,
    ),
    Workload(
        name="plans-over",
        title="The same plans, with agents that ask for more than they have",
        agents=replace(_CODING, count=6),
        plans=_staggered(100e6),
        seconds=2 * WEEK,
    ),
    Workload(
        name="keys",
        title="Chats on three API keys, each with its tokens per minute",
        agents=_CHAT,
        plans=[
            Plan(owner=f"org-{n}", buckets=[("tokens", 60_000, 60)], per_million=3.0)
            for n in range(3)
        ],
        seconds=2 * HOUR,
        cached=0.0,
    ),
    Workload(
        name="one-owner",
        title="Chats on four API keys of one organisation, and one of another",
        agents=_CHAT,
        plans=[
            Plan(owner="big", keys=4, buckets=[("tokens", 120_000, 60)], per_million=3.0),
            Plan(owner="small", buckets=[("tokens", 60_000, 60)], per_million=3.0),
        ],
        seconds=2 * HOUR,
        cached=0.0,
    ),
    Workload(
        name="reserve",
        title="Coding agents on two plans, with a key by the token behind them",
        agents=replace(_CODING, count=8),
        plans=[
            *_staggered(100e6)[:2],
            Plan(owner="paid", per_million=3.0, buckets=[("tokens", 2e6, 60)]),
        ],
        seconds=WEEK,
    ),
    Workload(
        name="fleet",
        title="Ten thousand agents on forty keys with tokens per minute and calls at once",
        agents=_FLEET,
        plans=[
            Plan(
                owner=f"org-{n}",
                buckets=[("tokens", 400_000, 60)],
                most_at_once=50,
                per_million=3.0,
            )
            for n in range(40)
        ],
        seconds=2 * HOUR,
        cached=0.0,
    ),
)
