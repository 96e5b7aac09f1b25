"""A grant that is gone is presented once, whatever its provider calls that."""

from itertools import repeat

import httpx2
import pytest

from credpool import Pool
from credpool.httpx2 import PoolAuth
from credpool.model.entry import Entry
from credpool.model.secret import Secret
from credpool.model.terms import AuthType, EntryId
from credpool.providers.registry import names, provider
from credpool.testing import FakeClock, FakeProvider, FakeReply

DAY, STEP = 86400, 360
CODES = [
    pytest.param(name, code, id=f"{name}-{code}")
    for name in ("chatgpt", "anthropic", "copilot", "generic")
    for code in sorted(provider(name).terminal)
]


def test_the_codes_are_the_registrys() -> None:
    """Every provider has the generic codes, and some have codes of their own."""
    everybodys = provider("generic").terminal

    assert len(everybodys) >= 9
    assert all(provider(name).terminal >= everybodys for name in names())
    assert "app_session_terminated" in provider("chatgpt").terminal - everybodys


@pytest.mark.parametrize(("name", "code"), CODES)
def test_a_day_costs_one_post(name: str, code: str) -> None:
    """A call each six minutes for 24 hours presents the grant once, and every call is answered."""
    clock = FakeClock()
    script = {
        "made-up-one": repeat(FakeReply.error(401, "invalid_api_key")),
        "made-up-grant": repeat(FakeReply.json({"error": {"code": code}}, status=401)),
    }
    with FakeProvider(script) as served:
        pool = Pool.from_entries(name, entries(served.url), clock=clock)
        with httpx2.Client(auth=PoolAuth(pool)) as client:
            found = []
            for _ in range(DAY // STEP):
                found.append(client.post(f"{served.url}/v1/chat/completions", json={}).status_code)
                clock.advance(STEP)

    assert found == [200] * 240
    assert served.secrets.count("made-up-grant") == 1
    assert served.secrets.count("made-up-one") == 1
    kept = pool.state.entries[0]
    assert kept.dead
    assert code in str(kept.cooldown)


def entries(url: str) -> list[Entry]:
    """Return a login whose token endpoint is at the address, and another one that answers."""
    first = Entry(
        id=EntryId("a"),
        auth_type=AuthType.OAUTH,
        secret=Secret("made-up-one"),
        refresh_token=Secret("made-up-grant"),
        token_url=f"{url}/oauth/token",
        base_url=f"{url}/v1",
        priority=1,
    )
    second = Entry(
        id=EntryId("b"),
        auth_type=AuthType.OAUTH,
        secret=Secret("made-up-two"),
        base_url=f"{url}/v1",
        priority=2,
    )
    return [first, second]
