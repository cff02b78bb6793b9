"""Plain requests: JSON rows just as the signature has them, which most are. The others go the general way.

body ──layout──▶ Plain ──batched, asked──▶ Share ──▶ {"predictions": …}
"""

from __future__ import annotations

import msgspec

from jupyter_kronkers.serving.gateway.batching import Plain, Share
from jupyter_kronkers.serving.gateway.layouts import Layout

_encode = msgspec.json.Encoder().encode


def read(layout: Layout | None, body: bytes, most_rows: int) -> Plain | None:
    """The rows of a JSON body in MLflow's forms; None if they are not plain, not right, too many, or none."""
    rows = layout.read(body) if layout is not None else None
    return Plain(layout, rows) if layout is not None and rows and len(rows) <= most_rows else None


def written(share: Share) -> bytes | None:
    """The body of the answer; None if it has gaps, or numbers that JSON cannot carry."""
    reply, start, end = share
    if not reply.fine:
        return None
    if len(reply.lists) == 1:
        return b'{"predictions":%b}' % _encode(reply.lists[0][start:end])
    names = [column.name for column in reply.columns]
    rows = zip(*(cells[start:end] for cells in reply.lists), strict=True)
    return b'{"predictions":%b}' % _encode([dict(zip(names, row, strict=True)) for row in rows])
