"""cdk-nag's pack AwsSolutions over everything that is deployed."""

import pytest

pytestmark = pytest.mark.slow

SAMPLE_IS_TOLD = ("Annotation::canary:sample-target", "canary-target-orders")
"""The app's own finding in the same report: that target is the sample's."""

OURS = ("shop/Canaries/", "shop/Orders/", "shop/Unlogged/", "shop/Ship/")


def test_no_finding_of_the_app_is_left(product):
    assert product.findings == [SAMPLE_IS_TOLD]


def test_the_constructs_leave_no_finding_in_someone_elses_app(other_app):
    assert [finding for finding in other_app.findings if finding[1].startswith(OURS)] == []


def test_a_finding_would_be_seen(other_app):
    assert ("AwsSolutions-APIG1", "shop/Prod/Resource") in other_app.findings


def test_every_acknowledgement_has_a_reason_of_the_list(product):
    from canary_cdk.reasons import RULES, WILDCARDS

    reasons = {*RULES.values(), *(wildcard.reason for wildcard in WILDCARDS)}
    assert product.acknowledged
    for _, given, path in product.acknowledged:
        assert given in reasons or all(part in reasons for part in given.split(" -- ")), path


def test_every_rule_of_the_list_is_acknowledged_somewhere(product):
    from canary_cdk.reasons import RULES

    assert {*RULES} <= {rule for rule, _, _ in product.acknowledged}


def test_a_rule_without_a_reason_cannot_be_acknowledged():
    import aws_cdk as cdk

    from canary_cdk.reasons import ReasonMissingError, acknowledge_rule

    with pytest.raises(ReasonMissingError, match="no reason for AwsSolutions-SQS4"):
        acknowledge_rule(cdk.Stack(), "AwsSolutions-SQS4")
