"""One minute of one metric: four integers, requests and bad requests of the canary and of base.

Bad is any yes-or-no property of a request: a 5xx, slower than a limit, a checkout that did not happen. This module does not
know which property it is, where the numbers come from or which minute they belong to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log

SHARE_EXCEEDED = 4.5
"""The canary got more than a share if its requests are likelier at the share seen by this much, as a logarithm: three sigma."""


@dataclass(frozen=True, slots=True)
class Counts:
    """One metric in one minute: canary requests `nc`, bad ones `ec`, base requests `nb`, bad ones `eb`.

    Raises ValueError for more bad requests than requests: such a minute is not complete and not evidence.
    """

    nc: int
    ec: int
    nb: int
    eb: int

    def __post_init__(self) -> None:
        if not (is_possible(self.nc, self.ec) and is_possible(self.nb, self.eb)):
            raise ValueError(
                f"bad requests must be between 0 and the requests, got {self.ec} of {self.nc} in the canary and "
                f"{self.eb} of {self.nb} in base; read the minute again once it is complete"
            )

    def exceeds(self, share: float) -> bool:
        """Whether the canary's part of the requests exceeds this share (above 0) by more than chance; it then bounds nothing.

        Causes are an arm whose log is late or lost, and a canary of an earlier rollout in the same minute.
        """
        seen = self.nc / (self.nc + self.nb) if self.nc else 0.0
        if seen <= share:
            return False
        log_likelier = self.nc * log(seen / share) + (self.nb * log((1.0 - seen) / (1.0 - share)) if self.nb else 0.0)
        return log_likelier > SHARE_EXCEEDED


def is_possible(requests: int, bad: int) -> bool:
    """Whether one arm's numbers can be right; if not, the minute is not complete yet."""
    return 0 <= bad <= requests


@dataclass(frozen=True, slots=True)
class RawCounts:
    """One metric in one minute as CloudWatch answered; the numbers may contradict each other while they still arrive.

    ``ec`` or ``eb`` is None if an arm had requests but the count of bad ones is missing although it is always written, or was
    left out because it cannot be right.
    """

    nc: int
    ec: int | None
    nb: int
    eb: int | None

    @property
    def is_whole(self) -> bool:
        """Whether both arms' bad requests were counted."""
        return self.ec is not None and self.eb is not None

    @property
    def is_possible(self) -> bool:
        """Whether neither arm has more bad requests than requests, as far as they were counted."""
        return is_possible(self.nc, self.ec or 0) and is_possible(self.nb, self.eb or 0)

    @property
    def trusted(self) -> RawCounts:
        """The counts without what cannot be right: an arm's bad requests if they are below 0 or more than its requests."""
        return RawCounts(self.nc, _trusted(self.nc, self.ec), self.nb, _trusted(self.nb, self.eb))

    @property
    def counts(self) -> Counts:
        """The counts that the judge folds.

        Raises:
            ValueError: the bad requests were not counted, or there are more of them than requests.

        """
        if self.ec is None or self.eb is None:
            raise ValueError(f"bad requests were not counted, got {self}; leave the metric out of the minute")
        return Counts(self.nc, self.ec, self.nb, self.eb)


def _trusted(requests: int, bad: int | None) -> int | None:
    return bad if bad is not None and is_possible(requests, bad) else None


Measured = Mapping[str, RawCounts]
"""One minute's counts by metric."""

NOTHING = RawCounts(0, 0, 0, 0)
"""A minute without a request."""


def slow_requests(n: float, trimmed_count: float) -> int:
    """Requests slower than a limit, from `n` (SampleCount) and `trimmed_count` (TC(:limit)) of the same series.

    CloudWatch interpolates trimmed counts inside its buckets, so they are fractions and may slightly exceed `n`. The error is
    similar in both arms.
    """
    requests = round(n)
    return min(max(requests - round(trimmed_count), 0), requests)
