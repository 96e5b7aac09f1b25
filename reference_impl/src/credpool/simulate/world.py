"""The events of a simulation: agents begin calls, the pool chooses, the provider answers.

Each call is the library's own `ActiveCall`; only the HTTP client, the clock and the provider are
simulated.
"""

from functools import partial
from random import Random
from typing import Final

from credpool._calls.call import ActiveCall, ToDecide
from credpool.clock import Why
from credpool.model.entry import Entry
from credpool.model.messages import Action, Deliver, GiveUp, Send, Wait
from credpool.model.policy import Policy, Strategy
from credpool.model.secret import Secret
from credpool.model.state import PoolState
from credpool.model.terms import EntryId
from credpool.pool import Pool, engine_of
from credpool.providers.reply import Reply
from credpool.simulate.account import PROVIDER, Account
from credpool.simulate.agent import ROUND_TRIP, Agent
from credpool.simulate.events import Events
from credpool.simulate.measures import Measures
from credpool.simulate.workload import Plan, Workload
from credpool.stores.memory import MemoryStore

EPOCH: Final = 1_800_000_000.0
_AGAIN: Final = 60.0
"""Seconds until a caller asks again to whom the pool has named no moment."""
_SPREAD: Final = 1.0
"""Seconds over which the callers spread that wait for one moment."""
_CACHED_PRICE: Final = 0.1
_OUTPUT_PRICE: Final = 5.0
"""The price of a cached and of an output token, in those of an input token."""


class SimulatedClock:
    """The simulation's time; nobody sleeps by it, for waits are events."""

    def __init__(self, events: Events) -> None:
        self._events = events

    def now(self) -> float:
        """Return the time, in seconds since the epoch."""
        return EPOCH + self._events.now

    def sleep(self, _until: float, _why: Why, /) -> None:
        """Refuse: a wait is an event of the simulation."""
        raise NotImplementedError

    async def sleep_async(self, _until: float, _why: Why, /) -> None:
        """Refuse: a wait is an event of the simulation."""
        raise NotImplementedError


class World:
    """One run over one workload."""

    def __init__(self, workload: Workload, pool: Pool, events: Events, seed: int) -> None:
        self.measures = Measures()
        self._workload = workload
        self._engine = engine_of(pool)
        self._events = events
        self._seed = seed
        self._spread = Random(seed)  # noqa: S311  a simulation
        self._sessions = 0
        accounts = [Account(p, EPOCH, workload.cache_seconds) for p in workload.plans]
        entries = iter(pool.state.entries)
        self._accounts = {next(entries).id: a for a in accounts for _ in range(a.plan.keys)}

    def run(self) -> Measures:
        """Let the workload's time pass."""
        for n in range(self._workload.agents.count):
            agent = Agent.number(n, self._workload, self._seed)
            self._events.at(agent.since, partial(self._converse, agent))
        self._events.run(self._workload.seconds)
        for account in dict.fromkeys(self._accounts.values()):
            account.account(self.measures)
        return self.measures

    def _converse(self, agent: Agent) -> None:
        self._sessions += 1
        agent.converse(self._sessions)
        self._ask(agent)

    def _ask(self, agent: Agent) -> None:
        agent.ask()
        agent.since = self._events.now
        self.measures.calls += 1
        self._try(agent)

    def _try(self, agent: Agent) -> None:
        active = ActiveCall(self._engine, lambda: None, str(agent.session))
        self._perform(active, agent, active.start())

    def _perform(self, active: ActiveCall, agent: Agent, action: Action | ToDecide) -> None:
        match active.settle(action):
            case Send(entry):
                self._send(active, agent, entry)
            case Wait(entry, until):
                self._events.at(until - EPOCH, partial(self._resume, active, agent, entry))
            case Deliver() | GiveUp() as end:
                self._later(active, agent, end)
            case other:
                raise AssertionError(f"{other}: no simulated login ends")

    def _resume(self, active: ActiveCall, agent: Agent, entry: Entry) -> None:
        self._perform(active, agent, active.resumed(entry))

    def _send(self, active: ActiveCall, agent: Agent, entry: Entry) -> None:
        now, account = self._events.now, self._accounts[entry.id]
        active.sending(entry)
        self.measures.requests += 1
        warm = account.is_warm(agent.session, now)
        known = agent.prefix * (self._workload.cached if warm else 1.0)
        agent.charge = known + agent.fresh + agent.output
        refusal = account.begin(agent.session, agent.charge, now)
        if refusal is None:
            done = partial(self._served, active, agent, entry, warm=warm)
            self._events.at(now + agent.takes, done)
        else:
            self._events.at(now + ROUND_TRIP, lambda: self._refused(active, agent, entry, refusal))

    def _refused(self, active: ActiveCall, agent: Agent, entry: Entry, refusal: Reply) -> None:
        failed = active.failed(entry, refusal)
        self.measures.refused[failed.verdict.failure] += 1
        self._perform(active, agent, failed)

    def _served(self, active: ActiveCall, agent: Agent, entry: Entry, *, warm: bool) -> None:
        now, account = self._events.now, self._accounts[entry.id]
        account.end(agent.session, agent.charge, now)
        proven = active.succeeded(entry, account.headers(now))
        if proven is not None:
            active.settle(proven)
        _end(active)
        self._measure(agent, account.plan, warm=warm)
        pause = agent.answered()
        if not agent.left:
            account.forget(agent.session)
        self._events.at(now + pause, partial(self._ask if agent.left else self._converse, agent))

    def _measure(self, agent: Agent, plan: Plan, *, warm: bool) -> None:
        measures = self.measures
        measures.answered += 1
        measures.waits.append(max(self._events.now - agent.since - agent.takes, 0.0))
        measures.work += agent.work(self._workload.cached)
        measures.cold += 0.0 if warm else agent.prefix
        measures.by_owner[plan.owner] += 1
        if plan.per_million is not None:
            read = agent.prefix * (_CACHED_PRICE if warm else 1.0) + agent.fresh
            paid = read + agent.output * _OUTPUT_PRICE
            measures.money += paid * plan.per_million / 1e6

    def _later(self, active: ActiveCall, agent: Agent, end: Deliver | GiveUp) -> None:
        """Let the caller ask again when the pool says that an entry returns."""
        _end(active)
        returns = end.exhaustion.returns_at if end.exhaustion is not None else None
        moment = returns - EPOCH if returns is not None else self._events.now + _AGAIN
        self._events.at(moment + self._spread.uniform(0, _SPREAD), lambda: self._try(agent))


def _end(active: ActiveCall) -> None:
    if active.lease is not None:
        active.lease.end()


def simulate(
    workload: Workload,
    *,
    strategy: Strategy = Strategy.FILL_FIRST,
    policy: Policy | None = None,
    seed: int = 0,
) -> Measures:
    """Run one workload with a pool that goes by this strategy and policy; the same seed, the same run."""
    random, events = Random(seed), Events()  # noqa: S311  a simulation
    entries = [
        Entry(
            id=EntryId(f"{plan.owner}-{n}"),
            label=f"{plan.owner}-{n}",
            secret=Secret(f"simulated-{plan.owner}-{n}"),
            auth_type=plan.auth_type,
            payer=plan.payer,
            priority=place,
        )
        for place, plan in enumerate(workload.plans)
        for n in range(plan.keys)
    ]
    state = PoolState(
        key=PROVIDER,
        provider=PROVIDER,
        entries=tuple(entries),
        strategy=strategy,
        policy=policy or Policy(),
    )
    pool = Pool(MemoryStore(state), clock=SimulatedClock(events), dice=random.random)
    return World(workload, pool, events, seed).run()
