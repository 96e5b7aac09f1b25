"""Write texts without what no reader may see: secrets, and what differs from machine to machine."""

import re
from typing import Final

from credpool_conformance.provider.canary import Canary, Kind
from credpool_conformance.scenarios.scenario import Origin
from credpool_conformance.testee.setup import Setup

HOSTS: Final = {Origin.MAIN: "provider.example", Origin.OTHER: "other.example"}
_TELLING: Final = 12
_NAMES: Final = {
    Kind.ACCESS: "secret",
    Kind.REFRESH: "refresh token",
    Kind.CODE: "code",
}
_CHANCE: Final = (
    (re.compile(r"code_verifier=\S+"), "code_verifier=<verifier>"),
    (re.compile(r"http://127\.0\.0\.1:\d+"), "http://127.0.0.1:<port>"),
)
"""Values that a pool makes up by itself, different in each run."""


class ShownSecretError(Exception):
    """A text that would show a part of a secret."""


class Mask:
    """The secrets and places of one scenario, by the names that stand for them."""

    def __init__(self, setup: Setup) -> None:
        """Give each secret a name; of several of one entry, each has its number."""
        found = setup.canaries.all()
        self._canaries = sorted(found, key=lambda canary: -len(canary.value))
        self._latest = {(canary.owner, canary.kind): canary.generation for canary in found}
        hosts = {setup.urls[origin].partition("//")[2]: HOSTS[origin] for origin in Origin}
        stored, home = setup.pool_file, setup.home
        self._places = {f"http://{host}": f"https://{name}" for host, name in hosts.items()} | hosts
        self._places |= {str(stored.path): "auth.json"} if stored else {}
        self._places |= {str(home.path): "~"} if home else {}

    def __call__(self, text: str) -> str:
        """Return the text with names in place of secrets, addresses and folders.

        Raises: ShownSecretError when a part of a secret would be left.
        """
        for canary in self._canaries:
            text = text.replace(canary.value, f"<{self._name(canary)}>")
        for place, name in self._places.items():
            text = text.replace(place, name)
        for pattern, name in _CHANCE:
            text = pattern.sub(name, text)
        for canary in self._canaries:
            if any(part in text for part in _parts(canary)):
                raise ShownSecretError(f"a part of the {self._name(canary)} would be shown")
        return text

    def _name(self, canary: Canary) -> str:
        if canary.kind is Kind.PLACEHOLDER:
            return "the caller's own"
        if canary.kind is Kind.SESSION:
            return canary.owner
        number = f" {canary.generation + 1}" if self._latest[canary.owner, canary.kind] else ""
        return f"{_NAMES[canary.kind]}{number} of {canary.owner}"


def _parts(canary: Canary) -> list[str]:
    """List every part that is long enough to be told from chance; a prefix is everybody's."""
    own = canary.value[canary.value.index(canary.mark) :]
    return [own[start : start + _TELLING] for start in range(len(own) - _TELLING + 1)]
