"""Talk to a testee that is a Python object in this process: the same messages, no pipe.

HTTP goes through respx (see `intercept`), time through freezegun (see `frozen`).
The object is any `Testee(emit)` with `handle(message)`; it replies by `emit`, from any thread.
"""

import contextlib
import importlib
import importlib.util
import io
import os
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Final, Protocol, Self

from credpool_conformance.problems import HarnessError
from credpool_conformance.provider.inbox import Broke, Deliver, Message, Said
from credpool_conformance.provider.intercept import Intercept
from credpool_conformance.provider.mock import Mock
from credpool_conformance.testee.connectors import HOST_VARIABLES
from credpool_conformance.testee.connectors.frozen import FrozenTime

_CLASS: Final = "Testee"
_MAX_OUTPUT: Final = 256 * 1024


class Testee(Protocol):
    """The methods that the object must have."""

    def handle(self, message: Message) -> None:
        """Take one command; a call may block here, it has a thread of its own."""


class World:
    """The mocks around testee objects, as long as one of them lives."""

    def __init__(self, mock: Mock) -> None:
        """Prepare, but change nothing yet."""
        self.intercept = Intercept(mock)
        self.written = _Written()
        self.time = FrozenTime()
        self._inhabitants = 0
        self._changed = contextlib.ExitStack()

    def enter(self) -> None:
        """Change the world for one more testee."""
        self._inhabitants += 1
        if self._inhabitants > 1:
            return
        self._changed = contextlib.ExitStack()
        self._changed.enter_context(contextlib.redirect_stdout(self.written))
        self._changed.enter_context(contextlib.redirect_stderr(self.written))
        before = {name: os.environ.get(name) for name in HOST_VARIABLES}
        self._changed.callback(_set_variables, before)
        _set_variables(HOST_VARIABLES)
        self.intercept.start()
        self._changed.callback(self.intercept.stop)
        self.time.start()
        self._changed.callback(self.time.stop)

    def leave(self) -> None:
        """Give the world back when the last one leaves."""
        self._inhabitants -= 1
        if not self._inhabitants:
            self._changed.close()


class InProcessConnector:
    """A testee object, with the world around it mocked."""

    name = "inprocess"

    def __init__(self, testee: str, mock: Mock, world: World | None = None) -> None:
        """Take `path/to/file.py`, either with `:Class`, or `module:Class`."""
        self.command = testee
        self._mock = mock
        self._world = world or World(mock)
        self._entered = False
        self._make: Callable[[Callable[[Message], None]], Testee] | None = None
        self._testee: Testee | None = None
        self._deliver: Deliver | None = None

    def start(self, deliver: Deliver) -> None:
        """Load the class, mock the world and make the object.

        Raises: HarnessError when any of it fails.
        """
        self._deliver, time = deliver, self._world.time
        if not self._entered:
            self._world.enter()
            self._entered = True
        # Each object has a voice of its own: what an abandoned one says is not heard.
        try:
            self._make = self._make or _load(self.command)
            self._testee = self._make(lambda message: deliver(Said(time.outgoing(message))))
        except Exception as error:
            self._world.written.write(traceback.format_exc())
            self.stop()
            raise HarnessError(f"the testee cannot be started: {error}") from error

    def send(self, message: Message) -> None:
        """Set the clock, and hand the command over in a thread that may be left behind.

        Raises: HarnessError when there is no testee.
        """
        testee, deliver, world = self._testee, self._deliver, self._world
        if testee is None or deliver is None:
            raise HarnessError("the testee is not running")
        if message["cmd"] == "configure":
            world.intercept.reset()
        if not world.time.incoming(message, deliver):
            arguments = (testee, message, deliver, world)
            threading.Thread(target=_handle, args=arguments, daemon=True).start()

    def output(self) -> str:
        """Take what was written to standard output and error."""
        return self._world.written.take()

    def stop(self) -> None:
        """Give the world back."""
        self._testee = self._deliver = None
        if self._entered:
            self._entered = False
            self._world.leave()

    def kill(self) -> None:
        """Abandon the object: a thread cannot be ended by force."""
        self.stop()

    def crash(self) -> None:
        """Abandon the object; the mock answers none of its requests any more."""
        self._testee = self._deliver = None

    def peer(self) -> Self:
        """Return a connector for one more object in the same world."""
        return type(self)(self.command, self._mock, self._world)


class _Written(io.TextIOBase):
    """Standard output and error of the testee, bounded."""

    def __init__(self) -> None:
        self._text = ""
        self._lock = threading.Lock()

    def write(self, text: str) -> int:
        with self._lock:
            self._text = (self._text + text)[-_MAX_OUTPUT:]
        return len(text)

    def writable(self) -> bool:
        return True

    def take(self) -> str:
        with self._lock:
            taken, self._text = self._text, ""
        return taken


def _handle(testee: Testee, message: Message, deliver: Deliver, world: World) -> None:
    try:
        with world.time.sleeping_for(message, deliver):
            testee.handle(message)
    except Exception as error:  # noqa: BLE001 (the testee's fault, whatever it is)
        world.written.write(traceback.format_exc())
        deliver(Broke(f"the testee raised {type(error).__name__}: {error}"))


def _set_variables(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _load(testee: str) -> Callable[[Callable[[Message], None]], Testee]:
    name, _, attribute = testee.partition(":")
    is_file = name.endswith(".py")
    module = _load_file(Path(name)) if is_file else importlib.import_module(name)
    found: Callable[[Callable[[Message], None]], Testee] = getattr(module, attribute or _CLASS)
    return found


def _load_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"testee_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise HarnessError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module
    spec.loader.exec_module(module)
    return module
