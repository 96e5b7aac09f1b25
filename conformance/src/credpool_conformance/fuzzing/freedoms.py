"""What the specification leaves free, written so that either way is as good as the other.

A retry that comes later than it must (recover.rate-limited.jitter) is forgiven by `judging.pauses`.
"""

from collections.abc import Iterator, Sequence

from credpool_conformance.json_values import Json
from credpool_conformance.provider.requests import Seen

_BARE = "-"


def requests(wire: Sequence[Seen]) -> Json:
    """Write what was sent: behind a redirect within the origin a client may ask without the secret.

    spec: security.redirect.bare+1
    """
    sent = [one.item for one in wire]
    led = [*_led(wire)]
    plain: list[Json] = [item for item, place in _placed(sent) if place not in led]
    return {"one_of": [plain, sent]} if led else _both(wire, plain)


def _led(wire: Sequence[Seen]) -> Iterator[int]:
    """Yield the places of requests without the secret, to where a redirect led, that came again."""
    for place, (one, after) in enumerate(zip(wire[1:], wire[2:], strict=False), 1):
        before = wire[place - 1]
        if one.item == _BARE and _redirects(before) and after.item == before.item:
            yield place


def _both(wire: Sequence[Seen], plain: list[Json]) -> Json:
    """Write the other way too, where a redirect was followed with the secret at once."""
    longer: list[Json] = []
    for before, one in zip((None, *wire), wire, strict=False):
        if before is not None and _redirects(before) and one.item == before.item:
            longer.append(_BARE)
        longer.append(one.item)
    return plain if longer == plain else {"one_of": [plain, longer]}


def _placed(items: Sequence[str]) -> Iterator[tuple[Json, int]]:
    return ((item, place) for place, item in enumerate(items))


def _redirects(one: Seen) -> bool:
    return one.sent is not None and 300 <= one.sent.status < 400
