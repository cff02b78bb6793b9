"""Versions as they run: what waits for the replicas of one is asked together, and what happens when one fails."""
