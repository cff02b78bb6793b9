"""The built front end is small, and brings nothing of others. What is loaded at start: tests/ui/test_loading.py."""

from __future__ import annotations

from pathlib import Path

STATIC = Path(__file__).parents[2] / "jupyter_kronkers" / "_labextension" / "static"
# Styles included, nothing compressed. jupyter-scheduler 2.12 has 945 kB.
LIMIT_KB = 240


def test_all_javascript_together_is_small():
    sizes = {file.name: file.stat().st_size / 1e3 for file in STATIC.glob("*.js")}
    assert 0 < sum(sizes.values()) <= LIMIT_KB, sizes


def test_react_and_jupyterlab_are_those_of_the_page():
    """A copy in the bundle would be a second React, which breaks hooks."""
    texts = [file.read_text() for file in STATIC.glob("*.js")]
    assert not any("react.production.min" in text or "ReactCurrentDispatcher" in text for text in texts)
    assert not any("class JupyterFrontEnd" in text for text in texts)
