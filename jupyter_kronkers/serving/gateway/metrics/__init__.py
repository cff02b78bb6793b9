"""Metrics: what is counted (`tallies`), what it is called (`families`), who tells it (`readings`, `siblings`) and how
(`exposition`)."""

from jupyter_kronkers.serving.gateway.metrics.scraping import Metrics
from jupyter_kronkers.serving.gateway.metrics.tallies import CANARY, STABLE, Measures, Spread, Tallies, Tally

__all__ = ["CANARY", "STABLE", "Measures", "Metrics", "Spread", "Tallies", "Tally"]
