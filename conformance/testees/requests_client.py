"""The reference library under test, as a program that sends with `requests`.

All but the client is that of `reference.py`.
"""

import gc
import sys
from pathlib import Path
from types import SimpleNamespace

import requests

sys.path.insert(0, str(Path(__file__).parent))

import reference

import credpool.requests


class Client:
    """A session that is used as `reference.py` uses a client of `httpx2`."""

    def __init__(self, *, follow_redirects):
        self.follows = follow_redirects
        self.session = requests.Session()
        self.session.trust_env = False
        self.failed = False

    def build_request(self, method, url, **rest):
        if self.failed:
            gc.collect()  # `requests` tells nobody of a failure; the call ends with its error
        self.failed = False
        return requests.Request(method, url, **rest)

    def send(self, request, *, auth, stream):
        request.auth = auth
        prepared = self.session.prepare_request(request)
        self.failed = True
        got = self.session.send(prepared, stream=stream, allow_redirects=self.follows)
        self.failed = False
        got.is_success = got.status_code < 300
        got.iter_bytes = lambda: got.iter_content(None)
        return got


class Testee(reference.Testee):
    """Send with another client."""

    def __init__(self, emit):
        super().__init__(emit, "httpx2")
        self.http = SimpleNamespace(HTTPError=requests.RequestException)
        self.auth = credpool.requests.PoolAuth
        self.clients = {yes: Client(follow_redirects=yes) for yes in (False, True)}


if __name__ == "__main__":
    reference.serve(Testee)
