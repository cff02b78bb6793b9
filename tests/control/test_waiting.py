"""Short commands wait for their turn, and are told whom they wait for."""

from __future__ import annotations

import os

import pytest

from jupyter_kronkers.client.connecting import connect
from jupyter_kronkers.control import Ownership
from jupyter_kronkers.errors import Unavailable


def test_whoever_keeps_the_folder_too_long_is_named(folders):
    holding = Ownership(folders, "command")
    assert holding.take()
    with pytest.raises(Unavailable, match=f"a command \\(pid {os.getpid()}\\)"):
        connect(folders, say=lambda words: None, wait_s=0.3)
    holding.release()


def test_a_free_folder_is_taken_and_given_back(folders):
    connection = connect(folders, say=lambda words: None)
    assert connection.plane is None
    assert not Ownership(folders, "lab").take()
    connection.close()
    free = Ownership(folders, "lab")
    assert free.take()
    free.release()
