"""Several processes do random things to one pool, some are killed, and the file is looked at meanwhile.

    python many_processes.py FOLDER PROCESSES OPERATIONS KILLS [SEED]

Calls, resets, new keys, removals and saved counts, on keys that run out of money and on logins that are refreshed at a server with rotation and reuse detection. It prints what was found, one figure for each thing that must not happen, and leaves judging to its reader.
"""

import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import httpx2

from credpool import AuthType, CredpoolError, Entry, EntryId, Operator, Pool, Secret, Strategy
from credpool.errors import UnknownEntry
from credpool.httpx2 import PoolAuth
from credpool.stores import JsonFileStore

LOGINS = ("l0", "l1")
EACH_TOKEN = 8  # requests; then it has expired
PATIENCE = 500  # seconds, which only a broken run takes
NO_MONEY = 0.06


class Provider(ThreadingHTTPServer):
    """Answers keys and logins, and notes what it was sent."""

    daemon_threads = True

    def __init__(self, seed):
        super().__init__(("127.0.0.1", 0), Answers)
        self.dice, self.lock = random.Random(seed), threading.Lock()  # noqa: S311  it deals no secrets
        self.sent, self.left, self.posted = Counter(), Counter(), {}
        self.serial = Counter()

    def handle_error(self, *_):
        """Say nothing of those who were killed while they listened."""

    def answer(self, token, worker):
        """Return the status for a request with that token."""
        with self.lock:
            self.sent[token.partition(".")[0], worker] += 1
            if "." in token:
                self.left[token] -= 1
                current = token == f"{token.partition('.')[0]}.{self.serial[token[:2]]}"
                return 200 if current and self.left[token] > -EACH_TOKEN else 401
            return 402 if self.dice.random() < NO_MONEY else 200

    def exchange(self, grant):
        """Return new tokens for a grant, or nothing when it was presented before."""
        with self.lock:
            self.posted.setdefault(grant, []).append(time.time())
            name, _, serial = grant.removeprefix("grant-").partition(".")
            if int(serial) != self.serial[name]:
                return None
            self.serial[name] += 1
            now = f"{name}.{self.serial[name]}"
            return {"access_token": now, "refresh_token": f"grant-{now}", "expires_in": 3600}


