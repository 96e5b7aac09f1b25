"""The simulation of hosts: what it counts can be counted by hand, and no host knows before it can."""

import json
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from credpool.simulate.events import Events
from credpool.simulate.hosts import Figures, Fleet, Site, quantiles, simulate_hosts
from credpool.simulate.hosts.costs import PATH, SIZES, Cost, Costs
from credpool.simulate.hosts.measures import Load
from credpool.simulate.hosts.server import Server
from credpool.simulate.hosts.shared import Change, Seen, Shared

ROOT = Path(__file__).parents[2]
FLEET = Fleet(hosts=20, refused=0.01, entries=3, seconds=10.0)
STORM = replace(FLEET, refused=0.0, storm_at=2.0, seconds=6.0)
QUIET = 1e-9
"""A rate at which nothing happens."""


def near(value: float) -> object:
    """Compare, with room for the rounding of sums."""
    return pytest.approx(value, rel=1e-9)


def told(figures: Figures) -> tuple[object, ...]:
    """Return all that a run says."""
    return figures.load, figures.requests, figures.blind, figures.late, figures.waited


@pytest.mark.parametrize("fleet", [FLEET, STORM], ids=["usual", "storm"])
def test_the_same_seed_gives_the_same_run(fleet: Fleet) -> None:
    """And another seed gives another one."""
    first, again, other = (simulate_hosts(fleet, seed=seed) for seed in (3, 3, 4))

    assert told(first) == told(again)
    assert told(first) != told(other)


def test_a_host_without_news_asks_for_the_number_and_nothing_else() -> None:
    """Once in each `poll`, however many requests it sends."""
    fleet = replace(FLEET, hosts=1, rate=50.0, refused=0.0, poll=0.5)

    figures = simulate_hosts(fleet)

    look, load = Costs(3).look, figures.load
    assert figures.requests > 400
    assert load.commands == 20
    assert (load.sent, load.answered) == (20 * look.sent, 20 * look.answered)
    assert load.busy == near(20 * look.seconds)
    assert (load.notices, figures.changes, figures.replays) == (0, 0, 0)


def test_a_change_is_read_written_and_read_twice() -> None:
    """Each change of a lonely host is four questions, and its own notice is one more with a request."""
    fleet = replace(FLEET, hosts=1, rate=20.0, refused=1.0, latency=0.01, poll=100.0, seconds=50.0)

    figures = simulate_hosts(fleet, seed=1)

    assert figures.changes > 500
    assert figures.load.notices == figures.told
    assert 4 * figures.changes < figures.load.commands <= 4 + 6 * figures.changes


def test_counts_alone_are_written_after_a_thousand_requests_and_told_nobody() -> None:
    """Other hosts read them when they ask for the number, and no row comes with them."""
    fleet = replace(FLEET, hosts=2, rate=100.0, refused=0.0, seconds=50.0)

    figures = simulate_hosts(fleet)

    assert figures.requests // 1000 - 2 <= figures.changes <= figures.requests // 1000 + 2
    assert (figures.load.notices, figures.replays) == (0, 0)


def test_counts_go_along_with_a_cooldown() -> None:
    """So a host that is refused more often than once in a thousand requests writes none by themselves."""
    fleet = replace(FLEET, hosts=1, rate=100.0, seconds=100.0)

    figures = simulate_hosts(fleet)

    assert figures.told > 50
    assert figures.changes - figures.told <= 1


def test_whoever_hears_notices_does_not_ask() -> None:
    """The number is asked for where there was no notice for as long as `poll`."""
    busy = replace(FLEET, refused=0.2, poll=0.2)

    asked, never = simulate_hosts(busy), simulate_hosts(replace(busy, poll=1e6))

    assert asked.load.notices > 20 * 300
    assert asked.load.commands < 1.03 * never.load.commands


def test_every_change_is_told_to_every_host_of_its_pool() -> None:
    """With several namespaces, to those of its own alone."""
    figures = simulate_hosts(FLEET)
    divided = simulate_hosts(replace(FLEET, namespaces=4))

    assert figures.changes > 10
    assert figures.load.notices == 20 * figures.told
    assert divided.load.notices == 5 * divided.told


def test_nobody_knows_before_a_message_can_have_come() -> None:
    """News take half a round trip at least, and each host but the one that made it is measured."""
    figures = simulate_hosts(replace(FLEET, site=Site(round_trip=0.1)))

    assert min(figures.late) >= 0.05
    assert 19 * figures.told - 19 <= len(figures.late) <= 19 * figures.told + 19


def test_a_storm_wastes_what_was_under_way_and_what_came_too_late() -> None:
    """Under way is what was sent until the first refusal was written, for about its latency."""
    figures = simulate_hosts(STORM)
    slow = simulate_hosts(replace(STORM, site=Site(round_trip=0.2)))

    expected = STORM.requests * STORM.latency
    assert figures.exhausted == 1
    assert 0.6 * expected < figures.under_way < 1.5 * expected
    assert figures.blind < 10
    assert slow.blind > 0.5 * STORM.requests * 0.1


def test_hosts_that_write_at_once_write_one_after_the_other() -> None:
    """The slower ones are refused and make their changes again; nothing is lost."""
    figures = simulate_hosts(replace(STORM, rate=100.0, latency=0.05))

    assert figures.replays > 0
    assert figures.lost == 0
    assert figures.last_out > STORM.storm_at


