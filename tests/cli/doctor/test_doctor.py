"""`canary doctor` on the embedded AWS: a plain API goes from red to green by the printed commands, and a target stays like CheckRelease."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from canary.edge.target import require_target
from tests.cli.doctor import pasted
from tests.cli.doctor.plain import create_plain_api

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Told
    from tests.tasks.walk import Ground

    Canary = Callable[..., Told]


def test_the_printed_commands_take_a_plain_api_to_green_and_no_request_notices(ground: Ground, canary: Canary):
    import yaml

    api = create_plain_api(ground.aws)
    assert api.ask() == [200, 200]
    red = canary("doctor", *api.subject, "--json")
    assert (red.code, red.json["is_ready"]) == (3, False), red.out
    for command in red.json["commands"]:
        pasted.run(ground.aws.client, command)
        assert api.ask() == [200, 200], command
    green = canary("doctor", *api.subject, "--json")
    assert (green.code, green.json["is_ready"], green.json["commands"]) == (0, True, []), green.out

    target = require_target(yaml.safe_load(green.json["target_file"]))
    walk = ground.walk(target)
    answer = walk.check()
    assert answer["start"] == "READY", answer
    told = canary("doctor", target.name)
    assert told.code == 0, told.out


def test_it_names_what_is_there_in_a_target(ground: Ground, canary: Canary):
    told = canary("doctor", "orders")

    assert told.code == 0, told.out
    print(told.out)
