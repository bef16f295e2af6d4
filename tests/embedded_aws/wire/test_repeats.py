"""What a client of this process does once, and that a request to elsewhere is signed in full."""

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from embedded_aws.embedded import EmbeddedAws
from embedded_aws.shortcut import INSIDE

KEYS = Credentials("AKIDEXAMPLE", "secret", "token")


@pytest.fixture(scope="module", autouse=True)
def aws():
    with EmbeddedAws() as opened:
        yield opened


def signed(url):
    request = AWSRequest("GET", url)
    SigV4Auth(KEYS, "ssm", "eu-west-1").add_auth(request)
    return request.headers


def test_a_request_inside_says_whose_it_is():
    headers = signed(f"{INSIDE}/")
    assert headers["Authorization"].startswith(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260105/eu-west-1/ssm/aws4_request, SignedHeaders="
    )
    assert headers["X-Amz-Security-Token"] == "token"
    assert headers["X-Amz-Date"] == "20260105T000000Z"


def test_a_request_to_elsewhere_is_signed_in_full():
    signature = signed("https://ssm.eu-west-1.amazonaws.com/")["Authorization"].rpartition("Signature=")[2]
    assert len(bytes.fromhex(signature)) == 32


def test_each_client_keeps_its_own_user_agent(aws):
    agents = []
    session = boto3.session.Session(region_name="eu-west-1")
    for name in ("one", "two"):
        config = boto3.session.Config(user_agent_extra=name)
        client = session.client("ssm", endpoint_url=aws.endpoint_url, config=config)
        client.meta.events.register("before-send.ssm.*", lambda request, **_: agents.append(request.headers["User-Agent"]))
        client.describe_parameters()
        client.describe_parameters()
    told = [{*agent.decode().split()} & {"one", "two"} for agent in agents]  # other libraries may add theirs to all
    assert told == [{"one"}, {"one"}, {"two"}, {"two"}]


def test_an_operation_of_s3_goes_to_its_own_bucket(aws):
    client = boto3.session.Session(region_name="eu-west-1").client("s3", endpoint_url=aws.endpoint_url)
    paths = []
    client.meta.events.register("before-send.s3.*", lambda request, **_: paths.append(request.url))
    for bucket in ("first", "second"):
        client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert [path.rpartition("/")[2] for path in paths] == ["first", "second"]
