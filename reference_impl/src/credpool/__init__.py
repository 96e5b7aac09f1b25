"""Rotate among several credentials for one LLM provider.

Open a `Pool`, and give its `PoolAuth` (`credpool.httpx2`, or
`credpool.httpx` for older clients) to an HTTP client or an SDK::

    from credpool import Pool
    from credpool.httpx2 import PoolAuth
    from openai import DefaultHttpxClient, OpenAI

    pool = Pool.open("openai")  # what `credpool add openai` keeps
    http_client = DefaultHttpxClient(auth=PoolAuth(pool))
    client = OpenAI(api_key="from-the-pool", http_client=http_client)

For an endpoint of one's own (`custom:NAME`) the SDK needs its `base_url`.
Each kind of other public names has a module of its own: `errors`, `events`,
`seed`, `stores`, `clock`, `login`, `testing`.

A name is imported from its module when it is first named: not every program needs them all.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from credpool.entries.operator import Operator as Operator
    from credpool.model.entry import Cooldown as Cooldown
    from credpool.model.entry import Entry as Entry
    from credpool.model.errors import CredpoolError as CredpoolError
    from credpool.model.errors import PoolExhausted as PoolExhausted
    from credpool.model.errors import StoreError as StoreError
    from credpool.model.exhaustion import EXHAUSTION as EXHAUSTION
    from credpool.model.exhaustion import Exhaustion as Exhaustion
    from credpool.model.messages import Answer as Answer
    from credpool.model.messages import Attempt as Attempt
    from credpool.model.policy import Policy as Policy
    from credpool.model.policy import Strategy as Strategy
    from credpool.model.secret import Secret as Secret
    from credpool.model.state import PoolState as PoolState
    from credpool.model.terms import AuthType as AuthType
    from credpool.model.terms import EntryId as EntryId
    from credpool.model.terms import FailureClass as FailureClass
    from credpool.model.terms import First429 as First429
    from credpool.model.terms import Payer as Payer
    from credpool.model.terms import PayerChange as PayerChange
    from credpool.model.terms import Status as Status
    from credpool.pool import Pool as Pool
    from credpool.seed.open import open_pool as open_pool

__version__ = "0.1.0"

_HOMES = {
    "Answer": "model.messages",
    "Attempt": "model.messages",
    "AuthType": "model.terms",
    "Cooldown": "model.entry",
    "CredpoolError": "model.errors",
    "EXHAUSTION": "model.exhaustion",
    "Entry": "model.entry",
    "EntryId": "model.terms",
    "Exhaustion": "model.exhaustion",
    "FailureClass": "model.terms",
    "First429": "model.terms",
    "Operator": "entries.operator",
    "Payer": "model.terms",
    "PayerChange": "model.terms",
    "Policy": "model.policy",
    "Pool": "pool",
    "PoolExhausted": "model.errors",
    "PoolState": "model.state",
    "Secret": "model.secret",
    "Status": "model.terms",
    "StoreError": "model.errors",
    "Strategy": "model.policy",
    "open_pool": "seed.open",
}
"""The module of each public name; a test holds it against the imports above."""

__all__ = list(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
