"""What a person is told of who pays (spec: billing notes, which have the sources)."""

from collections.abc import Iterable, Iterator
from typing import Final

from credpool.cli.talk.billing_data import DISPUTED, NOTES
from credpool.model.state import PoolState
from credpool.model.terms import AuthType, Payer
from credpool.providers import registry
from credpool.rules.select import payer_of

KINDS: Final = {AuthType.API_KEY: "API key", AuthType.OAUTH: "OAuth login"}
PAYS: Final = {
    Payer.METERED: "its organisation, per token",
    Payer.SUBSCRIPTION: "a subscription, within its limits",
    Payer.FREE: "nobody: a free allowance",
    Payer.UNKNOWN: "an account that is not known here: ask the provider",
}
"""Who is billed, in words; what is known beyond that is in the billing notes."""

DISPUTE: Final = "who is billed is disputed: see the statements"
"""In place of a payer, where a word for one would decide a dispute."""


def usual_payer(provider: str, kind: AuthType) -> Payer:
    """Return who usually pays for a credential of that type."""
    if provider not in registry.names():
        return Payer.UNKNOWN
    return registry.provider(provider).credential(kind).payer


def bill(provider: str, kind: AuthType, payer: Payer) -> str:
    """Return who is billed, in words, or that it is disputed."""
    return DISPUTE if _is_disputed(provider, kind, payer) else f"billed to {PAYS[payer]}"


def notes(provider: str, kind: AuthType) -> Iterator[str]:
    """Yield what is known of the bill, each statement with its date."""
    for credential, says in NOTES.get(provider, ()):
        if credential in (kind.value, "any"):
            yield says


def disputes(states: Iterable[PoolState]) -> Iterator[str]:
    """Yield the statements on the disputed credentials of the pools, each once."""
    kinds = {
        (state.provider, entry.auth_type): None
        for state in states
        for entry in state.entries
        if _is_disputed(state.provider, entry.auth_type, payer_of(state, entry))
    }
    for provider, kind in kinds:
        yield from (f"{provider}, {KINDS[kind]}. {note}" for note in notes(provider, kind))


def _is_disputed(provider: str, kind: AuthType, payer: Payer) -> bool:
    """Whether it is; it is no more when a person has said who pays."""
    return payer is Payer.UNKNOWN and [provider, kind.value] in DISPUTED
