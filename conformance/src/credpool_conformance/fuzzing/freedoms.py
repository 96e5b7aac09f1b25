"""The freedoms of the specification, written so that either way is as good as the other.

A retry that comes later than it must (recover.rate-limited.jitter) is forgiven by `judging.pauses`.
"""

from collections.abc import Sequence

from credpool_conformance.json_values import Json
from credpool_conformance.provider.requests import Seen


def requests(wire: Sequence[Seen], earlier: Sequence[Seen] = ()) -> Json:
    """Write what was sent: behind a redirect within the origin a client may ask without the secret.

    spec: security.redirect.bare+1
    """
    plain: list[Json] = []
    bare: list[Json] = []
    last: Seen | None = next(reversed(earlier), None)
    for one in wire:
        led = last.item if last is not None and _redirects(last) else None
        if led is not None and one.item == _without_secret(led):
            continue
        bare += [_without_secret(led)] if led is not None and one.item == led else []
        plain.append(one.item)
        bare.append(one.item)
        last = one
    if wire and wire[-1] is not last:  # a pool that was not refused has no reason to ask again
        return [one.item for one in wire]
    return plain if plain == bare else {"one_of": [plain, bare]}


def _without_secret(item: str) -> str:
    return "other:-" if item.startswith("other:") else "-"


def _redirects(one: Seen) -> bool:
    return one.sent is not None and 300 <= one.sent.status < 400
