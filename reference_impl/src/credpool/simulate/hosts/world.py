"""A run: a fleet, its server and its pools, in virtual time; the same seed, the same run."""

from random import Random

from credpool.simulate.events import Events
from credpool.simulate.hosts.costs import Costs
from credpool.simulate.hosts.fleet import Fleet
from credpool.simulate.hosts.host import Host
from credpool.simulate.hosts.measures import Figures, Load
from credpool.simulate.hosts.server import Server
from credpool.simulate.hosts.shared import Setup, Shared


def simulate_hosts(fleet: Fleet, *, seed: int = 0) -> Figures:
    """Let a fleet work for its time; nothing is sent anywhere."""
    events, costs = Events(), Costs(fleet.entries, fleet.site.slower)
    figures = Figures(fleet.seconds, Load(costs.notice_seconds))
    server = Server(events, fleet, Random(f"{seed}-server"), figures.load)  # noqa: S311
    rows = fleet.entries if fleet.storm_at is None else fleet.storm_entries
    pools = [Shared(server, costs, rows, fleet.spread) for _ in range(fleet.namespaces)]
    for n in range(fleet.hosts):
        setup = Setup(events, server, pools[n % len(pools)], fleet, figures)
        Host(setup, Random(f"{seed}-{n}")).begin()  # noqa: S311  a simulation
    events.run(fleet.seconds)
    if fleet.storm_at is not None:
        figures.exhausted = len(pools)
    return figures
