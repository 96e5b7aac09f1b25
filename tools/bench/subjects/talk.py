"""Shared by the programs of the subjects: each opens a task, and times its ways in turn.

One line of JSON on standard input is one command, and one line on standard output answers it. A task
returns its ways by name, such as the bare client and the pool; a way may return facts about its run.
"""

import json
import os
import sys
import time
import urllib.request
from functools import partial
from threading import Barrier, Thread


def serve(tasks):
    """Answer commands until standard input closes."""
    answers, sys.stdout = sys.stdout, sys.stderr  # some libraries print
    ways = {}
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            if "open" in asked:
                ways = tasks[asked["open"]](**asked["options"])
                answer = sorted(ways)
            else:
                answer = timed(ways, asked["rounds"], asked.get("pace", 0.0))
        except Exception as error:  # the bench tells it, and stops
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
    os._exit(0)  # a subject may have threads of its own


def timed(ways, rounds, pace):
    """Call the ways in turn; return each one's times and CPU times in nanoseconds, and its facts.

    With a pace, a round begins that many seconds after the one before it.
    """
    found = {name: {"wall": [], "cpu": [], "facts": []} for name in ways}
    orders = [[*ways.items()], [*reversed(ways.items())]]
    due = time.perf_counter()
    for n in range(rounds):
        if pace:
            due += pace
            time.sleep(max(0.0, due - time.perf_counter()))
        for name, work in orders[n % 2]:
            cpu, begun = time.thread_time_ns(), time.perf_counter_ns()
            facts = work()
            ended, done = time.perf_counter_ns(), time.thread_time_ns()
            into = found[name]
            into["wall"].append(ended - begun)
            into["cpu"].append(done - cpu)
            if isinstance(facts, dict):
                into["facts"].append(facts)
    return found


def at_once(work, threads):
    """Call something in that many threads that begin together; return what they raised, by name."""
    ready, errors = Barrier(threads), []

    def run():
        ready.wait()
        try:
            work()
        except Exception as error:  # the caller counts them
            errors.append(type(error).__name__)

    running = [Thread(target=run) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return errors


BODY = {"model": "gpt-5", "messages": [{"role": "user", "content": "hello " * 200}]}


def key(n):
    """Return the made-up key of an entry."""
    return f"sk-bench-{n:08d}-{'x' * 30}"


def row(n):
    """Return an entry's row as `auth.json` has it."""
    return {
        "id": f"e{n:08d}",
        "label": f"entry {n}",
        "auth_type": "api_key",
        "priority": n,
        "source": "manual",
        "access_token": key(n),
        "base_url": "http://127.0.0.1:1/v1",
        "last_status": "ok",
        "last_status_at": None,
        "last_error_code": None,
        "last_error_reason": None,
        "last_error_message": None,
        "request_count": n,
    }


def parse_row():
    """Return what parses one row: the unit in which a selection is measured."""
    text = json.dumps(row(7))
    return lambda: json.loads(text) and None


def put(path):
    """Return what writes bytes to a new file, syncs it, and puts it in the place of the old one."""

    def write(content):
        with open(f"{path}.new", "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(f"{path}.new", path)

    return write


def refused(url):
    """Return how many requests the server has refused since it was asked last."""
    with urllib.request.urlopen(f"{url}/refused") as answer:
        return int(answer.read())


def timed_bursts(url, prepared):
    """Return the burst of calls with a first key that is dead, and with one that is good.

    `prepared` returns, for a first key, what makes the calls and returns facts about them.
    """

    def one(first):
        burst = prepared(f"sk-bench-{first}-key")
        refused(url)
        begun = time.perf_counter_ns()
        facts = burst()
        took = time.perf_counter_ns() - begun
        return facts | {"wasted": refused(url), "took": took}

    return {"dead": partial(one, "dead"), "healthy": partial(one, "good")}
