"""What a client of this process gets is what the web framework would have given it."""

import io
import json

import pytest

from embedded_aws.embedded import EmbeddedAws
from embedded_aws.moto_seams.application import application_for
from embedded_aws.moto_seams.direct import Part, call_app

OF_EACH_REQUEST = {"x-amzn-requestid"}
OF_THE_FRAMEWORK = {("access-control-allow-origin", "*"), ("content-type", "text/html; charset=utf-8")}
"""AWS sends neither."""


@pytest.fixture(scope="module", autouse=True)
def aws():
    with EmbeddedAws() as opened:
        yield opened


def environ(service, path="/", method="POST", body=b"", **headers):
    scope = f"AKIDEXAMPLE/20260105/eu-west-1/{service}/aws4_request"
    return {
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": "application/x-amz-json-1.1",
        "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
        "HTTP_HOST": "127.0.0.1:1",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "RAW_URI": path,
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "1",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.input": io.BytesIO(body),
        "wsgi.url_scheme": "http",
        **headers,
    }


def asked(target, **body):
    return {"body": json.dumps(body).encode(), "HTTP_X_AMZ_TARGET": target}


CASES = {
    "an answer": ("ssm", asked("AmazonSSM.DescribeParameters")),
    "a refusal": ("ssm", asked("AmazonSSM.GetParameter", Name="/none")),
    "a path": ("apigateway", {"path": "/restapis", "method": "GET"}),
    "a path that no view has": ("apigateway", {"path": "/nowhere/at/all", "method": "GET"}),
}


@pytest.mark.parametrize(("service", "request_"), CASES.values(), ids=CASES)
def test_the_answer_is_the_frameworks(service, request_):
    app = application_for(environ(service, **request_))
    through = call_app(app, environ(service, **request_))
    directly = Part(app).answer(environ(service, **request_))
    assert (directly.status, directly.body) == (through.status, through.body)
    assert compared(directly) == compared(through)


def compared(answer):
    headers = {(name.lower(), value) for name, value in answer.headers.items() if name.lower() not in OF_EACH_REQUEST}
    return headers - OF_THE_FRAMEWORK
