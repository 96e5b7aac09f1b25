"""Draw what the provider answers: successes, every rule's example, hints of every form, and worse."""

import json
from collections.abc import Mapping, Sequence
from typing import Final

from credpool_conformance.fuzzing.drawing.chances import Chances
from credpool_conformance.fuzzing.ground import Ground
from credpool_conformance.json_values import Json, fields, items, text
from credpool_conformance.specification.registry import Example, Registry

_STATUSES: Final = (400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 429, 500, 502, 503, 504, 529)
_OTHERS: Final = {"status": 8.0, "hint": 10.0, "drop": 3.0, "redirect": 3.0, "stream": 4.0}
_MOODS: Final[Mapping[str, Mapping[str, float]]] = {
    "well": {"ok": 40.0, "example": 26.0, "common": 14.0, **_OTHERS},
    "ill": {"ok": 10.0, "example": 35.0, "common": 25.0, **_OTHERS},
    "poor": {"ok": 15.0, "money": 70.0, "status": 10.0},
    "throttled": {"ok": 25.0, "limit": 50.0, **_OTHERS},
    "expired": {"ok": 30.0, "login": 50.0, **_OTHERS},
}
"""How often the provider answers what, by how it feels in a history."""

_NAMED: Final[Mapping[str, tuple[str, ...]]] = {
    "common": (
        *("generic/rate-limit", "generic/rate-limit", "generic/usage-limit"),
        *("generic/insufficient-quota", "generic/token-expired", "generic/token-revoked"),
    ),
    "money": ("generic/insufficient-quota", "generic/usage-limit", "generic/rate-limit"),
    "limit": ("generic/rate-limit",),
    "login": ("generic/token-expired", "generic/token-expired", "generic/token-revoked"),
}
_TOKEN_KINDS: Final = {"ok": 50.0, "status": 20.0, "refused": 15.0, "short": 10.0, "drop": 3.0}
_SHORT: Final = (0, 1, 10, 29, 30, 31, 60, 119, 120, 121, 300, -5, "3600", None)
_WAITS: Final = ("0", "1", "5", "10", "11", "60", "120", "600", "7200", "172800", "9999999")
_MODEL_SCOPES: Final = frozenset({"model", "owner-model"})
_EVENT: Final = 'data: {"error":{"type":"%s"}}\n\n'
_ALWAYS: Final[Json] = {"example": "ok", "always": True}


class Replies:
    """The answers that are possible in one history."""

    def __init__(self, provider: str, chances: Chances, ground: Ground, registry: Registry) -> None:
        """Collect the examples that fit what both testees declare."""
        self._chances = chances
        self._ground = ground
        table = fields(registry.tables["recovery"].data)
        scopes = {
            text(fields(r).get("class")): fields(r).get("scope") for r in items(table["rows"])
        }
        self._scopes: Mapping[str, Json] = scopes
        self._examples = [
            one
            for one in registry.examples.values()
            if one.provider in (provider, "generic") and self._fits(one)
        ]
        self._kinds = _MOODS[chances.one([*_MOODS])]
        self._hints = [*_hinted(items(fields(registry.tables["hints"].data).get("rows")), provider)]
        self._codes = [
            text(fields(row).get("code"))
            for row in items(fields(registry.tables["in-band"].data).get("rows"))
        ]
        self._holds = 0

    def script(self, kinds: str) -> list[Json]:
        """Draw a script for an entry (`reply`) or for its token endpoint (`token`)."""
        draw = self._token if kinds == "token" else self._reply
        return [*(self._held(draw()) for _ in range(self._chances.number(0, 5))), self.last(kinds)]

    @staticmethod
    def last(kinds: str) -> Json:
        """Return what is answered when a script has come to its end."""
        return {"example": "token_ok", "always": True} if kinds == "token" else _ALWAYS

    def _held(self, reply: dict[str, Json]) -> Json:
        if self._chances.happens(0.12):
            self._holds += 1
            reply = {**reply, "hold": f"h{self._holds}"}
        return reply

    def _reply(self) -> dict[str, Json]:
        chances = self._chances
        match chances.weighted(self._kinds):
            case "example":
                return self._dated({"example": chances.one(self._examples).name})
            case "common" | "money" | "limit" | "login" as kind:
                return self._dated({"example": chances.one(_NAMED[kind])})
            case "status":
                return self._bare()
            case "hint" if self._hints:
                return self._dated(chances.one(self._hints))
            case "drop":
                return {"drop": True}
            case "redirect":
                return {"redirect": chances.one(["same", "other"])}
            case "stream":
                return self._stream()
            case _:
                return {"example": "ok"}

    def _bare(self) -> dict[str, Json]:
        reply: dict[str, Json] = {"status": self._chances.one(_STATUSES)}
        if self._chances.happens(0.4):
            reply["headers"] = {"retry-after": self._chances.one(_WAITS)}
        return reply

    def _dated(self, reply: dict[str, Json]) -> dict[str, Json]:
        if self._chances.happens(0.2):
            headers = {**fields(reply.get("headers")), "retry-after": self._chances.one(_WAITS)}
            reply = {**reply, "headers": headers}
        if self._chances.happens(0.05):
            skewed = f"$date{self._chances.one(['+30', '-30', '+3600', '-3600'])}"
            reply = {**reply, "headers": {**fields(reply.get("headers")), "date": skewed}}
        return reply

    def _stream(self) -> dict[str, Json]:
        if not self._ground.has("in-band") or self._chances.happens(0.4):
            return {"example": "stream"}
        event = _EVENT % self._chances.one(self._codes)
        first: list[Json] = ['data: {"choices":[]}\n\n'] if self._chances.happens(0.4) else []
        return {"example": "stream", "stream": [*first, event]}

    def _token(self) -> dict[str, Json]:
        chances = self._chances
        match chances.weighted(_TOKEN_KINDS):
            case "status":
                return self._bare()
            case "refused":
                code = chances.one(
                    ["invalid_grant", "invalid_client", "token_revoked", "slow_down"]
                )
                return {"status": chances.one([400, 400, 401, 429]), "body": {"error": code}}
            case "short":
                body: dict[str, Json] = {"access_token": "$access"}
                seconds = chances.one(_SHORT)
                body |= {} if seconds is None else {"expires_in": seconds}
                body |= {"refresh_token": "$refresh"} if chances.happens(0.5) else {}
                return {"example": "token_ok", "body": body}
            case "drop":
                return {"drop": True}
            case _:
                return {"example": "token_ok"}

    def _fits(self, example: Example) -> bool:
        status = example.reply.get("status")
        scope = example.fields.get("scope", self._scopes.get(example.failure_class))
        told = json.dumps(dict(example.reply)).lower()
        known = {
            "in-band": isinstance(status, int) and status < 300,
            "model-scope": scope in _MODEL_SCOPES,
            "owner-scope": "organization-id" in told or "openai-organization" in told,
        }
        return all(self._ground.has(feature) for feature, needed in known.items() if needed)


def _hinted(rows: Sequence[Json], provider: str) -> list[dict[str, Json]]:
    found: list[dict[str, Json]] = []
    for row in rows:
        for example in map(fields, items(fields(row).get("examples"))):
            reply = fields(example.get("reply"))
            if text(example.get("provider")) not in ("", provider):
                continue
            told: dict[str, Json] = {k: v for k, v in reply.items() if k in ("headers", "body")}
            found.append({"example": "generic/rate-limit", **told})
    return found
