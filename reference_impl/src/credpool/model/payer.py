"""Who pays for a call, and whether a pool may change that (spec: scopes and money)."""

from enum import Enum


class Payer(Enum):
    """Who is billed for what an entry does."""

    SUBSCRIPTION = "subscription"
    METERED = "metered"
    FREE = "free"
    UNKNOWN = "unknown"


class PayerChange(Enum):
    """Whether a pool may go on with an entry that somebody else pays for."""

    ALLOW = "allow"
    FORBID = "forbid"
