"""An account of the simulated provider: it takes a request, or refuses it in the provider's words.

The headers and bodies are Anthropic's, so the pool reads them by the registry's own rules.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from math import ceil
from typing import Final

from credpool.providers.reply import Reply
from credpool.simulate.limits import Limit, Window
from credpool.simulate.measures import Measures
from credpool.simulate.workload import Plan

PROVIDER: Final = "anthropic"
_WINDOW: Final = "anthropic-ratelimit-unified"
_BUCKET: Final = "anthropic-ratelimit-tokens"
_BODY: Final = json.dumps(
    {"type": "error", "error": {"type": "rate_limit_error", "message": "Simulated."}}
).encode()


class Account:
    """One owner's quota, prompt cache and calls under way; moments count from `epoch`."""

    def __init__(self, plan: Plan, epoch: float, cache_seconds: float) -> None:
        self.plan = plan
        self._limits = plan.limits()
        self._epoch = epoch
        self._cache_seconds = cache_seconds
        self._under_way = 0
        self._spent = self._served = 0.0
        self._cached: dict[int, float] = {}

    def is_warm(self, session: int, now: float) -> bool:
        """Whether the provider still has the session's prompt."""
        return self._cached.get(session, 0.0) > now

    def begin(self, session: int, charge: float, now: float) -> Reply | None:
        """Take a request, or return the reply that refuses it."""
        most = self.plan.most_at_once
        if most is not None and self._under_way >= most:
            return self._refusal({})
        for limit in self._limits:
            until = limit.until(charge, now)
            if until > now:
                return self._refusal(self._hint(limit, until, now))
        for limit in self._limits:
            limit.spend(charge, now)
        self._under_way += 1
        self._spent += charge
        self._keep(session, now)
        return None

    def end(self, session: int, charge: float, now: float) -> None:
        """Note that a request is answered."""
        self._under_way -= 1
        self._served += charge
        self._keep(session, now)

    def forget(self, session: int) -> None:
        """Note that a session is over."""
        self._cached.pop(session, None)

    def account(self, measures: Measures) -> None:
        """Write down what was taken from the limits, and for what."""
        measures.spent[self.plan.owner] = self._spent
        measures.served[self.plan.owner] = self._served
        measures.under_way[self.plan.owner] = self._under_way

    def headers(self, now: float) -> dict[str, str]:
        """Return the headers of a success: whose quota it is, and what is left of it."""
        told = self._owner()
        for limit in self._limits:
            resets = self._epoch + limit.resets(now)
            if isinstance(limit, Window):
                told[f"{_WINDOW}-{limit.name}-utilization"] = f"{1 - limit.left(now):.4f}"
                told[f"{_WINDOW}-{limit.name}-reset"] = f"{resets:.0f}"
            else:
                told[f"{_BUCKET}-limit"] = f"{limit.most:.0f}"
                told[f"{_BUCKET}-remaining"] = f"{limit.left(now) * limit.most:.0f}"
                told[f"{_BUCKET}-reset"] = _iso(resets)
        return told

    def _keep(self, session: int, now: float) -> None:
        self._cached[session] = now + self._cache_seconds

    def _owner(self) -> dict[str, str]:
        return {"anthropic-organization-id": self.plan.owner}

    def _hint(self, limit: Limit, until: float, now: float) -> Mapping[str, str]:
        """Return the headers that say when a limit has room again."""
        if not isinstance(limit, Window):
            return {"retry-after": str(ceil(until - now))}
        resets = f"{self._epoch + until:.0f}"
        return {
            f"{_WINDOW}-status": "rejected",
            f"{_WINDOW}-reset": resets,
            f"{_WINDOW}-{limit.name}-status": "rejected",
            f"{_WINDOW}-{limit.name}-reset": resets,
        }

    def _refusal(self, hint: Mapping[str, str]) -> Reply:
        return Reply(429, {**self._owner(), **hint, "content-type": "application/json"}, _BODY)


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
