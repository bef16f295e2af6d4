import json

import pytest
from botocore.exceptions import ClientError

from canary.aws.errors import NotificationRefusedError
from canary.aws.topics import publish
from demo.guest import CONTROLLER
from embedded_aws.embedded import EmbeddedAws


def test_each_subscriber_gets_the_text_of_its_protocol():
    with EmbeddedAws(guest=CONTROLLER) as aws:
        sns, sqs = aws.client("sns"), aws.client("sqs")
        topic = sns.create_topic(Name="notifications")["TopicArn"]
        queue = sqs.create_queue(QueueName="program")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

        publish(sns, topic, subject="canary: told", messages={"default": "for people", "sqs": '{"for": "programs"}'})

        (received,) = sqs.receive_message(QueueUrl=queue)["Messages"]
        body = json.loads(received["Body"])
        assert (body["Subject"], body["Message"]) == ("canary: told", '{"for": "programs"}')


def test_a_refusal_is_an_error_of_its_own():
    with EmbeddedAws(guest=CONTROLLER) as aws:
        gone = "arn:aws:sns:eu-west-1:123456789012:gone"
        with pytest.raises(NotificationRefusedError, match="sns publish") as refused:
            publish(aws.client("sns"), gone, subject="canary", messages={"default": "nobody"})
        assert isinstance(refused.value.__cause__, ClientError)
