"""What is given wrongly is refused where it is given, by name, without being shown."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest

import credpool.httpx
import credpool.httpx2
from credpool import Pool, open_pool
from credpool.errors import BadInput
from credpool.seed import Surroundings
from credpool.stores import MemoryStore
from credpool.testing import FakeClock

SECRET = "sk-made-up-0123456789"
NOWHERE = Surroundings(environ={})
Wrong = Any


def opened(keys: Wrong, folder: Path) -> Pool:
    """Open the pool of a file."""
    return Pool.open("openai", keys=keys, path=folder / "auth.json", clock=FakeClock())


def from_keys(keys: Wrong, _: Path) -> Pool:
    """Open a pool in memory."""
    return Pool.from_keys("openai", keys)


@pytest.mark.parametrize("open_with", [opened, from_keys])
@pytest.mark.parametrize(
    ("keys", "told"),
    [
        pytest.param(SECRET, "the keys are not a list, but of type str", id="one text"),
        pytest.param("", "the keys are not a list, but of type str", id="no text"),
        pytest.param(None, "the keys are not a list, but of type NoneType", id="nothing"),
        pytest.param({SECRET: 1}, "the keys are not a list, but of type dict", id="a mapping"),
        pytest.param(5, "the keys are not a list, but of type int", id="a number"),
        pytest.param([None], "key 1 is not text, but of type NoneType", id="nothing in a list"),
        pytest.param([b"sk"], "key 1 is not text, but of type bytes", id="bytes"),
        pytest.param([SECRET, ""], "key 2 is empty", id="an empty text"),
        pytest.param([SECRET, "sk\nx"], "key 2 has a line break in it", id="a line break"),
        pytest.param([SECRET, "sk-..."], "key 2 is a placeholder", id="a placeholder"),
    ],
)
def test_keys_are_refused_at_every_door(
    open_with: Callable[[Wrong, Path], Pool], keys: Wrong, told: str, tmp_path: Path
) -> None:
    """A key is told by its place; neither door takes what the other refuses."""
    with pytest.raises(BadInput, match=told) as raised:
        open_with(keys, tmp_path)

    assert SECRET not in str(raised.value)


def doors() -> Iterator[Wrong]:
    """Yield each way to give a pool or a client a wrong part, and what is told."""
    pool = Pool.from_keys("openai", [SECRET])
    state = pool.state

    def case(name: str, give: Callable[[], object], told: str) -> Wrong:
        return pytest.param(give, told, id=name)

    for wrong in (None, SECRET, [pool], Pool):
        kind = type(wrong).__name__
        for module in (credpool.httpx, credpool.httpx2):
            auth: Wrong = module.PoolAuth
            told = f"this is no Pool, but of type {kind}"
            yield case(f"a pool {kind} {module.__name__}", lambda a=auth, w=wrong: a(w), told)
    one: Wrong = 5
    auth = credpool.httpx2.PoolAuth
    yield case("observer", lambda: auth(pool, observe=one), "the observer cannot be int")
    for most in (0, -1, None, "9", True):
        yield case(
            f"sends {most}",
            lambda m=most: auth(pool, max_sends=m),
            "max_sends cannot be that; give a whole number above 0",
        )
    yield case("listener", lambda: pool.listen(one), "the listener cannot be int")
    yield case("store", lambda: Pool(one), "the store cannot be int; give a store")
    path: Wrong = "auth.json"
    yield case("path", lambda: Pool(path), r"the store cannot be str; .* Pool\.open")
    kind: Wrong = MemoryStore
    yield case("class", lambda: Pool(kind), "the store cannot be type MemoryStore itself")
    clock = "the clock cannot be int"
    yield case("clock", lambda: Pool(MemoryStore(state), clock=one), clock)
    yield case("clock of keys", lambda: Pool.from_keys("openai", [SECRET], clock=one), clock)
    for url in ("api.example.com", "", "http://", "https://a b", one):
        yield case(
            f"url {url}", lambda u=url: Pool(MemoryStore(state), base_url=u), "the base_url "
        )
    policy: Wrong = {"max_retry_wait": 3}
    told = r"the policy cannot be dict; give one, as in Policy\("
    yield case("policy", lambda: Pool.from_keys("openai", [SECRET], policy=policy), told)
    yield case("policy of entries", lambda: Pool.from_entries("openai", [], policy=policy), told)
    yield case("policy to open", lambda: open_pool("openai", NOWHERE, policy=policy), told)


@pytest.mark.parametrize(("give", "told"), [*doors()])
def test_a_part_is_refused_where_it_is_given(give: Callable[[], object], told: str) -> None:
    """What it is, of which type, and what to give in its place; the value is not shown."""
    with pytest.raises(BadInput, match=told) as raised:
        give()

    assert SECRET not in str(raised.value)


TWINS = [
    (library, auth, asynchronous)
    for library, auth in ((httpx, credpool.httpx2.PoolAuth), (httpx2, credpool.httpx.PoolAuth))
    for asynchronous in (False, True)
]


@pytest.mark.parametrize(("library", "auth", "asynchronous"), TWINS)
def test_mixed_twins_say_which_module_to_use(
    library: Wrong, auth: Wrong, *, asynchronous: bool
) -> None:
    """A client refuses the other library's, and shows what it was given: that says which to take."""
    client = library.AsyncClient if asynchronous else library.Client
    wanted = f"credpool.{library.__name__}.PoolAuth"

    with pytest.raises(TypeError, match=f"{library.__name__} takes {wanted}") as raised:
        client(auth=auth(Pool.from_keys("openai", [SECRET])))

    assert SECRET not in str(raised.value)
