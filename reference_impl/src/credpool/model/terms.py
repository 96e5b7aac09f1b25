"""The words that the specification closes, and what an entry is known by (spec: terms).

Times are seconds since the epoch, as floats.
"""

import math
from enum import Enum
from typing import Final, NewType

EntryId = NewType("EntryId", str)
"""The identifier of an entry: unique within its pool, for as long as the entry exists."""

FOREVER: Final[float] = math.inf
"""The `until` of an entry that returns only when someone re-authenticates it."""


class AuthType(Enum):
    """How a credential authenticates, and so who is billed."""

    API_KEY = "api_key"
    OAUTH = "oauth"


class Status(Enum):
    """The status of an entry, as people read it."""

    OK = "ok"
    EXHAUSTED = "exhausted"
    DEAD = "dead"


class FailureClass(Enum):
    """The class of a failing reply, whatever its status code (spec: classification)."""

    RATE_LIMITED = "rate_limited"
    USAGE_LIMITED = "usage_limited"
    OUT_OF_CREDIT = "out_of_credit"
    AUTH_EXPIRED = "auth_expired"
    AUTH_REJECTED = "auth_rejected"
    AUTH_REVOKED = "auth_revoked"
    NOT_ENTITLED = "not_entitled"
    FORBIDDEN = "forbidden"
    OVERLOADED = "overloaded"
    SERVER_ERROR = "server_error"
    REQUEST_ERROR = "request_error"


class Scope(Enum):
    """Whom a cooldown rests on."""

    ENTRY = "entry"
    OWNER = "owner"
    MODEL = "model"
    OWNER_MODEL = "owner-model"
    CALL = "call"
    NONE = "none"

    @property
    def of_owner(self) -> bool:
        """Whether it falls to all entries of the owner."""
        return self in (Scope.OWNER, Scope.OWNER_MODEL)

    @property
    def of_model(self) -> bool:
        """Whether it speaks of one model alone."""
        return self in (Scope.MODEL, Scope.OWNER_MODEL)


class Payer(Enum):
    """The payer for what an entry does."""

    SUBSCRIPTION = "subscription"
    METERED = "metered"
    FREE = "free"
    UNKNOWN = "unknown"


class PayerChange(Enum):
    """Whether a pool may go on with an entry that somebody else pays for."""

    ALLOW = "allow"
    FORBID = "forbid"


class First429(Enum):
    """The action after the first rate limit of an entry."""

    RETRY = "retry"
    ROTATE = "rotate"
