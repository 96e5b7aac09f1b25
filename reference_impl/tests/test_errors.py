"""Every error the library raises."""

import pytest

from credpool.model import errors
from credpool.model.errors import (
    BadInput,
    CredpoolError,
    PoolExhausted,
    StoreError,
    StoreTooNew,
    StoreUnreadable,
    StoreUnwritable,
    UnknownEntry,
    UnknownProvider,
    UnknownStrategy,
    WrongOrigin,
)
from credpool.model.exhaustion import Exhaustion


def test_the_tree_is_the_one_that_is_drawn() -> None:
    """The module's drawing names every class, below the one it can be caught as."""
    drawn = errors.__doc__ or ""
    found = {
        name: kind
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, CredpoolError)
    }

    assert all(f" {name}" in drawn for name in found)
    assert {n for n, k in found.items() if issubclass(k, BadInput)} == {
        "BadInput",
        "UnknownStrategy",
        "UnknownProvider",
        "UnknownEntry",
        "AmbiguousTarget",
        "UnusableSecret",
        "DuplicateSecret",
        "UnusableLabel",
        "BadConfig",
        "BadPolicy",
    }
    assert {n for n, k in found.items() if issubclass(k, StoreError)} == {
        "StoreError",
        "StoreUnreadable",
        "StoreTooNew",
        "StoreUnwritable",
    }


@pytest.mark.parametrize("returns_at", [None, 1795392060.0])
def test_an_exhausted_pool_says_when_it_returns(returns_at: float | None) -> None:
    """The error carries the exhaustion, and its moment at hand."""
    exhaustion = Exhaustion(returns_at=returns_at, entries=())

    error = PoolExhausted(exhaustion, "nobody is available")

    assert (error.exhaustion, error.returns_at) == (exhaustion, returns_at)
    assert str(error) == "nobody is available"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        pytest.param(
            WrongOrigin("https://b:443", "https://a:443"),
            [
                "goes to https://b:443",
                "belong to https://a:443",
                "base_url='https://b:443'",
            ],
            id="the wrong origin",
        ),
        pytest.param(
            UnknownStrategy("fifo", ["fill_first", "random"]),
            ["'fifo'", "choose one of fill_first, random"],
            id="an unknown strategy",
        ),
        pytest.param(
            UnknownProvider("x", ["b", "a"]),
            ["'x'", "known are a, b", "use 'generic' with a base_url"],
            id="an unknown provider",
        ),
        pytest.param(UnknownEntry("x", ["b", "a"]), ["'x'", "there are b, a"], id="no such entry"),
        pytest.param(UnknownEntry("x", []), ["there are none"], id="no entry at all"),
        pytest.param(
            StoreUnreadable("auth.json", "is not JSON", "correct it"),
            ["auth.json: is not JSON", "nothing was changed", "correct it"],
            id="an unreadable store",
        ),
        pytest.param(
            StoreTooNew("auth.json", "is version 2", "upgrade"), ["upgrade"], id="too new"
        ),
        pytest.param(
            StoreUnwritable("auth.json", "is full", "make room"), ["make room"], id="full"
        ),
    ],
)
def test_an_error_says_what_and_what_to_do(error: CredpoolError, told: list[str]) -> None:
    """Each message names what is wrong, where, and the next step."""
    assert all(part in str(error) for part in told)


def test_the_evidence_is_at_hand() -> None:
    """What a message is about can be read without taking the message apart."""
    assert UnknownEntry("x", []).target == "x"
    assert UnknownProvider("x", []).name == "x"
    assert StoreTooNew("auth.json", "w", "m").where == "auth.json"
