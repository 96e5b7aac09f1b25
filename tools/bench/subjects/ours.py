"""This library as a subject of the bench; what a task does is said at its function."""

import ours_choosing
import ours_keeping
import ours_sending
from talk import serve

CHOOSING = ("select", "select_threads", "many_pools", "model_names", "lag", "payers")
SENDING = ("request", "sdk", "stream", "concurrent", "threaded", "dead_key", "stall", "throttled")
KEEPING = ("change", "follow", "foreign", "write_many", "counted", "fill")
MODULES = {ours_choosing: CHOOSING, ours_sending: SENDING, ours_keeping: KEEPING}

if __name__ == "__main__":
    serve({name: getattr(module, name) for module, names in MODULES.items() for name in names})
