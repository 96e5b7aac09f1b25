"""The words in which pages say how something is known."""

from typing import Final

EVIDENCE: Final = {
    "D": "documented by the provider",
    "S": "read in published source code",
    "X": "seen in a capture or an issue",
    "N": "reported by the press",
    "K": "general knowledge, not checked",
}
