"""User code in this process: namespaces, environment, time, output, errors; and the functions around it."""

import io
import random
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from embedded_aws.awslambda.errors import ResourceNotFoundError
from embedded_aws.awslambda.guest import Guest
from embedded_aws.awslambda.runtime import Invocation
from embedded_aws.faults.caller import running_task
from embedded_aws.faults.calls import Killed
from tests.embedded_aws.dataplane.serving_world import ANSWER, START, World, a_version


@pytest.fixture
def world() -> World:
    return World()


def run(world: World, files: Any, event: object = None, **more: Any) -> Invocation:
    world.put_function("orders", files, **more)
    return world.lambdas.invoke("orders", event)


def test_versions_hold_different_modules_of_one_name_and_none_reaches_the_process(world: World) -> None:
    handler = "import prices\ndef handler(event, context):\n    return prices.PRICE"
    files = [{"app.py": handler, "prices.py": f"PRICE = {price}"} for price in (5, 7)]
    before = set(sys.modules)
    world.put_function("orders", *files)
    answers = [world.lambdas.invoke("orders", {}, qualifier=version).payload for version in ("1", "2", "1")]
    assert answers == [5, 7, 5]
    assert set(sys.modules) <= before


def test_packages_relative_imports_and_import_module_find_the_zips_own_modules(world: World) -> None:
    files = {
        "app.py": "import shop.prices as prices\nfrom shop import tax\nfrom shop.prices import *\n"
        "def handler(event, context):\n    return [prices.gross(100), tax.RATE, net(120), shop_name()]\n"
        "def shop_name():\n    import importlib\n    return importlib.import_module('shop').NAME\n",
        "shop/__init__.py": "NAME = 'corner'",
        "shop/prices.py": "from . import tax\nfrom .tax import RATE\n__all__ = ['gross', 'net']\n"
        "def gross(net):\n    return net + net * RATE // 100\ndef net(gross):\n    return gross * 100 // (100 + tax.RATE)\n",
        "shop/tax.py": "RATE = 20",
    }
    assert run(world, files).payload == [120, 20, 100, "corner"]


def test_a_zips_module_wins_over_an_installed_one_of_the_same_name(world: World) -> None:
    files = {"app.py": "import boto3\ndef handler(event, context):\n    return boto3.MINE", "boto3.py": "MINE = True"}
    assert run(world, files).payload is True


def test_import_state_is_kept_as_in_a_warm_environment_and_lost_with_an_update(world: World) -> None:
    counter = "count = 0\ndef handler(event, context):\n    global count\n    count += 1\n    return count"
    world.put_function("orders", counter)
    assert [world.lambdas.invoke("orders", {}).payload for _ in range(3)] == [1, 2, 3]
    world.put_function("orders", counter)
    assert world.lambdas.invoke("orders", {}).payload == 1


