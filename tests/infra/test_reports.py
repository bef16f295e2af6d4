"""The bucket of reports: private, kept, and filled by one function on the events of an end."""

import aws_cdk as cdk
import pytest

from canary.aws.notifications import KEPT
from canary_cdk.functions import MAY, knows_reports
from canary_cdk.reports import WORTH_A_REPORT, ReportBaseUrlError, read_base_url
from infra.stacks import ControllerStack
from tests.infra.templates import Template, text

pytestmark = pytest.mark.slow


def test_the_bucket_is_private_encrypted_and_kept(controller):
    ((name, bucket),) = controller.of_type("AWS::S3::Bucket").items()
    assert bucket["PublicAccessBlockConfiguration"] == dict.fromkeys(
        ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
    )
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert [one["ExpirationInDays"] for one in bucket["LifecycleConfiguration"]["Rules"]] == [400]
    assert "BucketName" not in bucket
    resource = controller.resources[name]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")
    (statement,) = controller.only("AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Action"], statement["Principal"]) == ("Deny", "s3:*", {"AWS": "*"})
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_one_function_may_write_to_it_and_is_called_when_a_rollout_ends(controller):
    writers = {
        role
        for role in controller.of_type("AWS::IAM::Role")
        for action, _ in controller.allowed(role)
        if action.startswith("s3:")
    }
    name, keeper = controller.function("KeepReport")
    assert writers == {keeper["Role"]["Fn::GetAtt"][0]}
    rule = controller.named("AWS::Events::Rule", "canary-reports", key="Name")
    assert rule["EventPattern"] == {"source": ["canary"], "detail-type": WORTH_A_REPORT}
    (target,) = rule["Targets"]
    assert target["Arn"] == {"Fn::GetAtt": [name, "Arn"]}
    assert "DeadLetters" in text(target["DeadLetterConfig"]["Arn"])
    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 21_600, "MaximumRetryAttempts": 2}


def test_every_event_whose_detail_has_a_link_makes_the_report():
    assert {*WORTH_A_REPORT} == {kind.value for kind in KEPT}


@pytest.mark.parametrize(
    ("value", "url"),
    [
        (None, None),
        ("", None),
        ("https://reports.example.org/canary/", "https://reports.example.org/canary"),
        ("http://reports.local:8080", "http://reports.local:8080"),
    ],
)
def test_the_address_of_a_site_is_taken_without_its_last_slash(value, url):
    assert read_base_url(value) == url


@pytest.mark.parametrize("value", ["reports.org", "https://", "ftp://a/b", "https://a/b?c=d", "https://a/b#c", "https://a/ b"])
def test_what_is_no_address_of_a_site_is_refused(value):
    with pytest.raises(ReportBaseUrlError, match=r"report_base_url must be the http\(s\) address of a site"):
        read_base_url(value)


def test_the_functions_that_tell_of_an_end_know_the_sites_address():
    app = cdk.App()
    ControllerStack(app, report_base_url="https://reports.example.org")
    template = Template(app.synth().get_stack_by_name("canary").template)
    told = {
        one["FunctionName"]
        for one in template.of_type("AWS::Lambda::Function").values()
        if one["Environment"]["Variables"].get("CANARY_REPORT_BASE_URL") == "https://reports.example.org"
    }
    assert told == {f"canary-{task}" for task in MAY if knows_reports(task)}
    assert {"canary-MakeSafe", "canary-KeepReport", "canary-OperateRollout"} <= told
