"""Metrics: what was counted (`gateway/tallies.py`), what it is called (`families`), who tells it (`readings`,
`siblings`) and how (`exposition`)."""

from jupyter_kronkers.serving.gateway.metrics.scraping import Metrics

__all__ = ["Metrics"]
