"""Calls of verbs with a proof of who calls, made as the command makes them, and changed as a forger would."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from canary.edge.proofs import ProofModel
from canary.rules.rollouts.proofs import FunctionPlace, binding_of
from canary_cli.who.proving import sign, with_proof

if TYPE_CHECKING:
    from tests.tasks.walk import Ground

OPERATOR = "OperateRollout"
CALLER = "arn:aws:iam::123456789012:user/embedded"
SECRET = "embedded"


def signed(ground: Ground, call: dict[str, Any], *, function: str = OPERATOR, session: str | None = None) -> dict[str, Any]:
    """The call with a proof of the embedded AWS's own credentials, or of a session of the role oncall."""
    keys = SimpleNamespace(access_key="embedded", secret_key=SECRET, token=None)
    if session is not None:
        role = f"arn:aws:iam::{ground.aws.account}:role/oncall"
        given = ground.aws.client("sts").assume_role(RoleArn=role, RoleSessionName=session)["Credentials"]
        keys = SimpleNamespace(
            access_key=given["AccessKeyId"], secret_key=given["SecretAccessKey"], token=given["SessionToken"]
        )
    sts = ground.aws.client("sts")
    return with_proof(call, sts=sts, keys=keys, region=ground.aws.region, function=f"canary-{function}")


class Signed:
    """A signed call, to be forged."""

    def __init__(self, ground: Ground, call: dict[str, Any]) -> None:
        self.ground = ground
        self.call = call

    @property
    def proof(self) -> dict[str, Any]:
        return dict(self.call["proof"])

    def changed(self, **parts: Any) -> dict[str, Any]:
        """The call with other parts of the proof."""
        return {**self.call, "proof": {**self.proof, **parts}}

    def signed_without_binding(self) -> dict[str, Any]:
        """The proof of a request that is signed as the command signs, with an empty header in place of the binding."""
        return self._signed(binding="", host="sts.eu-west-1.amazonaws.com")

    def signed_for_host(self, host: str) -> dict[str, Any]:
        """The right binding, signed for another host."""
        place = FunctionPlace("aws", self.ground.aws.region, self.ground.aws.account, f"canary-{OPERATOR}")
        return self._signed(binding=binding_of(place, self.call, self.proof["request_id"]), host=host)

    def _signed(self, *, binding: str, host: str) -> dict[str, Any]:
        unsigned = replace(ProofModel.model_validate(self.proof).proof(), signature="")
        return self.changed(signature=sign(unsigned, binding, SECRET, host))
