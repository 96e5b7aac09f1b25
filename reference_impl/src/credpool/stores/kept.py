"""The row that is kept of an entry, by a store with a row for each (spec: storage).

The rows are those of `auth.json`. Secrets are known by an index, so that one change of ten thousand
entries looks at the one that it changes.
"""

from collections.abc import Iterable

from credpool.model.entry import Entry
from credpool.model.policy import Policy, Strategy
from credpool.model.secret import Veiled
from credpool.model.state import PoolState
from credpool.providers.redact import KnownSecrets, known_secrets, redact
from credpool.providers.registry import Provider
from credpool.stores.auth_json import codec


def empty_pool(
    key: str, provider: str | Provider | None, strategy: Strategy, policy: Policy | None
) -> PoolState:
    """Return the pool without entries; its provider is its key's, if not told."""
    known = provider if isinstance(provider, Provider) else None
    usual = "generic" if key.startswith("custom:") else key
    return PoolState(
        key=key,
        provider=known.name if known is not None else str(provider or usual),
        described=known,
        strategy=strategy,
        policy=policy or Policy(),
    )


class Keeper:
    """Makes rows of a pool's entries, and entries of its rows."""

    def __init__(self, key: str, fingerprint_key: bytes | None) -> None:
        self._key = key
        self._fingerprint_key = fingerprint_key
        self._secrets = KnownSecrets()
        self._met: list[Entry] = []
        """Entries whose secrets are to be known before a message is next kept."""

    def knows(self, entries: Iterable[Entry]) -> None:
        """Take these entries' secrets out of every message from now on."""
        self._met += entries

    def row(self, entry: Entry) -> tuple[Entry, Veiled]:
        """Return an entry as it will be read again, and its row.

        Raises:
            ValueError, OverflowError: it cannot be written.
        """
        return codec.settled(self._stored(entry), self._key)

    def entry(self, text: str, index: int, before: Entry | None) -> Entry:
        """Return the entry of a row; the one there was, if it is equal.

        Raises:
            Malformed: the row says something that the format does not.
        """
        entry = codec.decode_row(codec.parsed(text), key=self._key, index=index)
        self.knows((entry,))
        entry = self._stored(entry)
        return before if before is not None and before == entry else entry

    def _stored(self, entry: Entry) -> Entry:
        return codec.as_stored(
            entry,
            key=self._key,
            clean=self._clean,
            fingerprint_key=self._fingerprint_key,
        )

    def _clean(self, text: str) -> str:
        met, self._met = self._met, []
        self._secrets.add(known_secrets(met))
        return redact(text, self._secrets)
