"""Python: its probe, its capture and its host. They also run where this package is absent."""
