from canary.rules.targets.shifters import ShifterKind
from tests.builders import a_target


def test_a_stage_is_shifted_by_its_canary_and_aliases_alone_by_their_weights():
    assert a_target().shifter is ShifterKind.STAGE
    assert a_target(stage=None).shifter is ShifterKind.ALIAS
