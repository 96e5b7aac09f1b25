"""What the specification leaves free, written so that either way is as good as the other.

A retry that comes later than it must (recover.rate-limited.jitter) is forgiven by `judging.pauses`.
"""

from collections.abc import Sequence

from credpool_conformance.json_values import Json
from credpool_conformance.provider.requests import Seen

_BARE = "-"


def requests(wire: Sequence[Seen], earlier: Sequence[Seen] = ()) -> Json:
    """Write what was sent: behind a redirect within the origin a client may ask without the secret.

    spec: security.redirect.bare+1
    """
    plain: list[Json] = []
    bare: list[Json] = []
    is_bare = False
    for place, one in enumerate(wire):
        before = wire[place - 1] if place else next(reversed(earlier), None)
        is_bare = one.item == _BARE and before is not None and _redirects(before)
        if is_bare:
            continue
        behind = before is not None and (before.item == _BARE or _redirects(before))
        same = one.item in (*plain[-1:], *(e.item for e in earlier[-1:] if not plain))
        bare += [_BARE] if behind and same else []
        plain.append(one.item)
        bare.append(one.item)
    if is_bare:  # a pool that was not refused has no reason to ask again
        return [one.item for one in wire]
    return plain if plain == bare else {"one_of": [plain, bare]}


def _redirects(one: Seen) -> bool:
    return one.sent is not None and 300 <= one.sent.status < 400
