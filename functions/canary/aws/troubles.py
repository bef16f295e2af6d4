"""What was reported about targets with unusable records: one SSM parameter each, because the records cannot hold it.

A parameter exists from the first notification until the trouble is over. Only the next notification depends on it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from canary.aws.calls import is_of_what_is_gone, refusals
from canary.aws.errors import AwsRefusedError
from canary.rules.rollouts.codec import decode, encode
from canary.rules.rollouts.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Callable

PREFIX = "/canary/troubles/"


class Troubles:
    """The parameters, for one function."""

    def __init__(self, ssm: Callable[[], Any], logger: Any) -> None:  # noqa: ANN401 - Powertools'
        self._ssm = ssm
        self._logger = logger

    def read(self) -> dict[str, Trouble]:
        """What was reported, by target. A parameter that cannot be read counts as not reported: twice is better than never.

        Raises:
            AwsRefusedError: Systems Manager refused.

        """
        with refusals(f"aws ssm get-parameters-by-path --path {PREFIX.rstrip('/')}"):
            pages = self._ssm().get_paginator("get_parameters_by_path").paginate(Path=PREFIX.rstrip("/"))
            texts = {one["Name"].removeprefix(PREFIX): one["Value"] for page in pages for one in page["Parameters"]}
        return {name: trouble for name, text in texts.items() if (trouble := self._trouble_of(name, text))}

    def note(self, trouble: Trouble) -> None:
        """Save what was reported.

        Raises:
            AwsRefusedError: Systems Manager refused.

        """
        name, text = f"{PREFIX}{trouble.target}", json.dumps(encode(trouble))
        with refusals(f"aws ssm put-parameter --name {name} --type String --value '{text}' --overwrite"):
            self._ssm().put_parameter(Name=name, Type="String", Value=text, Overwrite=True)

    def forget(self, target: str) -> None:
        """Remove the parameter of a trouble that is over.

        Raises:
            AwsRefusedError: Systems Manager refused.

        """
        name = f"{PREFIX}{target}"
        try:
            with refusals(f"aws ssm delete-parameter --name {name}"):
                self._ssm().delete_parameter(Name=name)
        except AwsRefusedError as error:
            if not is_of_what_is_gone(error):
                raise

    def _trouble_of(self, name: str, text: str) -> Trouble | None:
        try:
            return decode(Trouble, json.loads(text))
        except (AttributeError, TypeError, KeyError, ValueError) as error:
            self._logger.warning("trouble cannot be read", target=name, reason=str(error))
            return None