class Answers(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        """Answer."""
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path == "/token":
            told = self.server.exchange(parse_qs(body.decode())["refresh_token"][0])
            return self._say(200 if told else 400, told or {"error": "invalid_grant"})
        token = self.headers["authorization"].removeprefix("Bearer ")
        status = self.server.answer(token, self.headers["x-worker"])
        codes = {401: "token_expired", 402: "insufficient_quota"}
        return self._say(status, {"error": {"code": codes[status]}} if status in codes else {})

    def _say(self, status, told):
        content = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        """Say nothing."""


def entry(url, name):
    """Make a key or a login that belongs to the provider."""
    made = Entry(id=EntryId(name), secret=Secret(name), base_url=f"{url}/v1", priority=ord(name[0]))
    if name not in LOGINS:
        return made
    login = replace(made, auth_type=AuthType.OAUTH, secret=Secret(f"{name}.0"))
    return replace(login, refresh_token=Secret(f"grant-{name}.0"), token_url=f"{url}/token")


def opened(path):
    """Open the pool."""
    return Pool(JsonFileStore(path, "generic", strategy=Strategy.RANDOM, lock_timeout=60))


def work(path, url, worker, operations, seed):
    """Do that many random things, and say each that others must not lose."""
    pool, dice = opened(path), random.Random(f"{seed} {worker}")  # noqa: S311
    operator = Operator(pool)
    headers = {"x-worker": worker}
    with httpx2.Client(auth=PoolAuth(pool), headers=headers, timeout=60) as client:
        for n in range(int(operations)):
            what = dice.choices(("call", "reset", "add", "remove", "flush"), (76, 8, 5, 5, 6))[0]
            try:
                done = once(what, pool, operator, client, f"{url}/v1/x", f"x{worker}-{n}", dice)
            except CredpoolError as err:
                done = f"error {type(err).__name__}"
            print(done, flush=True)
    pool.flush()
    print("ended", flush=True)


def once(what, pool, operator, client, url, name, dice):
    """Do one thing, and return what is to be said of it."""
    if what == "call":
        return f"call {client.post(url, json={}).status_code}"
    if what == "add":
        added = operator.add(Secret(name), base_url=url.removesuffix("/x"))
        return f"added {added.id} {name}"
    if what == "remove":
        mine = [e.id for e in pool.state.entries if e.secret and e.secret.reveal()[0] == "x"]
        if not mine:
            return "nothing"
        gone = dice.choice(mine)
        print(f"removing {gone}", flush=True)
        try:
            operator.remove(gone)
        except UnknownEntry:  # somebody else was quicker
            return "nothing"
        return f"removed {gone}"
    return f"{what} {pool.reset() if what == 'reset' else pool.flush()}"


class Workers:
    """The processes, one after the other in each place, and what all have said."""

    def __init__(self, path, url, seed, folder):
        self.path, self.url, self.seed, self.folder = path, url, seed, folder
        self.running, self.born, self.killed = {}, 0, {}

    def start(self, operations):
        """Start one."""
        self.born += 1
        name = f"{self.born}"
        given = [str(self.path), self.url, name, str(operations), str(self.seed)]
        with (self.folder / f"said-{name}").open("w") as said:
            command = [sys.executable, __file__, "work", *given]
            self.running[name] = (subprocess.Popen(command, stdout=said), operations)  # noqa: S603

    def kill(self, name):
        """Kill one, and start another for what it had to do."""
        process, operations = self.running.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.killed[name] = time.time()
        done = sum(not line.startswith("removing") for line in self.said(name))
        if done < operations:
            self.start(operations - done)

    def said(self, name):
        """Return what one has said, in whole lines."""
        return (self.folder / f"said-{name}").read_text().split("\n")[:-1]

    def lines(self):
        """Return what all have said."""
        return [line.split() for n in range(1, self.born + 1) for line in self.said(f"{n}")]


def look(path, ended, found):
    """Read the file over and over, as any program and as ours; count what is no whole pool."""
    store = JsonFileStore(path, "generic")
    while not ended.is_set():
        try:
            found["reads"] += 1
            json.loads(path.read_bytes())
            store.load()
        except (ValueError, CredpoolError):
            found["torn"] += 1
        ended.wait(0.005)


def judged(workers, provider, path):
    """Return what must not have happened, by name."""
    lines, entries = workers.lines(), JsonFileStore(path, "generic").load().entries
    there = {e.id for e in entries}
    added = {line[1] for line in lines if line[0] == "added"}
    asked = {line[1] for line in lines if line[0] == "removing"}
    removed = {line[1] for line in lines if line[0] == "removed"}
    again = [times for times in provider.posted.values() if len(times) > 1]
    excused = [t for t in again if any(t[0] - 1 < k < t[0] + 61 for k in workers.killed.values())]
    wrong = Counter()
    for one in entries:
        name = one.secret.reveal().partition(".")[0]
        sent = {w: n for (token, w), n in provider.sent.items() if token == name}
        least = sum(n for w, n in sent.items() if w not in workers.killed)
        wrong[least <= one.request_count <= sum(sent.values())] += 1
    return {
        "lost": len(added - asked - there),
        "back": len(removed & there),
        "miscounted": wrong[False],
        "counted": wrong[True],
        "grants": len(provider.posted),
        "grants posted again": len(again),
        "of these beside a kill": len(excused),
        "dead": [e.id for e in entries if e.dead],
        "errors": dict(Counter(line[1] for line in lines if line[0] == "error")),
        "calls": dict(Counter(line[1] for line in lines if line[0] == "call")),
        "operations": sum(line[0] not in ("removing", "ended") for line in lines),
        "kills": len(workers.killed),
    }


def main(folder, processes, operations, kills, seed="0"):
    """Let them work, kill some, and print what was found."""
    folder, dice = Path(folder), random.Random(seed)  # noqa: S311
    path, provider = folder / "auth.json", Provider(seed)
    url = f"http://127.0.0.1:{provider.server_address[1]}"
    threading.Thread(target=provider.serve_forever, args=(0.01,), daemon=True).start()
    names = ("k0", "k1", "k2", "k3", *LOGINS)
    entries = tuple(entry(url, name) for name in names)
    JsonFileStore(path, "generic").update(lambda s: replace(s, entries=entries))
    ended, found = threading.Event(), Counter({"reads": 0, "torn": 0})
    reader = threading.Thread(target=look, args=(path, ended, found))
    reader.start()
    workers = Workers(path, url, seed, folder)
    for _ in range(int(processes)):
        workers.start(int(operations) // int(processes))
    until = time.monotonic() + PATIENCE
    while workers.running and time.monotonic() < until:
        time.sleep(0.02)
        for name in [
            n for n, (process, _) in workers.running.items() if process.poll() is not None
        ]:
            del workers.running[name]
        begun = [n for n in workers.running if len(workers.said(n)) > 20]
        if len(workers.killed) < int(kills) and begun and dice.random() < 0.5:
            workers.kill(dice.choice(begun))
    stuck = len(workers.running)
    for process, _ in workers.running.values():
        process.kill()
    ended.set()
    reader.join()
    JsonFileStore(path, "generic").update(
        lambda s: s.change({e.id: replace(e, label="end") for e in s.entries})
    )
    left = [file.name for file in folder.iterdir() if file.suffix == ".tmp"]
    print(json.dumps({**found, "stuck": stuck, "left": left, **judged(workers, provider, path)}))


if __name__ == "__main__":
    work(*sys.argv[2:]) if sys.argv[1] == "work" else main(*sys.argv[1:])
