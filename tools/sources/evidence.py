"""The words in which pages say how something is known."""

from typing import Final

EVIDENCE: Final = {
    "documented": "documented",
    "captured": "captured",
    "reported": "reported by others",
    "inferred": "inferred, not checked",
}
