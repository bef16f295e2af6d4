"""What CloudWatch and CloudWatch Logs refuse, and what this embedded AWS does not build.

A refusal is an answer of AWS: an error code and a message, both in AWS's words where these are recorded. What AWS can do
and this code cannot raises `NotBuiltError`, so that no caller mistakes a gap for AWS's own answer.
"""


class RefusalError(Exception):
    """AWS refuses the request; clients see `code` as the error code."""

    def __init__(self, code: str, message: str | None = None) -> None:
        self.code = code
        self.message = message
        super().__init__(f"{code}: {message}" if message else code)


class NotBuiltError(Exception):
    """AWS could answer this; the embedded AWS cannot."""


def invalid(message: str) -> RefusalError:
    """The request breaks a rule of the service's model."""
    return RefusalError("ValidationError", message)


def invalid_value(message: str) -> RefusalError:
    """A parameter's value is out of range."""
    return RefusalError("InvalidParameterValue", message)


def invalid_combination(message: str) -> RefusalError:
    """Parameters exclude each other."""
    return RefusalError("InvalidParameterCombination", message)
