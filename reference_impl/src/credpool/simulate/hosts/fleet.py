"""A fleet of hosts, and the site that they share. Values only."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A server with one thread, and the network before it."""

    round_trip: float = 0.0005
    """Seconds, within a data centre."""
    bytes_per_second: float = 125e6
    """Each way: a gigabit link."""
    slower: float = 1.0
    """How many times slower the server and the hosts are than those that were measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Hosts that all behave alike; a host is one process with a pool of its own."""

    hosts: int
    rate: float = 10.0
    """Requests a second of each host."""
    refused: float = 0.001
    """The part of the requests whose refusal lets an entry cool down."""
    entries: int = 100
    spread: int = 1
    """Over how many entries a host spreads its requests: one with `fill_first`, else all."""
    quotas: bool = False
    """Whether replies tell what is left of a quota: it is kept for people, once a minute."""
    storm_at: float | None = None
    """When a shared owner's limit is reached: every request on its entries is refused from then."""
    storm_entries: int = 1
    """The entries of that owner."""
    seconds: float = 20.0
    latency: float = 0.3
    """Seconds until a refusal has come."""
    poll: float = 1.0
    timeout: float = 2.0
    namespaces: int = 1
    """Into how many pools on the same server the hosts are divided."""
    site: Site = field(default_factory=Site)

    @property
    def requests(self) -> float:
        """The requests a second of all hosts."""
        return self.hosts * self.rate
