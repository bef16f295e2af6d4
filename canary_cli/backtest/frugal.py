"""Reads long series in as few calls as hold their points, because each metric of each call costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.aws.metrics import MetricReader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from canary.aws.metrics import Values
    from canary.rules.looks.sources import Series

POINTS_PER_CALL = 100_800
"""The limit of GetMetricData (docs/aws.md#get-metric-data)."""


class FrugalReader(MetricReader):
    """Reads series. No call asks for more points than one answer holds, so no metric is paid for twice."""

    def read(self, series: Sequence[Series], start: int, end: int, *, period: int = 60) -> Values:
        """The values of each series, as its base class reads them.

        Raises:
            AwsRefusedError: CloudWatch refused.

        """
        wanted = [*dict.fromkeys(series)]
        size = max(1, POINTS_PER_CALL // max(1, (end - start) // period + 1))
        values: Values = {}
        for first in range(0, len(wanted), size):
            values.update(super().read(wanted[first : first + size], start, end, period=period))
        return values
