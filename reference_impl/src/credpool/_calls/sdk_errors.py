"""Errors that reach the user through an SDK.

An SDK takes whatever its HTTP client raises for a broken connection: it asks again, and says no more
than "Connection error.". Errors of its own it lets through at once. So what is raised into one of
these SDKs is one of its errors too. Nothing is imported for that: an SDK that calls is there.
"""

import sys
from typing import Final

from credpool.model.errors import CredpoolError

OWN: Final = (("anthropic", "AnthropicError"), ("openai", "OpenAIError"))
"""The SDKs that let errors of their own through, and what all of those are."""

_JOINED: Final[dict[tuple[type, ...], type[CredpoolError]]] = {}
"""The classes that were made, by what they are."""


def let_through(err: CredpoolError) -> CredpoolError:
    """Return the error, which is from now on one of each SDK's that there is."""
    found = (getattr(sys.modules.get(name), kind, None) for name, kind in OWN)
    kinds = tuple(k for k in found if isinstance(k, type) and not isinstance(err, k))
    if kinds:
        known = (type(err), *kinds)
        err.__class__ = _JOINED.get(known) or _JOINED.setdefault(known, _joined(type(err), kinds))
    return err


def _joined(kind: type[CredpoolError], others: tuple[type, ...]) -> type[CredpoolError]:
    """Return a class with the name of the first that is all of them; a copy is of the first alone."""

    def reduce(err: CredpoolError, _protocol: int) -> tuple[object, ...]:
        return kind.__new__, (kind, *err.args), err.__dict__

    names = {"__module__": kind.__module__, "__doc__": kind.__doc__, "__reduce_ex__": reduce}
    return type(kind.__name__, (kind, *others), names)
