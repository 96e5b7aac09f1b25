"""A request as it reached the provider, and how scenarios write it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from credpool_conformance.provider.canary import Canaries, Canary, Kind
from credpool_conformance.scenarios.scenario import Origin
from credpool_conformance.scenarios.script import Sent

TOKEN_PATH: Final = "/oauth/token"  # noqa: S105 (a path)
DEVICE_PATH: Final = "/oauth/device"
AUTHORIZE_PATH: Final = "/oauth/authorize"
MOVED_PATH: Final = "/moved"
_OF_TOKENS: Final = (Kind.REFRESH, Kind.CODE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as it arrived."""

    origin: Origin
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: str

    @property
    def is_token(self) -> bool:
        """Tell whether it went to the token endpoint."""
        return self.origin is Origin.MAIN and self.path.partition("?")[0] == TOKEN_PATH

    @property
    def is_device(self) -> bool:
        """Tell whether it began a login by device code."""
        return self.origin is Origin.MAIN and self.path.partition("?")[0] == DEVICE_PATH

    def texts(self) -> list[str]:
        """All places in which a secret could travel."""
        return [self.path, *(value for _, value in self.headers), self.body]


@dataclass(slots=True, kw_only=True)
class Seen:
    """One request on the wire log, as the judge reads it; `sent` is the reply once it is sent."""

    item: str
    at: float
    request: Request
    canaries: tuple[Canary, ...]
    sent: Sent | None = None


def wire_item(request: Request, found: Iterable[Canary], canaries: Canaries) -> str:
    """Write a request the way scenarios do: `a`, `-`, `other:-`, `token:a`, `a~old`."""
    kind = Kind.REFRESH if request.is_token else Kind.ACCESS
    names: list[str] = []
    for canary in found:
        if request.is_token and canary.kind is Kind.ACCESS:
            continue
        usual = canary.kind is kind or (request.is_token and canary.kind in _OF_TOKENS)
        suffix = "" if usual else f".{canary.kind.value}"
        age = "" if canaries.is_newest(canary) else "~old"
        names.append(f"{canary.owner}{suffix}{age}")
    prefix = "token:" if request.is_token else _PREFIXES[request.origin]
    return prefix + ("+".join(names) or "-")


_PREFIXES: Final = {Origin.MAIN: "", Origin.OTHER: "other:"}
