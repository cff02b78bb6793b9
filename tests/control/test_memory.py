"""How much memory hosts may take, as people write it."""

from __future__ import annotations

import psutil
import pytest

from jupyter_kronkers.control.memory import SHARE, bytes_of, machine_bytes
from jupyter_kronkers.errors import Invalid


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("8GiB", 8_589_934_592),
        ("8 GB", 8_000_000_000),
        ("512mi", 536_870_912),
        ("1.5g", 1_500_000_000),
        ("1073741824", 1_073_741_824),
        ("100b", 100),
    ],
)
def test_sizes_are_read(words, expected):
    assert bytes_of(words) == expected


@pytest.mark.parametrize("words", ["much", "-1", "8 elephants", "1e9", "GiB", "8GiBs"])
def test_what_is_no_size_is_refused(words):
    with pytest.raises(Invalid, match="size"):
        bytes_of(words)


def test_without_a_wish_it_is_three_quarters_of_what_there_is():
    assert bytes_of("") == int(SHARE * machine_bytes())
    assert 0 < machine_bytes() <= psutil.virtual_memory().total
