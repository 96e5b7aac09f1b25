"""Hosts that share one pool in Redis, simulated: what the server sees, and how late each host knows.

The steps are the store's, their bytes are measured; requests, the network and the server are simulated.
It says nothing about which entry is best: that is the other simulation's.
"""

from credpool.simulate.hosts.fleet import Fleet, Site
from credpool.simulate.hosts.measures import Figures, quantiles
from credpool.simulate.hosts.world import simulate_hosts

__all__ = ["Figures", "Fleet", "Site", "quantiles", "simulate_hosts"]
