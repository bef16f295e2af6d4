"""What one minute of one metric is: four integers, requests and bad requests of the canary and of the base.

Bad is any yes-or-no property of a request: a 5xx, slower than a limit, a checkout that did not happen. Which property
it is, where the numbers come from and which minute they belong to is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counts:
    """One metric in one minute: canary requests `nc`, bad ones `ec`, base requests `nb`, bad ones `eb`.

    Raises ValueError for more bad requests than requests: such a minute is not complete and no evidence.
    """

    nc: int
    ec: int
    nb: int
    eb: int

    def __post_init__(self) -> None:
        if not (is_possible(self.nc, self.ec) and is_possible(self.nb, self.eb)):
            raise ValueError(
                f"bad requests must be between 0 and the requests, got {self.ec} of {self.nc} in the canary and "
                f"{self.eb} of {self.nb} in the base; read the minute again once it is complete"
            )


def is_possible(requests: int, bad: int) -> bool:
    """Whether one arm's numbers fit together; where they do not, the minute is not complete yet."""
    return 0 <= bad <= requests


def slow_requests(n: float, trimmed_count: float) -> int:
    """Requests slower than a limit, from `n` (SampleCount) and `trimmed_count` (TC(:limit)) of the same series.

    CloudWatch interpolates trimmed counts inside its buckets, so they are fractions and may pass `n` a little; the
    error is alike in both arms.
    """
    requests = round(n)
    return min(max(requests - round(trimmed_count), 0), requests)
