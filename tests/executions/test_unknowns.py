"""Whatever AWS may answer where no record of AWS exists, a rollout promotes and rolls back as before."""

from collections.abc import Iterator

import pytest

from demo.guest import CONTROLLER
from embedded_aws.embedded import EmbeddedAws
from embedded_aws.wire.unknowns import QUESTIONS
from tests.rig import Rig

SAMPLED = {("remove-absent-canary", "refused")}
CASES = [
    pytest.param(
        {question.slug: answer},
        id=f"{question.slug}-{answer}",
        marks=() if (question.slug, answer) in SAMPLED else pytest.mark.slow,
    )
    for question in QUESTIONS
    for answer in question.answers
]


@pytest.fixture
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    with EmbeddedAws(guest=CONTROLLER, answers=request.param) as aws:
        yield Rig(aws, history=False)


@pytest.mark.parametrize("rig", CASES, indirect=True)
def test_rollouts_end_the_same_under_every_plausible_answer(rig: Rig):
    rig.publish()
    assert rig.run().ending == "Promoted"
    assert rig.is_at_rest()
    rig.publish(FAILING_SHARE=0.6)
    assert rig.run().ending == "RolledBack"
    assert rig.is_at_rest()
