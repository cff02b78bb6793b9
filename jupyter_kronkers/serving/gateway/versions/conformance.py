"""Conformance: before a replica gets traffic it must give the answers that were recorded when the version was made.

The rows are asked together, then some of them alone and in other batches. A model that answers differently then (it
looks at the other rows of a batch) is served unbatched.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from jupyter_kronkers.errors import HostFailed, KronkersError, ModelFailed
from jupyter_kronkers.languages import Signature
from jupyter_kronkers.languages.answers import difference, same
from jupyter_kronkers.languages.batches import batches
from jupyter_kronkers.languages.conformance import columns_of, read
from jupyter_kronkers.languages.frames import Column
from jupyter_kronkers.serving.gateway.batching import Answered
from jupyter_kronkers.serving.gateway.hosts.replicas import Replica
from jupyter_kronkers.serving.gateway.outputs import checked

if TYPE_CHECKING:
    from jupyter_kronkers.serving.gateway.versions.versions import Artifact

ALONE, AMONG = 5, 1
"""What each replica is asked again at its start; at registration all rows were."""


async def prove(artifact: Artifact, replica: Replica, limit_s: float) -> bool:
    """Replay the recorded rows. True if the model answers alike row by row, so that it may be batched.

    Raises HostFailed if an answer differs, or if there is none.
    """
    recorded = read(artifact.folder)
    inputs, expected = columns_of(recorded.inputs), columns_of(recorded.outputs)
    if not inputs or not recorded.rows:
        return True
    found = difference(expected, await asked(artifact.signature, replica, inputs, limit_s))
    if found.words:
        said = f"It does not give the recorded answers: {found.words}."
        raise HostFailed("Different", said, artifact.runtime.language, remedy="Register the model again.")
    return await is_alike(artifact.signature, replica, inputs, expected, limit_s)


async def is_alike(
    signature: Signature, replica: Replica, inputs: list[Column], expected: list[Column], limit_s: float
) -> bool:
    """Whether the rows are answered alike alone and in other batches."""
    for batch in batches(len(inputs[0].values), alone=ALONE, among=AMONG):
        try:
            answer = await asked(signature, replica, batch.of(inputs), limit_s)
        except ModelFailed:
            return False
        if not same(batch.of(expected), answer):
            return False
    return True


async def asked(signature: Signature, replica: Replica, columns: list[Column], limit_s: float) -> list[Column]:
    """The replica's answer. Raises what it answered instead."""
    answer: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
    # Whoever waited may have been cancelled meanwhile: the end of a replica must not fail over that.
    replica.ask(columns, limit_s, lambda got: None if answer.done() else answer.set_result(got))
    got = await answer
    if isinstance(got, list):
        got = checked(signature, got, len(columns[0].values))
    if isinstance(got, KronkersError):
        raise HostFailed(getattr(got, "class_", got.code), got.message, "", remedy=got.remedy)
    return got
