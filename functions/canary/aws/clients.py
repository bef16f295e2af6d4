"""The clients of one function, created on first use: its own, and those of each target, which use the target's role.

The clients come from botocore, as boto3's do. boto3 would only add resources and S3 transfers, which no task needs. Retries and
timeouts stay well inside a task's own timeout: three attempts of at most five seconds each. The sweeper makes two attempts,
because it runs again in a minute and has to get past several services that hang. A call that Lambda or API Gateway throttles
gets two more attempts (`canary.aws.patience`). The user agent names the task, so that CloudTrail shows which state made a call.
"""

from __future__ import annotations

from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.config import Config
from botocore.credentials import CredentialProvider, CredentialResolver, DeferredRefreshableCredentials

from canary.aws.patience import LOGS, PATIENT, await_queries, be_patient
from canary.rules.targets.refusals import session_policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from canary.rules.targets.refusals import Refusals
    from canary.rules.targets.target import Target


ATTEMPTS = 3
FEWER_ATTEMPTS = {"SweepTargets": 2}
"""By task, where it differs from the usual number."""


@cache
def session_in(region: str) -> botocore.session.Session:
    """The process's only session for a Region: botocore reads what it needs to create a client only once."""
    return _session(region)


def _session(region: str) -> botocore.session.Session:
    session = botocore.session.Session()
    session.set_config_variable("region", region)
    return session


class _Maker:
    """Creates the clients of one session for one task; `endpoint_url` is None on AWS itself."""

    def __init__(self, session: botocore.session.Session, task: str, endpoint_url: str | None) -> None:
        self.session = session
        self.task = task
        self.endpoint_url = endpoint_url

    def make(self, service: str) -> Any:  # noqa: ANN401 - botocore makes its clients at run time
        config = Config(
            connect_timeout=3,
            read_timeout=5,
            retries={"mode": "standard", "total_max_attempts": FEWER_ATTEMPTS.get(self.task, ATTEMPTS)},
            user_agent_extra=f"canary/{self.task}",
        )
        client = self.session.create_client(service, endpoint_url=self.endpoint_url, config=config)
        if service in PATIENT:
            be_patient(client, service)
        if service == LOGS:
            await_queries(client)
        return client


class TargetClients:
    """The clients for every call that concerns a target. ``make`` makes the client of a service."""

    def __init__(self, make: Callable[[str], Any]) -> None:
        self._make = make

    @cached_property
    def apigateway(self) -> Any:  # noqa: ANN401
        """API Gateway (REST)."""
        return self._make("apigateway")

    @cached_property
    def lambda_(self) -> Any:  # noqa: ANN401
        """Lambda."""
        return self._make("lambda")

    @cached_property
    def cloudwatch(self) -> Any:  # noqa: ANN401
        """CloudWatch metrics and alarms."""
        return self._make("cloudwatch")

    @cached_property
    def logs(self) -> Any:  # noqa: ANN401
        """CloudWatch Logs, for the metric filters, and for what broke."""
        return self._make("logs")


class Clients:
    """The clients of one task's function, for the controller's own resources."""

    def __init__(self, *, task: str, region: str, endpoint_url: str | None = None) -> None:
        self._region = region
        self._maker = _Maker(session_in(region), task, endpoint_url)
        self._targets: dict[tuple[str | None, Refusals | None], TargetClients] = {}

    def of(self, target: Target) -> TargetClients:
        """The clients for a target; they use the function's own credentials if the target has no role.

        Those of a drill that has calls refused have a session of their own.
        """
        key = target.role_arn, target.refused
        if key not in self._targets:
            maker = self._assuming(target.role_arn, target.refused) if target.role_arn else self._maker
            self._targets[key] = TargetClients(maker.make)
        return self._targets[key]

    def _assuming(self, role_arn: str, refused: Refusals | None) -> _Maker:
        """Clients with the role's credentials, which are requested on first use and again before they expire."""
        session = _session(self._region)
        session.register_component("credential_provider", CredentialResolver([_AssumedRole(self, role_arn, refused)]))
        return _Maker(session, self._maker.task, self._maker.endpoint_url)

    def assume(self, role_arn: str, refused: Refusals | None = None) -> dict[str, str]:
        """The role's credentials, under the keys that botocore's refreshable credentials need."""
        session_name = f"canary-{self._maker.task}"
        limits = {"Policy": session_policy(refused)} if refused else {}
        given = self.sts.assume_role(RoleArn=role_arn, RoleSessionName=session_name, **limits)["Credentials"]
        return {
            "access_key": given["AccessKeyId"],
            "secret_key": given["SecretAccessKey"],
            "token": given["SessionToken"],
            "expiry_time": given["Expiration"].isoformat(),
        }

    @cached_property
    def sts(self) -> Any:  # noqa: ANN401
        """Security Token Service, to assume a target's role."""
        return self._maker.make("sts")

    @cached_property
    def dynamodb(self) -> Any:  # noqa: ANN401
        """DynamoDB, for the records."""
        return self._maker.make("dynamodb")

    @cached_property
    def ssm(self) -> Any:  # noqa: ANN401
        """Systems Manager, for the compiled targets."""
        return self._maker.make("ssm")

    @cached_property
    def stepfunctions(self) -> Any:  # noqa: ANN401
        """Step Functions, to look up owners and to stop them."""
        return self._maker.make("stepfunctions")

    @cached_property
    def functions(self) -> Any:  # noqa: ANN401
        """Lambda, to call the controller's own functions."""
        return self._maker.make("lambda")

    @cached_property
    def events(self) -> Any:  # noqa: ANN401
        """EventBridge, for notifications."""
        return self._maker.make("events")

    @cached_property
    def s3(self) -> Any:  # noqa: ANN401
        """S3, for the rollouts' reports."""
        return self._maker.make("s3")

    @cached_property
    def sns(self) -> Any:  # noqa: ANN401
        """SNS, for the notification topic."""
        return self._maker.make("sns")


class _AssumedRole(CredentialProvider):  # type: ignore[misc]  # botocore is untyped
    """botocore's own refreshable credentials for a role, of which a drill has some calls refused."""

    METHOD = "assume-role"

    def __init__(self, clients: Clients, role_arn: str, refused: Refusals | None) -> None:
        super().__init__()
        self._clients = clients
        self._role_arn = role_arn
        self._refused = refused

    def load(self) -> DeferredRefreshableCredentials:
        """The credentials; this does not call AWS yet."""
        return DeferredRefreshableCredentials(
            method=self.METHOD, refresh_using=lambda: self._clients.assume(self._role_arn, self._refused)
        )
