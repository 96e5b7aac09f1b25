"""Freeze time in this process at the suite's clock, and turn `time.sleep` into a `wait`.

For testees in process; freezegun freezes, and is started once, because it walks through every module.
A testee with a clock of its own from the commands is not disturbed by any of it.
"""

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import SupportsIndex

import freezegun
import freezegun.api

from credpool_conformance.json_values import Json
from credpool_conformance.provider.inbox import Deliver, Message, Said
from credpool_conformance.scenarios.clock import EPOCH

# Modules that must keep the real clock: ours, what waits for threads, and what runs our tests.
_REAL = [
    "credpool_conformance",
    "threading",
    "queue",
    "concurrent",
    "subprocess",
    "selectors",
    "_pytest",
]


@dataclass(slots=True)
class _Sleeper:
    """A call that was caught in `time.sleep`; `seq` is the command it must answer next."""

    call: str
    seq: Json
    deliver: Deliver
    wake: threading.Event


class FrozenTime:
    """The clock of everything in this process but the suite."""

    def __init__(self) -> None:
        """Prepare, but freeze nothing yet."""
        self._now = EPOCH
        self._local = threading.local()
        self._sleepers: dict[str, _Sleeper] = {}
        self._answers: dict[Json, Json] = {}
        self._world = contextlib.ExitStack()
        self._moved: freezegun.api.FrozenDateTimeFactory | None = None

    def start(self) -> None:
        """Freeze."""
        self._world = contextlib.ExitStack()
        limit = freezegun.api.call_stack_inspection_limit
        # Threads would otherwise see the real time: `threading` is in every thread's stack.
        freezegun.api.call_stack_inspection_limit = 0
        self._world.callback(setattr, freezegun.api, "call_stack_inspection_limit", limit)
        frozen = freezegun.freeze_time(_datetime(self._now), ignore=_REAL, real_asyncio=True)
        started = frozen.start()
        if isinstance(started, freezegun.api.FrozenDateTimeFactory):
            self._moved = started
        self._world.callback(frozen.stop)
        self._world.callback(setattr, time, "sleep", time.sleep)
        time.sleep = self._sleep

    def stop(self) -> None:
        """Give the real time back."""
        self._world.close()

    def incoming(self, message: Message, deliver: Deliver) -> bool:
        """Move the clock to a command's time; tell whether the command woke a sleeper up.

        `deliver` is the voice of the testee that it goes to.
        """
        now = message.get("now")
        if isinstance(now, int | float) and now != self._now:
            self._now = float(now)
            if self._moved is not None:
                self._moved.move_to(_datetime(self._now))
        if message["cmd"] == "configure":
            others = {k: s for k, s in self._sleepers.items() if s.deliver != deliver}
            self._sleepers = others
        sleeper = self._sleepers.pop(str(message.get("call")), None)
        if message["cmd"] != "resume" or sleeper is None:
            return False
        self._answers[sleeper.seq] = message["seq"]
        sleeper.wake.set()
        return True

    def outgoing(self, message: Message) -> Message:
        """Let the answer to a call that slept count for the `resume` that woke it."""
        seq = message.get("seq")
        while seq in self._answers:
            seq = self._answers.pop(seq)
        return {**message, "seq": seq} if "seq" in message else message

    @contextlib.contextmanager
    def sleeping_for(self, message: Message, deliver: Deliver) -> Iterator[None]:
        """Remember in this thread which call, of which testee, would be the one to sleep."""
        self._local.message, self._local.deliver = message, deliver
        yield

    def _sleep(self, seconds: float | SupportsIndex, /) -> None:
        message: Message | None = getattr(self._local, "message", None)
        if message is None or message["cmd"] not in ("call", "resume") or float(seconds) <= 0:
            return
        call, deliver = str(message["call"]), self._local.deliver
        sleeper = _Sleeper(call, message["seq"], deliver, threading.Event())
        self._sleepers[call] = sleeper
        wait: Json = {"until": self._now + float(seconds), "why": "retry"}
        deliver(Said(self.outgoing({"seq": message["seq"], "wait": wait})))
        sleeper.wake.wait()


def _datetime(moment: float) -> datetime:
    return datetime.fromtimestamp(moment, UTC).replace(tzinfo=None)
