"""Turn a scenario's `given:` into what the testee is told: a pool, secrets, and requests.

The testee is never told the scenario's name or what is expected of it.
"""

import base64
import json
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from credpool_conformance.json_values import Json, text
from credpool_conformance.provider.canary import Canaries, Kind
from credpool_conformance.provider.inbox import Deliver
from credpool_conformance.provider.mock import Stage
from credpool_conformance.provider.requests import AUTHORIZE_PATH, DEVICE_PATH, TOKEN_PATH
from credpool_conformance.provider.trace import Trace
from credpool_conformance.scenarios.clock import Clock, VirtualClock
from credpool_conformance.scenarios.scenario import Call, Entry, Manage, Origin, Reply, Scenario
from credpool_conformance.scenarios.script import names_model_in_path, request_path
from credpool_conformance.scenarios.successes import JSON_HEADERS, dialect
from credpool_conformance.specification.registry import Provider
from credpool_conformance.testee.home import Home
from credpool_conformance.testee.observed import CallerRequest
from credpool_conformance.testee.pool_file import PoolFile, filled

# A header of the caller's own, on every request: the pool has no business with it.
CALLER_HEADERS: Final[Mapping[str, str]] = {
    "content-type": "application/json",
    "x-caller-note": "kept",
}
PLACEHOLDER: Final = "placeholder"
_SPARE: Final = (0.0,) * 20  # a pool that has left the plan may draw more
_IN_QUERY: Final = "$placeholder"
_SECRET: Final = re.compile(r"\$secret:(\w+)")


