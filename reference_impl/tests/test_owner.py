"""Whose quota an entry draws on, and who pays for it."""

import base64
import json
from dataclasses import replace

import pytest

from credpool.model.entry import Entry
from credpool.model.messages import Call, Failed, Succeeded, Verdict
from credpool.model.policy import Policy
from credpool.model.secret import Secret
from credpool.model.state import PoolState
from credpool.model.terms import AuthType, EntryId, FailureClass, Payer, PayerChange, Scope
from credpool.providers.owner import named_owner, owner_of
from credpool.providers.registry import provider
from credpool.rules.decide import decide
from credpool.rules.select import available, payer_of, permitted

NOW = 1795392000.0
A, B, C = (EntryId(i) for i in "abc")
CALL = Call(started=NOW)
CAPPED = Verdict(failure=FailureClass.USAGE_LIMITED, scope=Scope.OWNER, rule="made-up")


def jwt(claims: object) -> Secret:
    """Return a token with these claims."""
    middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return Secret(f"e30.{middle}.signature")


def login(secret: Secret | None, **known: str) -> Entry:
    """Return a login with that token."""
    return Entry(id=A, secret=secret, auth_type=AuthType.OAUTH, **known)  # type: ignore[arg-type]


def pool(*entries: Entry, provider_name: str = "openai", policy: Policy | None = None) -> PoolState:
    """Return a pool of these entries."""
    return PoolState(key="p", provider=provider_name, entries=entries, policy=policy or Policy())


ACME = {"https://api.openai.com/auth": {"chatgpt_account_id": "acme"}}


@pytest.mark.parametrize(
    ("entry", "owner"),
    [
        pytest.param(login(jwt(ACME), owner="set", learnt_owner="told"), "set", id="set"),
        pytest.param(login(jwt(ACME), learnt_owner="told"), "told", id="told by a reply"),
        pytest.param(login(jwt(ACME)), "acme", id="claimed"),
        pytest.param(login(jwt({"sub": "acme"})), None, id="no such claim"),
        pytest.param(login(jwt({"https://api.openai.com/auth": {}})), None, id="an empty claim"),
        pytest.param(login(jwt([1])), None, id="no object"),
        pytest.param(login(Secret("opaque")), None, id="no token of that kind"),
        pytest.param(login(Secret("a.b.c")), None, id="not to be decoded"),
        pytest.param(login(Secret("a.e30x.c")), None, id="not JSON"),
        pytest.param(login(None), None, id="no secret"),
        pytest.param(replace(login(jwt(ACME)), auth_type=AuthType.API_KEY), None, id="a key"),
    ],
)
def test_the_owner_is_set_or_told_or_claimed(entry: Entry, owner: str | None) -> None:
    """What a person has set comes first, then what a reply has named, then the token's claim."""
    assert owner_of(pool(entry, provider_name="chatgpt"), entry) == owner


def test_the_first_header_that_is_there_names_the_owner() -> None:
    """Of several headers the registry's first counts; a provider without any names nobody."""
    both = {"anthropic-workspace-id": "w", "anthropic-organization-id": "o"}

    assert named_owner(both, provider("anthropic")) == "o"
    assert named_owner({"anthropic-workspace-id": "w"}, provider("anthropic")) == "w"
    assert named_owner(both, provider("generic")) is None


def test_a_learnt_owner_is_that_of_the_secret() -> None:
    """Every entry with the secret learns the latest owner, except for one whose owner a person has set."""
    same = Secret("sk-same")
    state = pool(
        Entry(id=A, secret=same),
        Entry(id=B, secret=same, learnt_owner="known"),
        Entry(id=C, secret=same, owner="set"),
    )

    made = decide(state, Succeeded(CALL, A, same, "acme"), now=NOW, draw=0.0)

    assert [e.learnt_owner for e in made.state.entries] == ["acme", "acme", None]


@pytest.mark.parametrize("entry_id", [A, EntryId("gone")])
def test_an_owner_of_another_secret_is_not_learnt(entry_id: EntryId) -> None:
    """A reply to a secret that the entry no longer holds says nothing of its owner."""
    state = pool(Entry(id=A, secret=Secret("sk-new")), Entry(id=B, secret=Secret("sk-b")))

    refused = Failed(CALL, entry_id, Secret("sk-old"), CAPPED, "acme")
    made = decide(state, refused, now=NOW, draw=0.0)

    assert [e.learnt_owner for e in made.state.entries] == [None, None]


METERED = Entry(id=A, secret=Secret("sk-a"))
PLAN = Entry(id=B, secret=Secret("sk-b"), auth_type=AuthType.OAUTH)
OPEN = Entry(id=C, secret=Secret("sk-c"), payer=Payer.UNKNOWN)
FORBID = Policy(payer_change=PayerChange.FORBID)


def test_the_payer_is_set_or_the_registrys() -> None:
    """A person's word comes first, then the type of credential, and else it is unknown."""
    state = pool(METERED, PLAN, OPEN)

    assert [payer_of(state, e) for e in state.entries] == [
        Payer.METERED,
        Payer.SUBSCRIPTION,
        Payer.UNKNOWN,
    ]
    assert payer_of(pool(PLAN, provider_name="groq"), PLAN) is Payer.UNKNOWN


@pytest.mark.parametrize(
    ("entries", "allowed"),
    [
        pytest.param((METERED, PLAN, OPEN), [A], id="metered first"),
        pytest.param((PLAN, METERED, OPEN), [B], id="a plan first"),
        pytest.param((OPEN, METERED, PLAN), [C], id="unknown first"),
        pytest.param((OPEN, replace(OPEN, id=A)), [C], id="two unknown payers are not one"),
        pytest.param(
            (replace(METERED, secret=None), PLAN), [A], id="the first counts, used or not"
        ),
        pytest.param((), [], id="nobody"),
    ],
)
def test_forbidding_leaves_the_first_entrys_payer(
    entries: tuple[Entry, ...], allowed: list[EntryId]
) -> None:
    """Whoever is paid for by somebody else is never available."""
    state = pool(*entries, policy=FORBID)

    assert [e.id for e in permitted(state)] == allowed
    assert {e.id for e in available(state, now=NOW, model=None)} <= set(allowed)
    assert permitted(replace(state, policy=Policy())) == entries
