"""Events reach everyone who listens."""

from __future__ import annotations

from jupyter_kronkers.store import Events, TokensChanged


def test_one_failing_listener_does_not_silence_the_others():
    heard = []
    events = Events()
    events.subscribe(lambda event: 1 / 0)
    events.subscribe(heard.append)
    events.emit(TokensChanged())
    assert heard == [TokensChanged()]


def test_a_listener_that_left_hears_nothing():
    heard = []
    events = Events()
    leave = events.subscribe(heard.append)
    leave()
    events.emit(TokensChanged())
    assert heard == []