class Setup:
    """The secrets, the clock and the pool of one scenario."""

    def __init__(
        self,
        scenario: Scenario,
        provider: Provider,
        urls: Mapping[Origin, str],
        clock: Clock | None = None,
    ) -> None:
        """Mint the secrets and write out the pool."""
        self.clock = clock or VirtualClock()
        self.canaries = Canaries(scenario.id)
        self.trace = Trace(self.clock, self.canaries.hide)
        self._scenario = scenario
        self._provider = provider
        self.urls = urls
        self.base_path = provider.base_path
        ways = provider.credentials
        self.list_headers = frozenset[str]().union(*(way.extra_headers for way in ways))
        self.account_headers = {way.account_header for way in ways}
        self.origins = {entry.id: entry.origin for entry in scenario.entries}
        self.randoms = (*scenario.given.randoms, *_SPARE)
        self._secrets: dict[str, str] = {}
        self._sessions: dict[str, str] = {}
        self._tokens: dict[str, str | None] = {}
        kept = "store" in scenario.features or scenario.given.store is not None
        self.pool_file = self._pool_file() if kept else None
        self.home = None if scenario.given.home is None else Home(self._filled)
        self.pool = {**self._pool(), **self._seeds()}
        if self.pool_file is not None and scenario.given.store is not None:
            self.pool_file.write(scenario.given.store)

    def stage(self, deliver: Deliver) -> Stage:
        """Give the mock what it plays with."""
        return Stage(
            entries={entry.id: entry for entry in self._scenario.entries},
            scripts=self._scenario.upstream,
            canaries=self.canaries,
            clock=self.clock,
            trace=self.trace,
            deliver=deliver,
            healthy=self._healthy(),
        )

    def _healthy(self) -> Reply:
        success = dialect(self._scenario.given.provider).success
        return Reply(name="healthy", status=200, headers=JSON_HEADERS, body=success)

    @property
    def login_urls(self) -> dict[str, str]:
        """Where a person logs in, and where that is exchanged for tokens."""
        base = self.urls[Origin.MAIN]
        return {
            "device_url": base + DEVICE_PATH,
            "authorize_url": base + AUTHORIZE_PATH,
            "token_url": base + TOKEN_PATH,
        }

    def close(self) -> None:
        """Leave nothing on the disk."""
        for place in (self.pool_file, self.home):
            if place is not None:
                place.close()

    def joined(self) -> Json:
        """Write out the pool for a process that comes to a store which is there already."""
        return {**self.pool, "entries": []}

    def write(self, content: Json) -> None:
        """Let another program write the pool's file, if there is one."""
        if self.pool_file is not None:
            self.pool_file.write(content)

    def lock(self, *, held: bool) -> None:
        """Let another program take the lock of the pool's file, or let it go."""
        if self.pool_file is not None:
            self.pool_file.lock(held=held)

    def rewrite(self, files: Mapping[str, Json]) -> None:
        """Let other tools write files of the home, if there is one."""
        if self.home is not None:
            self.home.write(files)

    def request(self, call: Call) -> CallerRequest:
        """Write the caller's request."""
        headers = {**CALLER_HEADERS, **call.headers}
        if call.placeholder:
            headers.update(self._placeholder(call.placeholder))
        in_path = names_model_in_path(self._scenario.given.provider)
        body: dict[str, Json] = {
            **({} if in_path else {"model": call.model}),
            "messages": [{"role": "user", "content": "Say hello."}],
            "max_tokens": 16,
        }
        if call.stream:
            body["stream"] = True
        return CallerRequest(
            path=self._path(call),
            headers=headers,
            body=body,
            stream=call.stream,
            follow_redirects=call.follow_redirects,
            session=self._session(call.session) if call.session else None,
        )

    def _session(self, name: str) -> str:
        if name not in self._sessions:
            self._sessions[name] = self.canaries.mint(f"session {name}", Kind.SESSION).value
        return self._sessions[name]

    def _path(self, call: Call) -> str:
        path = call.path or request_path(self._scenario.given.provider, call.model)
        path = path.replace("$other", urlsplit(self.urls[Origin.OTHER]).netloc)
        if not call.query:
            return path
        if _IN_QUERY in call.query:
            canary = self.canaries.mint(PLACEHOLDER, Kind.PLACEHOLDER)
            return f"{path}?{call.query.replace(_IN_QUERY, canary.value)}"
        return f"{path}?{call.query}"

    def managed(self, action: Manage) -> dict[str, Json]:
        """Write what an operator says: a new entry has a secret of its own, if none is given."""
        told = dict(action.arguments)
        if action.verb in ("add", "replace"):
            own = action.newcomer.id if action.newcomer else ""
            given = told.get("secret", self._secrets.get(own, ""))
            told["secret"] = _SECRET.sub(lambda found: self._secrets[found[1]], text(given))
        return told

    def _placeholder(self, header: bool | str) -> dict[str, str]:  # noqa: FBT001 (as written)
        canary = self.canaries.mint(PLACEHOLDER, Kind.PLACEHOLDER)
        usual = self._provider.credential(self._scenario.given.entries[0].auth_type)
        name = header if isinstance(header, str) else usual.header
        scheme = "Bearer" if name.lower() == "authorization" else ""
        return {name.lower(): f"{scheme} {canary.value}".strip()}

    def _pool_file(self) -> PoolFile:
        given = self._scenario.given
        return PoolFile(self._stands_for, mode=given.store_mode, link=given.store_is_link)

    def _pool(self) -> dict[str, Json]:
        given = self._scenario.given
        secrets = self._secrets
        entries: list[Json] = []
        for entry in self._scenario.entries:
            if entry.has_secret and entry.secret_id == entry.id:
                prefix = _token(entry.claims) or self._provider.credential(entry.auth_type).prefix
                secrets[entry.id] = self.canaries.mint(entry.id, Kind.ACCESS, prefix).value
        for entry in given.entries:
            written = self._entry(entry, secrets.get(entry.secret_id))
            entries += [written] if entry.source is None else []
        patience: dict[str, Json] = (
            {} if given.lock_timeout is None else {"lock_timeout": given.lock_timeout}
        )
        return {
            "provider": given.provider,
            "base_url": None if _is_custom(given.key) else self._base(Origin.MAIN),
            "token_url": self.urls[Origin.MAIN] + TOKEN_PATH,
            "strategy": given.strategy,
            "policy": {**given.policy},
            "entries": entries if given.store is None else [],
            "store": None if self.pool_file is None else str(self.pool_file.path),
            **patience,
        }

    def _seeds(self) -> dict[str, Json]:
        """Write what the pool is to be seeded from, and its files."""
        given = self._scenario.given
        told: dict[str, Json] = {} if given.key is None else {"key": self._filled(given.key)}
        if given.environment is not None:
            told["environment"] = self._filled({**given.environment})
        if self.home is not None and given.home is not None:
            self.home.write(given.home)
            told["home"] = str(self.home.path)
        return told

    def _filled(self, value: Json) -> Json:
        return filled(value, self._stands_for)

    def _entry(self, entry: Entry, secret: str | None) -> Json:
        # two rows with one secret are one login, and have one refresh token
        refresh = self._tokens.get(entry.secret_id) if entry.refreshable else None
        if entry.refreshable and refresh is None:
            refresh = self.canaries.mint(entry.id, Kind.REFRESH).value
        self._tokens[entry.id] = refresh
        expires_at = None if entry.expires_in is None else self.clock.now + entry.expires_in
        return {
            "id": entry.id,
            "label": entry.label,
            "auth_type": entry.auth_type,
            "secret": secret and entry.secret_as.replace("$secret", secret),
            "refresh_token": refresh,
            "expires_at": expires_at,
            "priority": entry.priority,
            "owner": entry.owner,
            "base_url": self._address(entry),
            **({} if entry.payer is None else {"payer": entry.payer}),
            **({"serves": [*entry.serves]} if entry.serves else {}),
        }

    def _address(self, entry: Entry) -> Json:
        if entry.base_url is not None:
            return self._filled(entry.base_url)
        return None if entry.origin is Origin.MAIN else self._base(entry.origin)

    def _stands_for(self, found: re.Match[str]) -> Json:
        kind, entry, base, unit, offset = found.groups()
        if base == "home":
            return None if self.home is None else str(self.home.path)
        if base == "host":
            return _named_after(self._base(Origin.MAIN))
        if base:
            token_url = self.urls[Origin.MAIN] + TOKEN_PATH
            own = Origin.OTHER if base == "other" else Origin.MAIN
            return token_url if base == "token" else self._base(own)
        if unit:
            return (self.clock.now + float(offset or 0)) * (1000 if unit == "millis" else 1)
        if kind == "refresh":
            return self._tokens[entry]
        return self._another(entry) if kind == "new" else self._secrets[entry]

    def _another(self, name: str) -> str:
        """Mint the secret that an entry has from now on."""
        entry = next(e for e in self._scenario.given.entries if e.id == name)
        prefix = self._provider.credential(entry.auth_type).prefix
        self._secrets[name] = self.canaries.mint(name, Kind.ACCESS, prefix).value
        return self._secrets[name]

    def _base(self, origin: Origin) -> str:
        return self.urls[origin] + self._provider.base_path


def _token(claims: Mapping[str, Json]) -> str | None:
    """Write the beginning of a JSON Web Token with these claims; the signature is the canary."""
    if not claims:
        return None
    parts = (json.dumps(part).encode() for part in ({"alg": "none"}, {**claims}))
    return "".join(base64.urlsafe_b64encode(part).decode().rstrip("=") + "." for part in parts)


def _named_after(url: str) -> str:
    """Return how the pool of an endpoint that nobody has named is called (custom.model.host)."""
    parts = urlsplit(url)
    here = parts.hostname in ("localhost", "127.0.0.1")
    return f"local-({parts.netloc})" if here else parts.netloc


def _is_custom(key: str | None) -> bool:
    """Tell whether the pool is that of an endpoint which the configuration names."""
    return key is not None and key.startswith("custom:")
