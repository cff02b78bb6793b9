"""Requests: from the head of one to its answer."""
