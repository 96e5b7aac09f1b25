"""The optional parts of a store besides `load`, `update` and `stamp`."""

from typing import Protocol

from credpool.model.state import PoolState


class _Read(Protocol):
    def load(self) -> PoolState: ...
    def stamp(self) -> object: ...


def latest(store: _Read) -> tuple[object, PoolState]:
    """Return the stamp and the pool; a store without `read` is asked for the stamp first.

    What is written between the two is then in the pool, and looks new once more.
    """
    read = getattr(store, "read", None)
    if read is None:
        return store.stamp(), store.load()
    found: tuple[object, PoolState] = read()
    return found


def check_writable(store: object) -> None:
    """Refuse a change that must outlive the process, where a store could not keep it.

    Raises:
        StoreUnwritable: the store keeps what is learnt in memory only.
    """
    check = getattr(store, "check_writable", None)
    if check is not None:
        check()
