"""A model of two answers with columns of every kind, from whose numbers each column's place can be told."""

from __future__ import annotations

import pandas as pd

BIKES = pd.DataFrame(
    {
        "hr": [0, 6, 12, 18, 23],
        "temp": [0.24, 0.22, 0.8, 0.5, 0.3],
        "season": ["winter", "spring", "summer", "autumn", "winter"],
        "working": [True, False, True, True, False],
    }
)
NAMES = ["hr", "temp", "season", "working"]
ROWS = [[7, 0.5, "summer", True], [12, 0.25, "winter", False]]
RECORDS = [dict(zip(NAMES, row, strict=True)) for row in ROWS]
EXPECTED = [{"count": 708.5, "busy": False}, {"count": 1203.5, "busy": True}]
"""hr 100 times, temp ten times, the season's number, a half for working days; above 1,000 it is busy."""


def recipe():
    """The model's predict function."""

    def predict(model, rows):
        import numpy as np
        import pandas as pd

        seasons = rows["season"].map({"winter": 1, "spring": 2, "summer": 3, "autumn": 4})
        count = rows["hr"] * 100 + rows["temp"] * 10 + seasons + np.where(rows["working"], 0.5, 0.0)
        return pd.DataFrame({"count": count, "busy": count > 1000})

    return predict


def split(rows, names=NAMES):
    return {"dataframe_split": {"columns": names, "data": rows}}
