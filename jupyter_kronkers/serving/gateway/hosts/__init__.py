"""Hosts: processes that answer for a version, how they come to be and how they end."""
