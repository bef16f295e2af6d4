from canary.rules.target import Shifter
from tests.builders import a_target


def test_a_stage_is_shifted_by_its_canary_and_aliases_alone_by_their_weights():
    assert a_target().shifter is Shifter.STAGE
    assert a_target(stage=None).shifter is Shifter.ALIAS
