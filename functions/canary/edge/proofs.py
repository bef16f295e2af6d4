"""Who calls, in the words of a call: the proof that STS can check, and on whose behalf the call is made.

A proof is refused by its form alone if it holds anything but the parts of one signature. In particular, it never holds an
address: the function knows whom to ask. A refusal does not repeat a proof's secrets.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from aws_lambda_powertools.utilities.parser import Field

from canary.edge.kinds import Given, Line, Text, Whole, refusal
from canary.edge.model import Strict
from canary.rules.rollouts.actions import StartedBy
from canary.rules.rollouts.proofs import LONGEST_SECONDS, CallerProof

PARENT = "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"
"""The key of an input in which an execution names itself to one that it starts (docs/aws.md#execution-input)."""

LONGEST_CLAIM = 200
SIGN_AGAIN = "sign the call again, as the command canary does"

OnBehalfOf = Annotated[
    str,
    Line(LONGEST_CLAIM),
    Field(description="on whose behalf this is done, on one line; it is recorded as claimed, because nobody checks it"),
]


@dataclass(frozen=True, slots=True)
class SecretText(Text):
    """Text that a refusal does not repeat."""

    def read(self, value: object) -> str:
        """The text as it is."""
        try:
            return Text.read(self, value)
        except Exception:  # noqa: BLE001 - whatever is wrong with it, the text must not be in the message
            length = f"a text of {len(value)} characters" if isinstance(value, str) else f"a {type(value).__name__}"
            raise refusal(f"not {self.what}, got {length}", self.fix) from None


class ProofModel(Strict):
    """The parts of a presigned request of `sts:GetCallerIdentity` (docs/aws.md#caller-identity)."""

    request_id: Annotated[
        str, Text("a request id of 16 to 64 letters, digits and hyphens", "[A-Za-z0-9-]{16,64}", SIGN_AGAIN)
    ] = Field(description="an id that the caller makes up for this call; the signature covers it")
    credential: Annotated[
        str,
        Text(
            "an access key id with its scope, such as AKIA.../20260131/eu-west-1/sts/aws4_request",
            r"[A-Za-z0-9_]{3,128}/[0-9]{8}/[a-z0-9-]{1,32}/sts/aws4_request",
            SIGN_AGAIN,
        ),
    ] = Field(description="the access key's id, the date, the Region, sts and aws4_request, each after a slash")
    signed_at: Annotated[str, Text("a time such as 20260131T120000Z", "[0-9]{8}T[0-9]{6}Z", SIGN_AGAIN)] = Field(
        description="when it was signed, as in X-Amz-Date"
    )
    expires_seconds: Annotated[int, Whole("a number of seconds", 1, LONGEST_SECONDS, SIGN_AGAIN)] = Field(
        description="for how long it is valid, as in X-Amz-Expires"
    )
    security_token: Annotated[str | None, Given(), SecretText("a session token", "[A-Za-z0-9+/=_-]{1,12000}", SIGN_AGAIN)] = (
        Field(default=None, description="the session token of temporary credentials")
    )
    signature: Annotated[str, SecretText("a signature of 64 hexadecimal digits", "[0-9a-f]{64}", SIGN_AGAIN)] = Field(
        description="the signature, as in X-Amz-Signature"
    )

    def proof(self) -> CallerProof:
        """The proof as the rules know it."""
        return CallerProof(
            request_id=self.request_id,
            credential=self.credential,
            signed_at=self.signed_at,
            expires_seconds=self.expires_seconds,
            signature=self.signature,
            security_token=self.security_token or "",
        )


GivenProof = Annotated[
    ProofModel | None,
    Given(),
    Field(description="a proof of who calls, valid for at most a minute; without it the caller is recorded as claimed"),
]


def started_by(raw: object, execution: str) -> StartedBy:
    """Who started an execution with this input, as far as the input tells; an input that is wrong tells nothing."""
    given = raw if isinstance(raw, Mapping) else {}
    parent, claimed = (_word(given.get(name)) for name in (PARENT, "on_behalf_of"))
    return StartedBy(execution, parent, claimed, "scheduled_at" in given)


def _word(value: object) -> str:
    """A text on one line and cut; empty for anything else."""
    return Line(LONGEST_CLAIM).read(value) if isinstance(value, str) else ""
