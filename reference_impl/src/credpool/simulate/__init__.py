"""A discrete-event simulation of a pool at work: the real rules, in virtual time. Nothing is sent."""

from credpool.simulate.measures import Bound, Measures, bound
from credpool.simulate.reading import read_workload, workload_of
from credpool.simulate.workload import Agents, Plan, Workload
from credpool.simulate.workloads import WORKLOADS
from credpool.simulate.world import simulate

__all__ = [
    "WORKLOADS",
    "Agents",
    "Bound",
    "Measures",
    "Plan",
    "Workload",
    "bound",
    "read_workload",
    "simulate",
    "workload_of",
]
