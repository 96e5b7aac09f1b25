"""The requests and replies of a fake provider. Not for use in production."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import parse_qs

_CREDENTIAL_HEADERS: Final = ("authorization", "x-api-key", "x-goog-api-key", "api-key")


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeReply:
    """One reply; a body that is not bytes is sent a chunk at a time, as it is produced.

    `dropped` closes the connection instead of replying.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Iterable[bytes] = b""
    dropped: bool = False

    @classmethod
    def error(
        cls,
        status: int,
        code: str | None = None,
        message: str = "refused",
        headers: Mapping[str, str] | None = None,
    ) -> Self:
        """Return an error in the envelope that most providers use."""
        data = {"error": {"message": message, "type": code, "param": None, "code": code}}
        return cls.json(data, status=status, headers=headers)

    @classmethod
    def json(
        cls, data: object, *, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> Self:
        """Return a reply with a JSON body."""
        typed = {"content-type": "application/json", **(headers or {})}
        return cls(status=status, headers=typed, body=json.dumps(data).encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeRequest:
    """One request as it arrived; the names of headers are in lower case."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def credentials(self) -> tuple[tuple[str, str], ...]:
        """Every credential in the request, behind the name of its header."""
        found = [(name, value) for name, value in self.headers if name in _CREDENTIAL_HEADERS]
        return tuple((name, value.removeprefix("Bearer ")) for name, value in found)

    @property
    def secret(self) -> str:
        """The credential, or the refresh token in a form; empty when there is none."""
        form = parse_qs(self.body.decode("utf-8", "replace")).get("refresh_token", [""])
        return next((value for _, value in self.credentials), form[0])

    def header(self, name: str) -> str | None:
        """Return a header's value, or None."""
        return next((value for found, value in self.headers if found == name), None)
