"""The connection to the account: credentials, clients, and the controller's own resources in it.

Credentials come from the ordinary chain of AWS, and nothing is read from a file of the command's own. Which calls are made is
decided elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import NoCredentialsError

from canary.aws.aliases import Aliases
from canary.aws.archive import Archive
from canary.aws.calls import never_write
from canary.aws.records import Records
from canary.aws.shifters import AliasShifter, StageShifter
from canary.aws.stages import Stages
from canary.edge.settings import reports_in
from canary_cli.controllers import Controller, find_controller, operator_environment
from canary_cli.exits import CommandError, ExitCode

if TYPE_CHECKING:
    from canary.aws.shifters import Shifter
    from canary.rules.reports.links import ReportPlace
    from canary.rules.targets.target import Target

TARGET_PREFIX = "/canary/targets/"
LONGEST_CALL_SECONDS = {"lambda": 65}
"""By service: a function of the controller answers within its own timeout of 60 seconds."""


def _config(service: str, attempts: int) -> Config:
    return Config(
        connect_timeout=5 if attempts > 1 else 2,
        read_timeout=LONGEST_CALL_SECONDS.get(service, 10),
        retries={"mode": "standard", "total_max_attempts": attempts},
        user_agent_extra="canary/cli",
    )


@dataclass(frozen=True, slots=True)
class Place:
    """Where the controller is: None leaves it to the ordinary settings of AWS."""

    profile: str | None = None
    region: str | None = None
    endpoint_url: str | None = None
    stack: str | None = None

    @property
    def options(self) -> str:
        """The options that name the same place again, each with a space before it."""
        named = {
            "--profile": self.profile,
            "--region": self.region,
            "--endpoint-url": self.endpoint_url,
            "--stack": self.stack,
        }
        return "".join(f" {option} {value}" for option, value in named.items() if value)


class Connection:
    """One session, whose clients are made when first used. Credentials that the session could not use stay unusable.

    ``attempts``: how often a call is tried.
    """

    def __init__(self, place: Place, *, attempts: int = 3) -> None:
        self.place = place
        self._attempts = attempts
        self._clients: dict[str, Any] = {}

    def again(self) -> Connection:
        """A new session to the same place, which reads the credentials again."""
        return Connection(self.place)

    @cached_property
    def _session(self) -> botocore.session.Session:
        session = botocore.session.Session(profile=self.place.profile)
        if self.place.region:
            session.set_config_variable("region", self.place.region)
        return session

    def client(self, service: str) -> Any:  # noqa: ANN401 - botocore makes its clients at run time
        """The client of a service."""
        if service not in self._clients:
            self._clients[service] = self._make(service)
        return self._clients[service]

    def _make(self, service: str) -> Any:  # noqa: ANN401 - as above
        try:
            return self._session.create_client(
                service, endpoint_url=self.place.endpoint_url, config=_config(service, self._attempts)
            )
        except ValueError as error:  # botocore's own, for an address that is none
            fix = "write --endpoint-url as http://host:port, and give --region or AWS_DEFAULT_REGION a Region's name"
            raise CommandError("BadEndpoint", str(error), fix, ExitCode.USAGE) from error

    @property
    def credentials(self) -> Any:  # noqa: ANN401 - botocore's
        """The session's credentials as they are now: access key, secret key and token.

        Raises:
            NoCredentialsError: there are none.

        """
        found = self._session.get_credentials()
        if found is None:
            raise NoCredentialsError
        return found.get_frozen_credentials()

    @property
    def credentials_method(self) -> str:
        """How botocore found the credentials, in its own word, such as `env`."""
        return str(getattr(self._session.get_credentials(), "method", ""))

    @property
    def region(self) -> str:
        """The Region of the session."""
        return str(self.client("ssm").meta.region_name)

    @cached_property
    def controller(self) -> Controller:
        """The controller, found once.

        Raises:
            CommandError: there is none.
            AwsRefusedError: AWS cannot be asked.

        """
        return find_controller(self.client, self.place.stack)

    def read_version(self) -> str | None:
        """The version of the deployed controller; None for one that is too old to say.

        Raises:
            AwsRefusedError: AWS cannot be asked, or there is no controller.

        """
        return operator_environment(self.client).get("CANARY_VERSION")

    def read_reports(self) -> ReportPlace:
        """Where the controller keeps the rollouts' reports; a controller that is too old keeps none.

        Raises:
            AwsRefusedError: AWS cannot be asked, or there is no controller.

        """
        return reports_in(operator_environment(self.client), self.controller.region)

    @cached_property
    def records(self) -> Records:
        """The records, as the controller reads them."""
        return Records(self.client("dynamodb"), self.controller.table)

    @cached_property
    def archive(self) -> Archive:
        """The records, as people read them."""
        return Archive(self.client("dynamodb"), self.controller.table)

    def shifter(self, target: Target) -> Shifter:
        """What reads a target's live state, with the caller's own credentials. It refuses to write."""
        aliases = Aliases(self.client("lambda"), never_write)
        if target.stage is None:
            return AliasShifter(target, aliases)
        return StageShifter(target, Stages(self.client("apigateway"), target.stage, never_write), aliases)
