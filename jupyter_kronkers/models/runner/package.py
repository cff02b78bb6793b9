"""Scores with the model of the folder this lies in. Started by `run`, which keeps it from being changed unseen."""
