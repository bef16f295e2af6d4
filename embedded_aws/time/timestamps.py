"""Seconds since the epoch, as the embedded AWS counts, and the datetimes of its API."""

from datetime import UTC, datetime


def epoch_of(moment: datetime | float) -> float:
    """Epoch seconds; a datetime without a zone is UTC, as in every AWS API."""
    if isinstance(moment, datetime):
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return float(moment)


def datetime_of(seconds: float) -> datetime:
    """The moment in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def iso_seconds(seconds: float) -> str:
    """The moment in UTC, to the second, in ISO 8601."""
    return datetime_of(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")


def in_reason(seconds: float) -> str:
    """The form in which an alarm's reason writes a data point's time: day, month, year."""
    return datetime_of(seconds).strftime("%d/%m/%y %H:%M:%S")


def in_data(seconds: float) -> str:
    """The form in which an alarm's reason data and its events write a time: with milliseconds and +0000."""
    moment = datetime_of(seconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"
