"""The decision table (spec/tables/recovery.yaml), as the reducer reads it.

A test holds every row against the specification's file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

from credpool.model.terms import FOREVER, FailureClass, Scope


class Step(Enum):
    """The action of a call after an attempt."""

    RETRY = "retry"
    ROTATE = "rotate"
    REFRESH = "refresh"
    TRY_NEXT = "try-next"
    DELIVER = "deliver"


@dataclass(frozen=True, slots=True)
class Row:
    """The row of one failure class: step, cooldown in seconds (None: none), scope, hints."""

    step: Step
    cooldown: float | None
    scope: Scope
    hint: bool


_HOUR: Final = 3600.0
_DAY: Final = 86400.0
_FIVE_MINUTES: Final = 300.0

RECOVERY: Final[Mapping[FailureClass, Row]] = MappingProxyType(
    {
        # spec: recover.rate-limited.retry-once+3
        FailureClass.RATE_LIMITED: Row(Step.RETRY, _HOUR, Scope.ENTRY, hint=True),
        # spec: recover.table+1
        FailureClass.USAGE_LIMITED: Row(Step.ROTATE, _HOUR, Scope.OWNER, hint=True),
        # spec: recover.table+1
        FailureClass.OUT_OF_CREDIT: Row(Step.ROTATE, _DAY, Scope.OWNER, hint=True),
        # spec: recover.auth-expired.refresh+2
        FailureClass.AUTH_EXPIRED: Row(Step.REFRESH, _FIVE_MINUTES, Scope.ENTRY, hint=False),
        # spec: recover.table+1
        FailureClass.AUTH_REJECTED: Row(Step.ROTATE, _FIVE_MINUTES, Scope.ENTRY, hint=False),
        # spec: recover.table+1
        FailureClass.AUTH_REVOKED: Row(Step.ROTATE, FOREVER, Scope.ENTRY, hint=False),
        # spec: recover.table+1
        FailureClass.NOT_ENTITLED: Row(Step.ROTATE, _DAY, Scope.MODEL, hint=True),
        # spec: recover.table+1
        FailureClass.FORBIDDEN: Row(Step.TRY_NEXT, None, Scope.CALL, hint=False),
        # spec: recover.table+1
        FailureClass.OVERLOADED: Row(Step.DELIVER, None, Scope.NONE, hint=False),
        # spec: recover.table+1
        FailureClass.SERVER_ERROR: Row(Step.DELIVER, None, Scope.NONE, hint=False),
        # spec: recover.table+1
        FailureClass.REQUEST_ERROR: Row(Step.DELIVER, None, Scope.NONE, hint=False),
    }
)

ENDED_BY_REFRESH: Final = frozenset(
    {FailureClass.AUTH_EXPIRED, FailureClass.AUTH_REJECTED, FailureClass.AUTH_REVOKED}
)
"""The classes that a new token proves wrong."""
