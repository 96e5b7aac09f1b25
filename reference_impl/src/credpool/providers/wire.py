"""The headers that carry a credential, and where they may go (spec: security). No I/O."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_plus, urlsplit

from credpool.model.credential import bare
from credpool.model.entry import Entry
from credpool.model.errors import BadInput, WrongOrigin
from credpool.model.secret import Secret
from credpool.providers.owner import claimed
from credpool.providers.registry import Provider

_CREDENTIAL_HEADERS: Final = frozenset(
    {b"authorization", b"x-api-key", b"x-goog-api-key", b"api-key"}
)
SESSION_HEADER: Final = "x-credpool-session"
"""By which a caller says which session a request belongs to; it goes no further."""

_NOT_UPSTREAM: Final = _CREDENTIAL_HEADERS | {SESSION_HEADER.encode()}
_PORTS: Final[Mapping[str, int]] = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Seal:
    """The headers that an attempt adds to the caller's, and those that it takes away.

    `secret` goes onto the wire alone; `plain` may be seen by anyone.
    """

    drop: frozenset[bytes]
    plain: tuple[tuple[bytes, bytes], ...]
    name: bytes
    value: bytes
    fixed: bool
    """Whether it is the same for every request with this entry."""

    def __repr__(self) -> str:
        return f"Seal(name={self.name!r}, value=***)"


def origin(url: str) -> str:
    """Return scheme, host and port of a URL, the port always written."""
    parts = urlsplit(url)
    port = parts.port or _PORTS.get(parts.scheme, 0)
    return f"{parts.scheme}://{parts.hostname}:{port}"


def base_url(entry: Entry, provider: Provider) -> str:
    """Return the endpoint the entry belongs to: its own, its type's, or the provider's."""
    usual = provider.credential(entry.auth_type).base_url or provider.base_url
    return bare(entry.base_url or usual or "").rstrip("/")  # spec: pool.blanks+2


def target(
    url: str, entry: Entry, provider: Provider, bases: Callable[[], Iterable[str]]
) -> str | None:
    """Return where else the request goes with this entry: key and URL are swapped together.

    Raises:
        BadInput: nobody has said where the entry belongs.
        WrongOrigin: the request is for no endpoint of the pool.
    """
    own = base_url(entry, provider)
    if not own:
        raise BadInput(
            f"entry {entry.id!r} has no base_url, and {provider.name!r} has no endpoint of its own; "
            "give the entry its base_url"
        )
    if url.startswith(own + "/") or origin(url) == origin(own):
        return None  # spec: security.own-origin+2
    for base in bases():
        if url == base or url.startswith(base + "/"):
            return own + url[len(base) :]
    raise WrongOrigin(asked=origin(url), allowed=origin(own))


def without_credential(url: str, provider: Provider) -> str:
    """Return the URL without the credential that a caller has put into its query."""
    if not provider.credential_query or "?" not in url:
        return url
    place, _, rest = url.partition("?")
    query, mark, fragment = rest.partition("#")
    parts = query.split("&")
    names = provider.credential_query
    stored = [p for p in parts if unquote_plus(p.partition("=")[0]) not in names]
    if len(stored) == len(parts):
        return url
    return f"{place}?{'&'.join(stored)}{mark}{fragment}" if stored else f"{place}{mark}{fragment}"


def seal(entry: Entry, provider: Provider, headers: Mapping[str, str]) -> Seal:
    """Return how the entry's credential travels in a request with these headers."""
    assert entry.secret is not None, "only available entries are sent"
    # spec: security.no-leak+2
    assert entry.secret.flaw is None, (
        "only usable entries are sent: the client's error would show it"
    )
    how = provider.credential(entry.auth_type)
    name, scheme = how.header, how.scheme
    if name == "x-api-key" and name not in headers and "authorization" in headers:
        name, scheme = "authorization", "Bearer"  # newer SDKs send keys so, and say so here
    extra = {k: _joined(headers.get(k), v) for k, v in how.extra_headers.items()}
    account = claimed(entry, provider) if how.account_header is not None else None
    fixed = how.header == "authorization" and not extra
    if how.account_header is not None and account is not None and _is_plain(account):
        extra[how.account_header] = account  # spec: oauth.account-header+1
    return Seal(
        # spec: security.one-secret+3, affinity.private+2
        drop=_NOT_UPSTREAM | {k.encode() for k in extra},
        plain=tuple((k.encode(), v.encode()) for k, v in extra.items()),
        name=name.encode(),
        value=_written(scheme, entry.secret),
        fixed=fixed,
    )


def _written(scheme: str | None, secret: Secret) -> bytes:
    """Return the header's value; half a character is encoded too, for an error would show it all."""
    value = secret.reveal().encode(errors="surrogatepass")
    return f"{scheme} ".encode() + value if scheme else value


def _is_plain(text: str) -> bool:
    """Whether a header can carry the text."""
    return text.isascii() and text.isprintable() and text == text.strip()


def _joined(present: str | None, wanted: str) -> str:
    """Return a comma list with `wanted` in it once, keeping what the caller had."""
    listed = [part.strip() for part in (present or "").split(",") if part.strip()]
    return ",".join(listed if wanted in listed else [*listed, wanted])