def test_a_server_that_is_too_slow_is_away() -> None:
    """What is answered too late, nobody waits for; changes are lost, and the queue grows."""
    figures = simulate_hosts(replace(STORM, site=Site(slower=2000.0)))

    assert figures.load.away > 0
    assert figures.lost > 0
    assert figures.load.longest > STORM.timeout


class Counted:
    """A server with its world, asked by hand."""

    def __init__(self, site: Site) -> None:
        self.events, self.load = Events(), Load(notice_seconds=0.001)
        fleet = replace(FLEET, site=site)
        self.server = Server(self.events, fleet, Random(0), self.load)  # noqa: S311  a simulation
        self.heard: list[tuple[str, float]] = []

    def ask(self, name: str, cost: Cost) -> None:
        """Ask something that costs so much."""
        note = self.note
        self.server.ask(cost.sent, lambda: (name, cost), note, lambda: note(f"{name}: away"))

    def note(self, name: str) -> None:
        """Note when an answer has come."""
        self.heard.append((name, self.events.now))


INSTANT = Site(round_trip=0.0, bytes_per_second=1000.0)


def test_answers_come_in_the_order_of_the_questions() -> None:
    """Each after the link, the work of those before it, and the link back."""
    world = Counted(INSTANT)

    for name in ("first", "second"):
        world.ask(name, Cost(1, 100.0, 200.0, 0.5))
    world.events.run(10.0)

    assert world.heard == [("first", near(0.1 + 0.5 + 0.2)), ("second", near(0.1 + 1.0 + 0.2))]
    assert world.load.longest == near(0.4)
    assert (world.load.commands, world.load.busy) == (2, 1.0)


def test_an_answer_that_takes_too_long_is_none() -> None:
    """Whoever has asked goes on when the time is over, and the server has worked all the same."""
    world = Counted(INSTANT)

    world.ask("slow", Cost(1, 0.0, 0.0, 3.0))
    world.events.run(10.0)

    assert world.heard == [("slow: away", 2.0)]
    assert (world.load.away, world.load.busy) == (1, 3.0)


def shared() -> Shared:
    """Return a pool on a server."""
    return Shared(Counted(Site()).server, Costs(100), most_rows=100, most_counts=60)


def change(based_on: int, *, rows: int = 1, counts: int = 0, token: object = "") -> Change:
    """Return a change that lets entries cool, or adds to counts."""
    return Change(
        by=None,
        token=token or object(),
        based_on=based_on,
        rows=rows,
        counts=counts,
        outs=rows,
        until=9.0 if rows else 0.0,
    )


def test_a_change_of_what_was_changed_meanwhile_is_refused() -> None:
    """Unless it only adds to counts; and one that is sent twice is made once."""
    pool = shared()

    made = [
        pool.write(sent, now=1.0)[0]
        for sent in (change(1, token="a"), change(1), change(1, rows=0, counts=1))
    ]
    again, _ = pool.write(change(1, token="a"), now=2.0)

    assert made == [True, False, True]
    assert again
    assert pool.seen == Seen(number=3, outs=1, until=9.0)


def test_a_reading_brings_the_rows_that_were_written_since() -> None:
    """Of counts alone it brings no rows; and never more than there are."""
    pool = shared()
    for _ in range(3):
        pool.write(change(pool.seen.number, rows=40, counts=0), now=1.0)
    pool.write(change(pool.seen.number, rows=0, counts=100), now=1.0)

    costs = pool.costs
    assert pool.read(1)[1] == costs.read(100, 60)
    assert pool.read(3)[1] == costs.read(40, 60)
    assert pool.read(4)[1] == costs.read(0, 60)
    assert costs.read(0, 60).answered < costs.read(100, 0).answered / 10


@pytest.mark.parametrize("size", SIZES)
def test_a_line_lies_near_what_was_measured(size: int) -> None:
    """Through none and all, and through one and all: what lies between is within a hundredth or so."""
    kept = json.loads((ROOT / PATH).read_text("utf-8"))["entries"][str(size)]
    costs = Costs(size)

    found = {
        "read nothing": costs.read(0, 0),
        "read a change of one entry": costs.read(1, 0),
        "read a change of all": costs.read(size, 0),
        "read counts of one entry": costs.read(0, 1),
        "read counts of all": costs.read(0, size),
        "write a change of one entry": costs.write(1, 0),
        "write a change of all": costs.write(size, 0),
        "write counts of one entry": costs.write(0, 1),
        "write counts of all": costs.write(0, size),
        "write refused": costs.refused(1, 0),
        "ask for the number": costs.look,
        "connect": costs.connect,
    }
    for name, cost in found.items():
        assert cost.sent == pytest.approx(kept[name]["in"], rel=0.01), name
        assert cost.answered == pytest.approx(kept[name]["out"], rel=0.04), name
        assert cost.commands == sum(kept[name]["commands"].values()), name


def test_quantiles_are_of_the_values() -> None:
    """And nothing has zeros."""
    assert quantiles([3.0, 1.0, 2.0], (0.0, 0.5, 1.0)) == [1.0, 2.0, 3.0]
    assert quantiles([], (0.5, 1.0)) == [0.0, 0.0]
