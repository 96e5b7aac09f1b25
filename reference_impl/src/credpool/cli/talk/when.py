"""A moment as a clock shows it, in the zone of whoever reads it."""

import math
from datetime import UTC, datetime, tzinfo
from typing import Final

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WEEK: Final = 7
_MINUTE: Final = 60


def clock_time(at: float, now: float, zone: tzinfo | None = None) -> str:
    """Return the first whole minute that is not before a moment: `14:05 CET`, or with its day before it.

    Args:
        at: the moment, in seconds since the epoch.
        now: the present moment; today needs no day.
        zone: in place of the machine's.
    """
    try:
        moment, today = (
            datetime.fromtimestamp(seconds, UTC).astimezone(zone)
            for seconds in (math.ceil(at / _MINUTE) * _MINUTE, now)
        )
    except (OverflowError, ValueError, OSError):
        return "a moment that no calendar has"
    days = (moment.date() - today.date()).days
    near = _DAYS[moment.weekday()] if 0 < days < _WEEK else moment.date().isoformat()
    return f"{f'{near} ' if days else ''}{moment:%H:%M} {moment.tzname()}"
