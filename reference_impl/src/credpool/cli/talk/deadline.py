"""A login's last day: what a listing shows of it, and what the doctor says in the week before."""

from typing import Final

from credpool.model.entry import Entry
from credpool.model.text import duration

_DAY: Final = 86400.0
_WEEK: Final = 7 * _DAY


def shown(entry: Entry, now: float) -> str:
    """Return how long a login can still be renewed, if that is known."""
    if entry.login_ends_at is None:
        return ""
    left = entry.login_ends_at - now
    return duration(left) if left > 0 else "over"


def warning(entry: Entry, now: float) -> str | None:
    """Return what to say of a login that ends within a week, or has ended."""
    if entry.login_ends_at is None or entry.login_ends_at - now > _WEEK:
        return None
    left = entry.login_ends_at - now
    if left <= 0:
        return "its login has ended: no refresh renews it any more"
    days = int(left // _DAY)
    when = f"within {days + 1} days" if days else "within a day"
    return f"its login ends {when}, in {duration(left)}: no refresh renews it after that"


def step(key: str, entry: Entry) -> str:
    """Return what to do before the last day."""
    if entry.borrowed:
        return f"log in again with the tool that keeps it, {entry.reference or entry.source}"
    return f"log in again: credpool login {key} --entry {entry.id}"
