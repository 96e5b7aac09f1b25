"""Hermes Agent 0.19.0, the real one, on the same `auth.json`: nothing that it keeps is lost.

Run by `nox -s hermes`, in an environment of its own: the package is large and pins its dependencies.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx2
import pytest

from credpool import FailureClass, Pool, Status
from credpool.httpx2 import PoolAuth
from credpool.stores import JsonFileStore
from credpool.testing import FakeProvider, FakeReply

PROVIDER = "openrouter"
KEYS = {
    "work": "sk-or-v1-made-up-one",
    "home": "sk-or-v1-made-up-two",
    "spare": "sk-or-v1-made-up-3",
}
CHILD = Path(__file__).with_name("hermes_child.py")
NO_MONEY = FakeReply.error(402, None, "Insufficient credits")
STATUS = {
    *("last_status", "last_status_at", "last_error_code"),
    *("last_error_reason", "last_error_message", "last_error_reset_at", "request_count"),
}
"""The fields of a row that either program may change."""

Row = dict[str, Any]


class Hermes:
    """One home of Hermes, driven by its own command and its own pool."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.path = home / ".hermes" / "auth.json"
        self._environ = {"PATH": os.environ["PATH"], "HOME": str(home)}
        self._environ["HERMES_HOME"] = str(self.path.parent)

    def run(self, *command: str) -> str:
        """Run a program with nothing of the host's environment but the path."""
        done = subprocess.run(
            command, env=self._environ, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def auth(self, *arguments: str) -> str:
        """Run `hermes auth`."""
        return self.run(str(Path(sys.executable).with_name("hermes")), "auth", *arguments)

    def does(self, what: str, *rest: str) -> Any:  # noqa: ANN401 (whatever JSON it tells)
        """Let its pool do one thing."""
        return json.loads(self.run(sys.executable, str(CHILD), what, PROVIDER, *rest))

    @property
    def rows(self) -> list[Row]:
        """The rows as Hermes reads them."""
        return [*self.does("rows")]

    @property
    def document(self) -> dict[str, Any]:
        """The whole file."""
        read: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
        return read


@pytest.fixture
def hermes(tmp_path: Path) -> Hermes:
    """Three keys, added by Hermes itself."""
    made = Hermes(tmp_path)
    for label, key in KEYS.items():
        made.auth("add", PROVIDER, "--type", "api-key", "--label", label, "--api-key", key)
    return made


def ask(hermes: Hermes, replies: dict[str, Sequence[FakeReply]] | None = None) -> list[str]:
    """Make one call with our pool; return the secrets that reached the provider, in order."""
    pool = Pool(JsonFileStore(hermes.path, PROVIDER))
    provider = FakeProvider(replies or {})
    transport = httpx2.MockTransport(provider.handler(httpx2.Response))
    with httpx2.Client(auth=PoolAuth(pool), transport=transport) as client:
        client.post("https://openrouter.ai/api/v1/chat/completions", json={"model": "m"})
    pool.flush()
    return provider.secrets


def stored(row: Row) -> Row:
    """Return what neither program may change."""
    return {name: value for name, value in row.items() if name not in STATUS}


def test_what_hermes_has_written_is_a_pool(hermes: Hermes) -> None:
    """Ids, labels, order and secrets are read as Hermes meant them, and reading writes nothing."""
    before = hermes.path.read_bytes()

    pool = Pool(JsonFileStore(hermes.path, PROVIDER))

    rows = hermes.rows
    assert [(e.id, e.label, e.priority) for e in pool.state.entries] == [
        (row["id"], row["label"], row["priority"]) for row in rows
    ]
    assert [e.secret.reveal() for e in pool.state.entries if e.secret] == [*KEYS.values()]
    assert hermes.path.read_bytes() == before


def test_a_rotation_is_understood_by_hermes(hermes: Hermes) -> None:
    """A key without money is exhausted for Hermes too, which selects the next; the rest is as it was."""
    before, one = hermes.rows, KEYS["work"]

    sent = ask(hermes, {one: [NO_MONEY]})

    assert sent == [one, KEYS["home"]]
    after = hermes.rows
    assert [stored(row) for row in after] == [stored(row) for row in before]
    assert [row["last_status"] for row in after] == ["exhausted", None, None]
    assert after[0]["last_error_code"] == 402
    assert [row["request_count"] for row in after] == [1, 1, 0]
    assert hermes.does("select") == before[1]["id"]


def test_a_key_that_hermes_has_benched_is_not_asked(hermes: Hermes) -> None:
    """Our next selection respects what Hermes has learnt, and its reset."""
    one, two = KEYS["work"], KEYS["home"]
    hermes.does("mark", "402", one)

    while_out = ask(hermes)
    hermes.auth("reset", PROVIDER)
    after_reset = ask(hermes)

    assert while_out == [two]
    assert after_reset == [one]


def test_a_dead_key_is_dead_for_both(hermes: Hermes) -> None:
    """A revoked key is dead to Hermes until it is reset there, and then it is used here again."""
    one, two = KEYS["work"], KEYS["home"]
    revoked = FakeReply.error(401, "token_revoked", "The token was revoked")

    sent = ask(hermes, {one: [revoked]})

    assert sent == [one, two]
    assert hermes.rows[0]["last_status"] == "dead"
    assert Pool(JsonFileStore(hermes.path, PROVIDER)).state.entries[0].status(0.0) is Status.DEAD
    assert hermes.does("reset") == 1
    assert ask(hermes) == [one]


def test_what_is_only_carried_survives_both(hermes: Hermes) -> None:
    """Other providers' state and a login's extra fields come through changes by either program."""
    document = hermes.document
    document["providers"] = {"nous": {"tokens": {"scope": "inference"}, "auth_mode": "oauth"}}
    document["suppressed_sources"] = {"anthropic": ["claude_code"]}
    document["active_provider"] = "nous"
    document["credential_pool"][PROVIDER][2] |= {
        "token_type": "Bearer",
        "scope": "inference",
        "client_id": "made-up-client",
        "portal_base_url": "https://portal.example",
        "obtained_at": "2026-11-01T00:00:00+00:00",
        "expires_in": 3600,
        "agent_key_expires_in": 1800,
        "tls": {"insecure": False},
    }
    hermes.path.write_text(json.dumps(document), encoding="utf-8")
    before = hermes.rows

    ask(hermes, {KEYS["work"]: [NO_MONEY]})
    hermes.does("mark", "429", KEYS["home"])
    ask(hermes)

    assert [stored(row) for row in hermes.rows] == [stored(row) for row in before]
    named = ("providers", "suppressed_sources", "active_provider", "version")
    after = hermes.document
    assert {name: after[name] for name in named} == {name: document[name] for name in named}


def test_forty_changes_in_turn_lose_nothing(hermes: Hermes) -> None:
    """Twenty changes of each program, one after the other, leave every row and every count."""
    before = hermes.rows

    for _ in range(20):
        ask(hermes)
        hermes.auth("reset", PROVIDER)

    after = hermes.rows
    assert [stored(row) for row in after] == [stored(row) for row in before]
    assert [row["request_count"] for row in after] == [20, 0, 0]


def test_a_key_added_in_between_is_used(hermes: Hermes) -> None:
    """A pool that is open sees what Hermes adds, at its next selection."""
    pool = Pool(JsonFileStore(hermes.path, PROVIDER))
    for key in KEYS.values():
        hermes.does("mark", "402", key)
    assert pool.exhaustion() is not None

    hermes.auth(
        "add", PROVIDER, "--type", "api-key", "--label", "new", "--api-key", "sk-or-v1-new-4"
    )

    assert pool.exhaustion() is None
    assert [e.label for e in pool.state.entries] == [*KEYS, "new"]


def test_a_cooldown_of_ours_names_its_reason_to_hermes(hermes: Hermes) -> None:
    """The class that Hermes has no word for is in a field of its own, which this library reads back."""
    ask(hermes, {KEYS["work"]: [NO_MONEY]})

    (first, *_) = Pool(JsonFileStore(hermes.path, PROVIDER)).state.entries

    assert first.cooldown is not None
    assert first.cooldown.failure is FailureClass.OUT_OF_CREDIT
    assert "exhausted" in hermes.auth("list", PROVIDER)
