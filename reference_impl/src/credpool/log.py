"""The listener that every pool begins with: the standard library's logging (spec: events)."""

import logging
from typing import Final

from credpool.core.notices import (
    EntryDied,
    Notice,
    OwnerShared,
    PayerChanged,
    RanOut,
    RefreshRefused,
)
from credpool.core.report import report_notice

_LOGGER: Final = logging.getLogger("credpool")
_WARN: Final = (EntryDied, OwnerShared, PayerChanged, RanOut)


def log(notice: Notice) -> None:
    """Write an event to the logger `credpool`: what somebody should know of is a warning."""
    gone = isinstance(notice, RefreshRefused) and notice.terminal
    level = logging.WARNING if gone or isinstance(notice, _WARN) else logging.INFO
    if _LOGGER.isEnabledFor(level):
        name, *told = report_notice(notice).items()
        _LOGGER.log(level, "%s %s", name[1], " ".join(f"{k}={v}" for k, v in told))
