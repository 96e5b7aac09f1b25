"""The reference library as a pool that declares some of its features: `alone.py:oauth,login`."""

import importlib.util
from pathlib import Path

_PATH = Path(__file__).parents[2] / "testees" / "reference.py"
_SPEC = importlib.util.spec_from_file_location("reference_testee", _PATH)
_REFERENCE = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_REFERENCE)


def __getattr__(features):
    """Make the testee class that is asked for by the features it declares."""

    class Testee(_REFERENCE.Testee):
        def handle(self, message):
            if message["cmd"] == "hello":
                hello = {**_REFERENCE.HELLO, "features": features.split(",")}
                self.emit({"seq": message["seq"], "hello": hello})
            else:
                super().handle(message)

    return Testee