def test_requests_at_the_same_time_get_environments_of_their_own(world: World) -> None:
    code = (
        "import threading\nbarrier = None\nmine = []\n"
        "def handler(event, context):\n    mine.append(1)\n    event_barrier()\n    return len(mine)\n"
        "def event_barrier():\n    import meeting\n    meeting.barrier.wait(60)\n"
    )
    meeting = ModuleType("meeting")
    meeting.barrier = threading.Barrier(2)  # type: ignore[attr-defined]
    sys.modules["meeting"] = meeting
    try:
        world.put_function("orders", code)
        answers: list[object] = []
        threads = [
            threading.Thread(target=lambda: answers.append(world.lambdas.invoke("orders", {}).payload)) for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        del sys.modules["meeting"]
    assert answers == [1, 1]


def test_the_environment_is_the_functions_own(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_PROCESS", "x")
    code = (
        "import os\nfrom os import environ, getenv\ndef handler(event, context):\n"
        "    os.environ['SEEN'] = 'yes'\n"
        "    return [environ['TABLE'], getenv('SEEN'), os.environ.get('SECRET_OF_THE_PROCESS'),\n"
        "            os.environ['AWS_LAMBDA_FUNCTION_VERSION'], os.path.basename('/a/b')]"
    )
    world.put_function("orders", code, environment={"TABLE": "orders-table"})
    assert world.lambdas.invoke("orders", {}, qualifier="1").payload == ["orders-table", "yes", None, "1", "b"]
    assert "SEEN" not in __import__("os").environ


def test_sleep_costs_simulated_duration_and_moves_the_functions_clocks(world: World) -> None:
    code = (
        "import time\ndef handler(event, context):\n    began, ticks = time.time(), time.perf_counter()\n"
        "    time.sleep(600)\n    return [began, time.time() - began, time.perf_counter() - ticks,"
        " context.get_remaining_time_in_millis()]"
    )
    began = time.monotonic()
    invocation = run(world, code, timeout_seconds=900.0)
    assert time.monotonic() - began < 60
    assert invocation.payload == [START, 600, 600, 300_000]
    assert invocation.duration_ms == pytest.approx(600_001)


def test_a_function_that_sleeps_past_its_timeout_times_out(world: World) -> None:
    code = (
        "import time\ndef handler(event, context):\n    try:\n        time.sleep(10)\n"
        "    except Exception:\n        return 'caught'"
    )
    invocation = run(world, code, timeout_seconds=3.0)
    assert invocation.function_error == "Unhandled"
    assert invocation.payload["errorType"] == "Sandbox.Timedout"
    assert invocation.payload["errorMessage"].endswith("Error: Task timed out after 3.00 seconds")
    assert invocation.duration_ms == pytest.approx(3001)


def test_randomness_is_seeded(world: World) -> None:
    code = "import random\ndef handler(event, context):\n    return [random.random(), random.choice('abc')]"
    random.seed(1)
    first = run(world, code).payload
    random.seed(2)
    assert run(World(), code).payload == first


def test_output_is_collected_as_lines(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    code = (
        "import sys, logging\nlog = logging.getLogger()\nlog.setLevel('INFO')\n"
        "def handler(event, context):\n    print('a', 1, sep='-')\n    print('no ', end='')\n    print('break')\n"
        "    print('two\\nlines', file=sys.stderr)\n    sys.stdout.write('written')\n    log.info('logged %s', 7)\n"
    )
    lines = run(world, code).log_lines
    assert lines[:4] == ["a-1", "no break", "two", "lines"]
    assert any(line.startswith("[INFO]\t") and line.endswith("\tlogged 7") for line in lines)
    assert lines[-1] == "written"
    assert capsys.readouterr().out == ""


def test_a_functions_log_level_is_its_own(world: World) -> None:
    import logging

    before = logging.getLogger().level
    run(world, "import logging\nlogging.getLogger().setLevel(1)\ndef handler(event, context):\n    pass")
    assert logging.getLogger().level == before


def test_what_installed_packages_print_is_collected_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    package = ModuleType("chatty_package")
    exec("def chat(): print('from a package')", package.__dict__)  # noqa: S102 - a package made for the test
    monkeypatch.setitem(sys.modules, "chatty_package", package)
    with redirect_stdout(io.StringIO()) as outside:
        lines = run(world, "import chatty_package\ndef handler(event, context):\n    chatty_package.chat()").log_lines
        print("outside")  # noqa: T201 - standard output is the process's again
    assert lines == ["from a package"]
    assert outside.getvalue() == "outside\n"


def test_dataclasses_with_annotations_as_text_work_in_a_zip(world: World) -> None:
    code = (
        "from __future__ import annotations\nfrom dataclasses import asdict, dataclass, field\nimport typing\n"
        "@dataclass(frozen=True)\nclass Order:\n    id: int\n    lines: list[Line] = field(default_factory=list)\n"
        "class Line:\n    pass\nclass Key(typing.NamedTuple):\n    id: int\nclass Box(typing.TypedDict):\n    id: int\n"
        "def handler(event, context):\n    known = typing.get_type_hints(Order)['lines'] == list[Line]\n"
        "    return [asdict(Order(7)), known, Key(1), Box(id=2)]"
    )
    assert run(world, code).payload == [{"id": 7, "lines": []}, True, [1], {"id": 2}]


def test_files_beside_the_code_can_be_read(world: World) -> None:
    code = "from pathlib import Path\ndef handler(event, context):\n    return Path(__file__).with_name('menu.txt').read_text()"
    assert run(world, {"app.py": code, "menu.txt": "soup"}).payload == "soup"


def test_the_context_says_who_runs_and_how_it_was_called(world: World) -> None:
    code = (
        "def handler(event, context):\n    return [context.function_name, context.function_version,\n"
        "            context.invoked_function_arn, context.aws_request_id, context.memory_limit_in_mb]"
    )
    world.put_function("orders", code, code)
    world.put_alias("orders", "live", "2")
    invocation = world.lambdas.invoke("orders", {}, qualifier="live")
    arn = "arn:aws:lambda:eu-west-1:123456789012:function:orders:live"
    assert invocation.payload == ["orders", "2", arn, invocation.request_id, "128"]
    assert invocation.executed_version == "2"


@pytest.mark.parametrize(
    ("code", "error_type", "message"),
    [
        ("def handler(event, context):\n    raise KeyError('id')", "KeyError", "'id'"),
        ("def other(): pass", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'"),
        ("import nothing_like_it", "Runtime.ImportModuleError", "Unable to import module 'app': No module named"),
        ("def handler(:", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app'"),
        ("raise ValueError('at import')", "ValueError", "at import"),
        ("import sys\ndef handler(e, c):\n    sys.exit(3)", "Runtime.ExitError", "exited with error: exit status 3"),
        ("import sys\ndef handler(e, c):\n    sys.exit(0)", "Runtime.ExitError", "exited without providing a reason"),
        ("def handler(event, context):\n    return {1, 2}", "Runtime.MarshalError", "Unable to marshal response: "),
    ],
)
def test_errors_are_answered_as_lambda_answers_them(world: World, code: str, error_type: str, message: str) -> None:
    invocation = run(world, code)
    assert invocation.function_error == "Unhandled"
    assert invocation.payload["errorType"] == error_type
    assert message in invocation.payload["errorMessage"]


def test_a_raised_error_is_logged_with_its_traceback(world: World) -> None:
    (line,) = run(world, "def handler(event, context):\n    raise KeyError('id')").log_lines
    assert line.startswith("[ERROR] KeyError: 'id'\nTraceback")
    assert '"/var/task/app.py", line 2' in line


def test_a_function_in_another_language_is_refused_by_name(world: World) -> None:
    world.put_function("orders", ANSWER, runtime="nodejs22.x")
    assert "runs Python, not nodejs22.x" in world.lambdas.invoke("orders", {}).payload["errorMessage"]


def test_answers_are_json_on_their_way(world: World) -> None:
    code = "from decimal import Decimal\ndef handler(event, context):\n    return {'a': (1, 2), 'b': {3: Decimal('1.5')}}"
    assert run(world, code).payload == {"a": [1, 2], "b": {"3": 1.5}}


def test_a_handler_cannot_change_its_callers_event(world: World) -> None:
    event = {"list": [1]}
    run(world, "def handler(event, context):\n    event['list'].append(2)", event)
    assert event == {"list": [1]}


def test_an_unknown_function_or_qualifier_is_refused(world: World) -> None:
    world.put_function("orders", ANSWER)
    with pytest.raises(ResourceNotFoundError, match=r"function:nothing$"):
        world.lambdas.invoke("nothing", {})
    with pytest.raises(ResourceNotFoundError, match=r"Function not found: arn:aws:lambda:.*:function:orders:9"):
        world.lambdas.invoke("orders", {}, qualifier="9")


def test_log_lines_go_to_the_functions_group_between_start_and_report(world: World) -> None:
    run(world, "import time\ndef handler(event, context):\n    print('{\"order\": 1}')\n    time.sleep(1)")
    start, line, end, report = world.logs.lines["/aws/lambda/orders"]
    assert start[1].startswith("START RequestId: ")
    assert start[1].endswith("Version: $LATEST")
    assert line == (START, '{"order": 1}')
    assert end[1].startswith("END RequestId: ")
    assert "\tDuration: 1001.00 ms\tBilled Duration: 1001 ms\tMemory Size: 128 MB" in report[1]
    assert report[0] == pytest.approx(START + 1.001)


def test_metrics_count_under_every_dimension_set_and_executed_version_only_behind_an_alias(world: World) -> None:
    world.put_function("orders", "def handler(event, context):\n    return 1 / event['by']")
    world.put_alias("orders", "live", "1")
    for by in (1, 2, 0):
        world.lambdas.invoke("orders", {"by": by}, qualifier="live")
    world.lambdas.invoke("orders", {"by": 1}, qualifier="1")
    world.lambdas.invoke("orders", {"by": 1})
    assert world.metrics.samples == {}
    world.pass_time(60)
    total = world.metrics.total
    alias = {"FunctionName": "orders", "Resource": "orders:live"}
    assert total("AWS/Lambda", "Invocations") == 5
    assert total("AWS/Lambda", "Invocations", FunctionName="orders") == 5
    assert total("AWS/Lambda", "Invocations", **alias) == 3
    assert total("AWS/Lambda", "Invocations", **alias, ExecutedVersion="1") == 3
    assert total("AWS/Lambda", "Invocations", FunctionName="orders", Resource="orders:1") == 1
    assert ("AWS/Lambda", "Invocations") not in {
        key[:2] for key in world.metrics.samples if dict(key[2]).get("ExecutedVersion") and "orders:1" in key[2][-1]
    }
    assert total("AWS/Lambda", "Errors", **alias) == 1
    assert world.metrics.count("AWS/Lambda", "Errors", **alias) == 3
    assert world.metrics.count("AWS/Lambda", "Duration", **alias) == 3


def test_an_asynchronous_invocation_is_tried_three_times(world: World) -> None:
    due: list[tuple[float, str]] = []
    pending: list[Callable[[], None]] = []

    def call_at(at: float, action: Callable[[], None], *, name: str) -> None:
        due.append((at - world.time, name))
        pending.append(action)

    world.lambdas.call_at = call_at
    world.put_function("guard", "def handler(event, context):\n    raise ValueError('no')")
    world.lambdas.send("guard", {})
    while pending:
        pending.pop()()
    assert due == [(0, "invoke guard"), (60, "retry guard"), (120, "retry guard")]


# Functions of a guest, which run in this process.


class Loaded:
    """A guest whose functions all answer as ``handle`` does; it keeps the environments with which it was loaded."""

    def __init__(self, handle: Callable[[Any, Any], Any]) -> None:
        self.environments: list[Mapping[str, str]] = []
        self._handle = handle

    def load(self, handler: str, environment: Mapping[str, str]) -> Callable[[Any, Any], Any]:
        assert handler == "guest.tasks.shift.handler"
        self.environments.append(environment)
        return self._handle


@pytest.fixture
def task(world: World) -> Callable[[Callable[[Any, Any], Any]], Loaded]:
    def install(handle: Callable[[Any, Any], Any]) -> Loaded:
        loaded = Loaded(handle)
        world.lambdas.guest = Guest("guest.tasks.", loaded.load, "GUEST_TASK")
        version = a_version("shift", version="1", environment={"GUEST_TASK": "ShiftTraffic", "GUEST_TABLE": "t"})
        world.lambdas.put_version(replace(version, handler="guest.tasks.shift.handler"))
        return loaded

    return install


def test_a_guests_function_runs_from_this_process_with_its_own_environment(world: World, task: Any) -> None:
    loaded = task(lambda event, _: {"echo": event, "task": running_task()})
    for _ in range(3):
        assert world.lambdas.invoke("shift", 5, qualifier="1").payload == {"echo": 5, "task": "ShiftTraffic"}
    assert running_task() is None
    (environ,) = loaded.environments
    assert environ["GUEST_TABLE"] == "t"
    assert environ["AWS_REGION"] == "eu-west-1"


def test_a_killed_function_answers_as_one_that_exited_and_runs_again(world: World, task: Any) -> None:
    lives = [Killed("before apigateway.UpdateStage"), None]

    def handle(_: object, __: object) -> str:
        if error := lives.pop(0):
            raise error
        return "alive"

    loaded = task(handle)
    killed = world.lambdas.invoke("shift", {}, qualifier="1")
    assert (killed.function_error, killed.payload["errorType"]) == ("Unhandled", "Runtime.ExitError")
    assert running_task() is None
    assert world.lambdas.invoke("shift", {}, qualifier="1").payload == "alive"
    assert len(loaded.environments) == 1


def test_a_guests_error_has_its_class_name_and_text(world: World, task: Any) -> None:
    class TargetBusyError(Exception):
        pass

    def handle(_: object, __: object) -> None:
        raise TargetBusyError("orders is being rolled out by r-1; wait")

    task(handle)
    payload = world.lambdas.invoke("shift", {}, qualifier="1").payload
    assert (payload["errorType"], payload["errorMessage"]) == ("TargetBusyError", "orders is being rolled out by r-1; wait")
