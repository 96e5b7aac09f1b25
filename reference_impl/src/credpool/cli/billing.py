"""What a person is told of who pays (spec: billing notes, which have the sources)."""

from collections.abc import Iterator

from credpool.cli.billing_data import NOTES
from credpool.cli.home import types_of
from credpool.cli.prompter import Prompter
from credpool.cli.render import KINDS, PAYS
from credpool.core import registry
from credpool.core.model import AuthType
from credpool.core.payer import Payer


def payer(provider: str, kind: AuthType) -> Payer:
    """Return who usually pays for a credential of that type."""
    if provider not in registry.names():
        return Payer.UNKNOWN
    return registry.provider(provider).credential(kind).payer


def ask_type(prompter: Prompter, key: str) -> AuthType:
    """Ask which type of credential is meant, where there are several, and say who is billed."""
    types = types_of(key)
    choices = [(f"{KINDS[t]}, billed to {PAYS[payer(key, t)]}", t) for t in types]
    kind = types[0] if len(types) == 1 else prompter.choose("API key or OAuth login?", choices)
    for note in notes(key, kind):
        prompter.tell(note)
    return kind


def notes(provider: str, kind: AuthType) -> Iterator[str]:
    """Yield what is known of the bill, with the date of each statement."""
    for date, credential, says in NOTES.get(provider, ()):
        if credential in (kind.value, "any"):
            yield f"{date}: {says}"
