"""Headers of a request of `requests`, whose secret nobody sees but the client that sends them."""

from collections.abc import MutableMapping
from traceback import walk_stack
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict

Headers = MutableMapping[str, str | bytes]

_SENDING: Final = (requests.Session.send.__code__, HTTPAdapter.send.__code__)


class SealedHeaders(CaseInsensitiveDict[str | bytes]):
    """Headers whose secret is among the `items` alone, which the connection writes."""

    def __init__(self, headers: Headers, secret: tuple[str, str]) -> None:
        super().__init__(headers)
        self._secret = secret

    def items(self) -> Any:  # noqa: ANN401  a view of what is no view
        """Return the headers as they are written to the connection; nobody else sees the secret."""
        sent = [self._secret] if _is_sent() else []
        return [*super().items(), *sent]  # spec: security.redirect+3

    def shown(self) -> CaseInsensitiveDict[str | bytes]:
        """Return the headers without the secret."""
        return CaseInsensitiveDict(dict(super().items()))

    def copy(self) -> "SealedHeaders":
        """Return headers with the secret, for the connection to a proxy."""
        return SealedHeaders(self.shown(), self._secret)

    def __repr__(self) -> str:
        return repr(self.shown())

    def __reduce__(self) -> tuple[type, tuple[dict[str, str | bytes]]]:
        return CaseInsensitiveDict, (dict(super().items()),)  # spec: security.no-leak+2


def _is_sent() -> bool:
    """Whether a client is sending: the request of a failed connection is in the error, and no hook is told."""
    return any(frame.f_code in _SENDING for frame, _ in walk_stack(None))
