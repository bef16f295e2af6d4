from __future__ import annotations

from bench.cold_start import Start
from bench.start_up import table


def test_each_start_stands_beside_boto3_alone_and_beside_ours():
    starts = [Start("boto3 alone", 0.2, 50.0), Start("ours", 1.0, 90.0), Start("all", 1.5, 100.0)]

    assert table(starts).splitlines()[2:] == [
        "| boto3 alone | 200 | 1.00 | 0.20 | 50 |",
        "| ours | 1000 | 5.00 | 1.00 | 90 |",
        "| all | 1500 | 7.50 | 1.50 | 100 |",
    ]
