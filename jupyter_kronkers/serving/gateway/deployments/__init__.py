"""Deployments as they run: which versions each of them answers with, and the moves between them."""
