from canary.rules.looks.folding import fold_minutes
from canary.rules.looks.look_numbers import numbers_of
from tests.builders import NOON
from tests.rules.looks.test_folding import BROKEN, CALM, DELAY, ERRORS, START, a_baking, minutes


def test_leaves_the_numbers_of_a_look():
    counts = minutes(CALM, BROKEN)
    folded = fold_minutes(a_baking(), ERRORS, counts, NOON + 120 + DELAY, integrated={START + 60: (58, 520)})
    numbers = numbers_of(folded.minutes, folded.evidence, folded.rollout)
    assert numbers["minutes"] == [
        [START, "not_evidence", {"errors": [60, 0, 540, 2]}, None],
        [START + 60, "cold", {"errors": [60, 30, 540, 2]}, [58, 520]],
    ]
    assert numbers["log_e"] == round(folded.evidence.log_e, 4)
    assert numbers["log_e_assisted"] == round(folded.evidence.log_e_assisted, 4)
    assert numbers["log_e_by_metric"] == {"errors": round(folded.evidence.metrics["errors"].log_e, 4)}
    assert (numbers["step"], numbers["requests"]) == (0, 60)
