"""Whom `config.yaml` wants told of a pool's events (`notify:`): once it is parsed.

An address may hold a secret, so no value is quoted in an error.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, get_args

from credpool import events
from credpool.model.credential import bare, url_flaw
from credpool.model.errors import BadConfig
from credpool.stores.auth_json.fields import kind

NOTIFY: Final = "notify"
COMMAND: Final = "command"
WEBHOOK: Final = "webhook"
EVENTS: Final = frozenset(event.name for event in get_args(events.Event))
QUIET: Final = 60.0
"""For how many seconds the same event of the same entry is not told again."""

_NAMES: Final = (COMMAND, WEBHOOK, "events", "every")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One of those to be told: a command or an address, of which events, and how often.

    Without `events` it is told what the log has as a warning.
    """

    command: tuple[str, ...] = ()
    webhook: str | None = field(default=None, repr=False)
    events: frozenset[str] | None = None
    every: float = QUIET


def notices_of(config: Mapping[str, object]) -> tuple[Notice, ...]:
    """Return who is to be told.

    Raises:
        BadConfig: it is not a list of commands and addresses, or an event is unknown.
    """
    listed = config.get(NOTIFY) or []
    if not isinstance(listed, list):
        raise BadConfig(NOTIFY, f"expected a list, found {kind(listed)}")
    return tuple(_notice(item, f"{NOTIFY}[{n}]") for n, item in enumerate(listed))


def _notice(item: object, where: str) -> Notice:
    if not isinstance(item, dict):
        raise BadConfig(where, f"expected a mapping, found {kind(item)}")
    for name in item:
        if name not in _NAMES:
            raise BadConfig(where, f"has an unknown name; known are {', '.join(_NAMES)}")
    if (COMMAND in item) == (WEBHOOK in item):
        raise BadConfig(where, f"expected one of {COMMAND} and {WEBHOOK}")
    return Notice(
        command=_command(item[COMMAND], where) if COMMAND in item else (),
        webhook=_webhook(item[WEBHOOK], where) if WEBHOOK in item else None,
        events=_events(item["events"], where) if "events" in item else None,
        every=_every(item["every"], where) if "every" in item else QUIET,
    )


def _command(told: object, where: str) -> tuple[str, ...]:
    words = told if isinstance(told, list) else []
    texts = tuple(word for word in words if isinstance(word, str) and "\0" not in word)
    if not texts or len(texts) != len(words) or not texts[0].strip():
        what = "expected a list of texts, the program and its arguments"
        raise BadConfig(f"{where}.{COMMAND}", what)
    return texts


def _webhook(told: object, where: str) -> str:
    url = bare(told) if isinstance(told, str) else ""
    flaw = url_flaw(url)
    if flaw is not None:
        raise BadConfig(f"{where}.{WEBHOOK}", f"the address {flaw}")
    return url


def _events(told: object, where: str) -> frozenset[str]:
    names = told if isinstance(told, list) else []
    if not names or not EVENTS.issuperset(n if isinstance(n, str) else "" for n in names):
        what = f"expected a list of events; known are {', '.join(sorted(EVENTS))}"
        raise BadConfig(f"{where}.events", what)
    return frozenset(names)


def _every(told: object, where: str) -> float:
    if isinstance(told, bool) or not isinstance(told, int | float) or not 0 <= told < 1e10:
        raise BadConfig(f"{where}.every", f"expected a number of seconds, found {kind(told)}")
    return float(told)
