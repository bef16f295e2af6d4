"""Whatever AWS may answer where no record of AWS exists, a rollout promotes and rolls back as before.

The answer to a question that no rollout asks changes nothing, and one run has the assumed answers to all questions. What is
left is each other answer to each question that a rollout asks.
"""

from collections.abc import Iterator

import pytest

from demo.guest import CONTROLLER
from embedded_aws.embedded import EmbeddedAws
from embedded_aws.wire.unknowns import QUESTIONS, Unknowns
from tests.rig import Rig

ASKED = {
    "alarm-score",
    "alias-propagation",
    "canary-log-group",
    "canary-metric-dimension",
    "export-matches-resources",
    "export-unused-parts",
    "filter-default",
    "filter-delay",
    "filter-percentiles",
    "metric-delay",
    "source-arn-of-open-method",
    "split-accuracy",
    "stage-metrics-include-canary",
    "stage-propagation",
}
CASES = [
    pytest.param({question.slug: answer}, id=f"{question.slug}-{answer}")
    for question in QUESTIONS
    if question.slug in ASKED
    for answer in question.answers
    if answer != question.assumed
]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The questions that are asked during the test."""
    found: set[str] = set()
    answer = Unknowns.answer

    def note(unknowns: Unknowns, slug: str) -> str | None:
        found.add(slug)
        return answer(unknowns, slug)

    monkeypatch.setattr(Unknowns, "answer", note)
    return found


@pytest.fixture
def rig(request: pytest.FixtureRequest, asked: set[str]) -> Iterator[Rig]:  # noqa: ARG001 - opening asks too
    with EmbeddedAws(guest=CONTROLLER, answers=getattr(request, "param", {})) as aws:
        yield Rig(aws, history=False)


def promote_and_roll_back(rig: Rig) -> None:
    rig.publish()
    assert rig.run().ending == "Promoted"
    assert rig.is_at_rest()
    rig.publish(FAILING_SHARE=0.6)
    assert rig.run().ending == "RolledBack"
    assert rig.is_at_rest()


def test_rollouts_ask_these_questions_and_no_others(rig: Rig, asked: set[str]):
    promote_and_roll_back(rig)

    assert asked == ASKED


@pytest.mark.parametrize("rig", CASES, indirect=True)
def test_rollouts_end_the_same_under_every_plausible_answer(rig: Rig):
    promote_and_roll_back(rig)
