"""The person who logs in, and the browser: the suite plays both (spec: logins).

What the testee prompts is looked at, and its redirect address is visited over real loopback HTTP.
"""

import base64
import hashlib
import http.client
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

from credpool_conformance.json_values import Json, fields, text
from credpool_conformance.provider.canary import Kind
from credpool_conformance.provider.requests import Seen
from credpool_conformance.scenarios.scenario import Login
from credpool_conformance.testee.setup import Setup

_LOOPBACK: Final = ("127.0.0.1", "::1")
_HERE: Final = (*_LOOPBACK, "localhost")
_PATIENCE: Final = 10.0
_SHORTEST: Final = 43
"""The fewest characters of a verifier (RFC 7636, section 4.1), and of what replaces it."""

_SHORTEST_STATE: Final = 16
_GRANTS: Final = {
    "device": "urn:ietf:params:oauth:grant-type:device_code",
    "pkce": "authorization_code",
}
_ANSWERS: Final[Mapping[str, Mapping[str, str]]] = {
    "allow": {},
    "deny": {"error": "access_denied"},
    "no-code": {},
}
_STRANGE: Final = "made-up-by-another-page"
_STRANGERS: Final[Mapping[str, Mapping[str, str]]] = {
    "wrong-state": {"state": _STRANGE},
    "no-state": {},
    "wrong-host": {"host": "login.example"},
}
"""An intruder who answers before the person does: by state, or by host name."""


class LoginUser:
    """Somebody who is asked to log in, once."""

    def __init__(self, login: Login, setup: Setup) -> None:
        """Begin before anything was asked."""
        self._login = login
        self._setup = setup
        self._asked: Mapping[str, str] = {}
        self._faults: list[str] = []
        self._code = ""
        self.prompts = 0

    def command(self) -> dict[str, Json]:
        """Say what the testee is told of the login."""
        login = self._login
        urls = self._setup.login_urls
        return {
            "login": login.name,
            "flow": login.flow,
            "client_id": login.client_id,
            "entry": login.entry,
            **urls,
        }

    def look(self, prompt: Mapping[str, Json], wire: Iterable[Seen]) -> None:
        """Read what is prompted, and note what is wrong with it."""
        self.prompts += 1
        url, code = text(prompt.get("url")), prompt.get("code")
        if self._login.flow == "pkce":
            self._faults += self._read(url)
            return
        sent = next((s.sent for s in wire if s.request.is_device and s.sent is not None), None)
        told = fields(json.loads(sent.body)) if sent is not None else {}
        if code != told.get("user_code"):
            self._faults.append("the prompt has not the code that the provider gave")
        if url not in (told.get("verification_uri"), told.get("verification_uri_complete")):
            self._faults.append("the prompt has not the address that the provider gave")

    def visit(self) -> None:
        """Come back to the testee as a browser does, after a stranger if there is one."""
        if self._login.flow != "pkce":
            return
        stranger = _STRANGERS.get(self._login.answer)
        if stranger is not None:
            own = self._asked.get("state", "") if "host" in stranger else None
            state = stranger.get("state", own)
            query = {"code": _STRANGE} if state is None else {"code": _STRANGE, "state": state}
            self._come(query, stranger.get("host"))
        self._come(self._answer(), None)

    def _come(self, query: Mapping[str, str], host: str | None) -> None:
        """Visit the redirect address; the page there does not matter."""
        target = urlsplit(self._asked.get("redirect_uri", ""))
        if target.hostname not in _HERE or not target.port:
            return
        connection = http.client.HTTPConnection(target.hostname, target.port, timeout=_PATIENCE)
        try:
            headers = {} if host is None else {"host": f"{host}:{target.port}"}
            path = f"{target.path or '/'}?{urlencode(query)}"
            connection.request("GET", path, headers=headers)
            connection.getresponse().read()
        except OSError as error:
            self._faults.append(f"nobody answers at the redirect address: {error}")
        finally:
            connection.close()

    def faults(self, wire: Iterable[Seen]) -> list[str]:
        """List what was wrong with the prompt, and with the requests that followed."""
        found = [*self._faults]
        for seen in wire:
            if seen.request.is_device or seen.request.is_token:
                found += self._wrong(form_of(seen), is_device=seen.request.is_device)
        return [*dict.fromkeys(found)]

    def _answer(self) -> dict[str, str]:
        login, setup = self._login, self._setup
        answer = dict(_ANSWERS.get(login.answer, {}))
        if login.answer not in ("deny", "no-code"):
            answer["code"] = self._code = setup.canaries.mint(login.name, Kind.CODE).value
        return {**answer, "state": self._asked.get("state", "")}

    def _read(self, url: str) -> Iterator[str]:
        address, _, query = url.partition("?")
        self._asked = {name: values[0] for name, values in parse_qs(query).items()}
        if address != self._setup.login_urls["authorize_url"]:
            yield "the prompt is not the provider's address"
        wanted = {
            "response_type": "code",
            "client_id": self._login.client_id,
            "code_challenge_method": "S256",
        }
        for name, value in wanted.items():
            if self._asked.get(name) != value:
                yield f"the prompt's {name} is {self._asked.get(name)!r}, not {value!r}"
        if len(self._asked.get("code_challenge", "")) != _SHORTEST:
            yield "the prompt's code_challenge is no digest"
        if len(self._asked.get("state", "")) < _SHORTEST_STATE:
            yield "the prompt's state can be guessed"
        target = urlsplit(self._asked.get("redirect_uri", ""))
        if target.scheme != "http" or target.hostname not in _LOOPBACK or not target.port:
            yield "the redirect address is not this machine's own"

    def _wrong(self, form: Mapping[str, str], *, is_device: bool) -> Iterator[str]:
        if form.get("client_id") != self._login.client_id:
            yield f"the client is {form.get('client_id')!r}, not {self._login.client_id!r}"
        if is_device:
            return
        grant = _GRANTS[self._login.flow]
        if form.get("grant_type") != grant:
            yield f"the grant_type is {form.get('grant_type')!r}, not {grant!r}"
        if self._login.flow != "pkce":
            return
        verifier = form.get("code_verifier", "")
        if len(verifier) < _SHORTEST:
            yield "the code_verifier is too short"
        if _digest(verifier) != self._asked.get("code_challenge"):
            yield "the code_verifier is not what was promised"
        if form.get("code") != self._code:
            yield "the code is not the one that the person's browser has brought"
        if form.get("redirect_uri") != self._asked.get("redirect_uri"):
            yield "the redirect_uri is another one at the token endpoint"


def wrong_clients(wire: Iterable[Seen], clients: Mapping[str, str]) -> list[str]:
    """List the refreshes that do not name the client with which the login was made."""
    found: list[str] = []
    for seen in wire:
        owner = next((c.owner for c in seen.canaries if c.kind is Kind.REFRESH), None)
        wanted = None if owner is None else clients.get(owner)
        if wanted is None or not seen.request.is_token:
            continue
        told = form_of(seen).get("client_id")
        if told != wanted:
            found.append(f"the client of {owner} is {told!r} at its refresh, not {wanted!r}")
    return found


def form_of(seen: Seen) -> Mapping[str, str]:
    """Return the fields of a request to a token endpoint, which is a form or JSON."""
    body = seen.request.body
    if body.lstrip().startswith("{"):
        try:
            return {name: text(value) for name, value in fields(json.loads(body)).items()}
        except ValueError:
            return {}
    return {name: values[0] for name, values in parse_qs(body).items()}


def _digest(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
