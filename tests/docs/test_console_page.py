"""The page on the AWS console: its queries are those that are saved, and its five lines log what it says."""

import json
import re
from types import SimpleNamespace

from canary.rules.failures.saved_queries import REQUEST_ID, saved_queries
from tests.builders import a_target
from tests.docs.test_commands import ROOT

PAGE = (ROOT / "docs" / "console.md").read_text(encoding="utf-8")


def test_the_page_lists_every_saved_query():
    listed = re.findall(r"^\| `([^`]+)` \| [^|]+ \| (?:the access log|the functions' logs|all logs) \|$", PAGE, re.MULTILINE)
    saved = [*saved_queries(a_target()), *saved_queries(a_target(stage=None))]
    assert {*listed} == {one.asks.value for one in saved}
    assert f"`{REQUEST_ID}`" in PAGE


def test_the_five_lines_log_version_arm_and_request_id(capsys):
    (lines,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len([line for line in lines.splitlines() if line]) == 5
    made = {}
    exec(compile(f"{lines}    logger.info('answered')\n", "docs/console.md", "exec"), made)  # noqa: S102 - the page's own lines
    names = {"function_name": "orders-read", "memory_limit_in_mb": 256, "invoked_function_arn": "arn:aws:lambda:::function:f"}
    context = SimpleNamespace(**names, aws_request_id="7b1c", function_version="4")
    made["handler"]({"stageVariables": {"lambdaAlias": "canary"}}, context)
    line = json.loads(capsys.readouterr().out)
    assert {key: line[key] for key in ("version", "arm", "function_request_id")} == {
        "version": "4",
        "arm": "canary",
        "function_request_id": "7b1c",
    }
