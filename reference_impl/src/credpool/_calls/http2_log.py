"""Keep credentials out of what the HTTP/2 library logs (spec: security).

At DEBUG `hpack` logs each header that it writes, and the block that it has made of them.
It knows of `authorization` that it is to be kept secret, and of no other header; a client hands it
names and values alone, so whoever authenticates a request has no way to tell it more.
"""

import logging
from typing import Final

from credpool.model.secret import MASK

_LOGGERS: Final = ("hpack.hpack", "hpack.table")
_ON_THE_WIRE: Final = (bytes, bytearray, memoryview, tuple)


def mask_http2_log() -> None:
    """Mask what is read and written in the log of the HTTP/2 library; once is enough."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_masked)


def _masked(record: logging.LogRecord) -> bool:
    """Let the record pass, without the bytes in it."""
    if isinstance(record.args, tuple):  # spec: security.no-leak+2
        record.args = tuple(MASK if isinstance(a, _ON_THE_WIRE) else a for a in record.args)
    return True
