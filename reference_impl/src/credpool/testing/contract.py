"""The contract of every store: subclass it in a test module, and say how to make one."""

from collections.abc import Callable
from dataclasses import replace
from threading import Thread
from types import MappingProxyType

from credpool.model.entry import Claim, Cooldown, Entry
from credpool.model.secret import Secret
from credpool.model.state import PoolState
from credpool.model.terms import FOREVER, AuthType, EntryId, FailureClass
from credpool.pool import Store
from credpool.stores.latest import latest

_FULL = Entry(
    id=EntryId("full"),
    secret=Secret("sk-made-up-access"),
    label="someone@example.com",
    auth_type=AuthType.OAUTH,
    source="manual:device_code",
    priority=3,
    base_url="https://api.example.com/v1",
    owner="organisation-1",
    refresh_token=Secret("made-up-refresh"),
    token_url="https://auth.example.com/token",
    expires_at=1_790_000_000.25,
    request_count=7,
    cooldown=Cooldown(
        failure=FailureClass.USAGE_LIMITED,
        since=1_789_999_000.5,
        until=1_790_003_600.0,
        code=429,
        reason="usage_limit_reached",
        message="The usage limit has been reached",
    ),
    models=MappingProxyType(
        {
            "gpt-5": Cooldown(
                failure=FailureClass.NOT_ENTITLED, since=1_789_999_000.0, until=1_790_085_400.0
            )
        }
    ),
    marked=True,
    probed_at=1_789_999_500.0,
    claim=Claim(holder="process-1", until=1_790_000_060.0),
    refresh_failed_at=1_789_999_800.5,
    login_ends_at=1_792_000_000.25,
    extra=MappingProxyType({"scope": "openid", "tls": {"verify": True}, "seats": [1, None]}),
)


class StoreContract:
    """The contract of every store. Subclass it in a test module and say how to make one."""

    def new_store(self, entries: tuple[Entry, ...]) -> Store:
        """Return a new store that holds these entries."""
        raise NotImplementedError

    def reopen(self, store: Store) -> Store:
        """Return another store on what that one keeps; itself when nothing can be shared."""
        return store

    def test_holds_what_it_was_given(self) -> None:
        """A new store loads the entries it was made with, in their order."""
        store = self.new_store((sample("b"), sample("a")))

        assert [e.id for e in store.load().entries] == ["b", "a"]

    def test_keeps_every_field(self) -> None:
        """Every field of an entry is the same when another store reads it."""
        store = self.new_store((_FULL,))

        assert self.reopen(store).load().entries == (_FULL,)

    def test_keeps_a_dead_entry_dead(self) -> None:
        """An entry that is out for ever is still so when another store reads it."""
        dead = sample("a", until=FOREVER)
        store = self.new_store((dead,))

        assert self.reopen(store).load().entries == (dead,)

    def test_update_returns_what_load_reads(self) -> None:
        """The pool that `update` returns is the one that is read afterwards, by anyone."""
        store = self.new_store((sample("a"), sample("b")))

        updated = store.update(counted("a"))

        assert updated.entries[0].request_count == 1
        assert store.load() == updated
        assert self.reopen(store).load() == updated

    def test_unchanged_entries_stay_the_same_objects(self) -> None:
        """An update leaves the entries it did not change as they are, so indexes can follow."""
        store = self.new_store((sample("a"), sample("b")))
        before = store.load()

        after = store.update(counted("a"))

        assert after.entries[1] is before.entries[1]

    def test_adds_and_removes(self) -> None:
        """Entries can be added and removed by an update."""
        store = self.new_store((sample("a"), sample("b")))

        store.update(lambda s: replace(s, entries=(*s.entries[1:], sample("c"))))

        assert [e.id for e in self.reopen(store).load().entries] == ["b", "c"]

    def test_an_equal_pool_is_not_written(self) -> None:
        """A change that returns the pool, or an equal one, writes nothing."""
        store = self.new_store((_FULL,))
        before = store.stamp()

        store.update(lambda s: s)
        store.update(lambda s: replace(s, entries=(replace(_FULL),)))

        assert store.stamp() == before

    def test_reading_writes_nothing(self) -> None:
        """Loading and asking for the stamp leave the stamp as it is."""
        store = self.new_store((sample("a"),))
        before = store.stamp()

        store.load()
        self.reopen(store).load()

        assert store.stamp() == before

    def test_the_stamp_tells_of_another_writer(self) -> None:
        """The stamp differs after each write by another store, however quick they are."""
        store = self.new_store((sample("a"),))
        other = self.reopen(store)

        stamps = [store.stamp()]
        for _ in range(5):
            other.update(counted("a"))
            stamps.append(store.stamp())

        assert all(stamp not in stamps[:n] for n, stamp in enumerate(stamps))

    def test_the_stamp_that_is_read_goes_with_the_pool(self) -> None:
        """A store that reads both in one gives what it would give one by one, and what another wrote."""
        store = self.new_store((sample("a"),))
        self.reopen(store).update(counted("a"))

        stamp, state = latest(store)

        assert (stamp, state) == (store.stamp(), store.load())
        assert state.entries[0].request_count == 1

    def test_a_change_sees_what_another_wrote(self) -> None:
        """An update starts from the pool as it is now, so no other update is lost."""
        store = self.new_store((sample("a"),))
        other = self.reopen(store)

        for writer in (store, other, other, store):
            writer.update(counted("a"))

        assert store.load().entries[0].request_count == 4
        assert other.load().entries[0].request_count == 4

    def test_a_failing_change_leaves_the_pool(self) -> None:
        """An error in the change reaches the caller, and the store goes on as before."""
        store = self.new_store((sample("a"),))
        before = store.load()

        raised = False
        try:
            store.update(_fail)
        except ZeroDivisionError:
            raised = True

        assert raised
        assert store.load() == before
        assert store.update(counted("a")).entries[0].request_count == 1

    def test_threads_lose_nothing(self) -> None:
        """Updates by many threads, over two stores, are all kept."""
        store = self.new_store((sample("a"),))
        stores = (store, self.reopen(store))

        def work(writer: Store) -> None:
            for _ in range(10):
                writer.update(counted("a"))

        threads = [Thread(target=work, args=(stores[n % 2],)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert store.load().entries[0].request_count == 40


def sample(name: str, *, until: float | None = None) -> Entry:
    """Return an entry of that name, which is out if there is an end to that."""
    out = until and Cooldown(failure=FailureClass.AUTH_REVOKED, since=1000.0, until=until)
    return Entry(id=EntryId(name), secret=Secret(f"sk-made-up-{name}"), cooldown=out or None)


def counted(name: str, times: int = 1) -> Callable[[PoolState], PoolState]:
    """Return the change that counts requests of an entry."""

    def change(state: PoolState) -> PoolState:
        found = next(e for e in state.entries if e.id == name)
        more = replace(found, request_count=found.request_count + times)
        return state.change({found.id: more})

    return change


def _fail(state: PoolState) -> PoolState:
    return replace(state, entries=state.entries[: 1 // 0])
