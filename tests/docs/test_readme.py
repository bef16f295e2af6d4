"""The README and the pages beside it match the code."""

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from canary.edge.request import parse_advance, parse_operator_call, parse_request
from canary.rules.targets.access_log import LOG_FORMAT, find_misfit
from canary.rules.targets.policy import SHIPPED, Policy
from canary_machine.definition import load, states_of
from canary_machine.diagram import PICTURE, digest, digest_of, dot, stamp
from demo.controller import OPERATOR, function_name
from demo.orders_traffic import PER_MINUTE
from demo.scenarios import SCENARIOS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
README = (ROOT / "README.md").read_text(encoding="utf-8")
INPUT = (DOCS / "input.md").read_text(encoding="utf-8")
TEXTS = "\n".join([README, *((DOCS / f"{page}.md").read_text(encoding="utf-8") for page in ("input", "when-it-breaks"))])
"""The README, and the pages that go on where it stops."""
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PAGES = sorted([ROOT / "README.md", *DOCS.rglob("*.md")])
SCHEMA: dict[str, Any] = json.loads((DOCS / "schemas" / "input.schema.json").read_text(encoding="utf-8"))
ADVANCE_SCHEMA: dict[str, Any] = json.loads((DOCS / "schemas" / "advance.schema.json").read_text(encoding="utf-8"))
EXAMPLES = sorted((ROOT / "statemachine" / "examples").glob("*.json"))
NUMBERS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight"}


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def without_blocks(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def tables(text: str) -> Iterator[tuple[str, list[list[str]]]]:
    """Each table as the name of its first column and its rows."""
    for table in re.findall(r"(?:^\|.*\|\n)+", without_blocks(text), re.MULTILINE):
        head, _, *rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in table.splitlines()]
        yield head[0], rows


def rows_of(first_column: str) -> list[list[str]]:
    """The rows of a table on the page about inputs."""
    [rows] = [rows for name, rows in tables(INPUT) if name == first_column]
    return rows


def code(cell: str) -> str:
    [found] = re.findall(r"^`([^`]+)`$", cell)
    return str(found)


def spans(text: str) -> list[str]:
    """Code in running text."""
    return re.findall(r"`([^`\n]+)`", without_blocks(text))


def inputs() -> list[str]:
    """Every JSON block or span that requests a rollout or calls an operator's verb."""
    return [one for one in (*blocks(TEXTS, "json"), *spans(TEXTS)) if one.lstrip().startswith('{"') and "target" in one]


def schema_at(path: str) -> dict[str, Any]:
    """What the input's schema says about a key, given as a path with dots."""
    found = SCHEMA
    for name in path.split("."):
        found = resolved(found)["properties"][name]
    return found


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    for option in (schema, *schema.get("anyOf", ())):
        if "$ref" in option:
            return SCHEMA["$defs"][option["$ref"].rpartition("/")[2]]
    return schema


def in_words(policy: Policy) -> list[str]:
    """A policy's name, steps and bake times as the table writes them."""
    [seconds] = {step.bake_seconds for step in policy.steps}
    bake = "an hour" if seconds == 3600 else f"{seconds // 60} minutes"
    percents = ", ".join(f"{step.weight_percent:f}" for step in policy.steps)
    return [f"`{policy.name}`", percents, f"up to {bake}" if policy.early_advance else bake]


def test_the_picture_is_drawn_from_the_machine() -> None:
    assert digest_of(PICTURE.read_bytes()) == digest(dot(load())), "run: make pictures"
    assert f"]({PICTURE.relative_to(ROOT)})" in README


def test_the_picture_shows_every_state() -> None:
    text = dot(load())
    assert [name for name, _ in states_of(load()) if f'"{name}"' not in text and name != "Rollout"] == []


def test_a_picture_of_something_else_is_noticed() -> None:
    picture = PICTURE.read_bytes()
    bare = picture.replace(b"drawn-from-sha256", b"drawn-from-sha255")

    assert digest_of(bare) is None
    assert digest_of(stamp(bare, digest("another"))) == digest("another")


def test_there_is_an_input_to_copy() -> None:
    assert any(parse_request(json.loads(one))[0] for one in inputs())


@pytest.mark.parametrize("text", inputs())
def test_every_input_is_one_that_the_edge_takes(text: str) -> None:
    value = json.loads(text)
    parse = parse_operator_call if "verb" in value else parse_advance if value.get("operation") == "advance" else parse_request
    _, problems = parse(value)

    assert problems == ()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_example_is_a_valid_input(path: Path) -> None:
    value = json.loads(path.read_text(encoding="utf-8"))
    is_advance = value.get("operation") == "advance"

    assert (parse_advance if is_advance else parse_request)(value)[1] == ()
    jsonschema.Draft202012Validator(ADVANCE_SCHEMA if is_advance else SCHEMA).validate(value)


@pytest.mark.parametrize("key", [code(row[0]) for row in rows_of("key")])
def test_every_key_of_the_input_table_is_in_the_schema(key: str) -> None:
    assert schema_at(key)


def test_only_the_target_is_needed() -> None:
    needed = [code(key) for key, _, otherwise in rows_of("key") if otherwise == "needed"]

    assert needed == SCHEMA["required"]


def test_the_policies_in_the_table_are_the_shipped_ones() -> None:
    assert [row[:3] for row in rows_of("policy")] == [in_words(policy) for policy in SHIPPED.values()]


def test_the_input_table_names_every_shipped_policy() -> None:
    [what] = [what for key, what, _ in rows_of("key") if code(key) == "policy"]

    assert re.findall(r"`([^`]+)`", what) == list(SHIPPED)


def test_the_policy_table_says_what_is_special() -> None:
    notes = {code(row[0]): row[3] for row in rows_of("policy")}

    for name, policy in SHIPPED.items():
        minute = re.search(r"promotion after minute (\d+)", notes[name])
        assert (int(minute[1]) * 60 if minute else 0) == policy.not_before_seconds
        assert ("a step ends when" in notes[name]) == policy.early_advance
        assert ("tolerates alarms" in notes[name]) == policy.tolerate_firing_alarms


@pytest.mark.parametrize(
    "key", sorted(set(re.findall(r"`policy\.([a-z_]+)", TEXTS)) | {"steps", "alpha", "min_requests", "progression"})
)
def test_every_policy_key_is_in_the_schema(key: str) -> None:
    assert schema_at(f"policy.{key}")


def made() -> set[str]:
    """Every make target that a page tells readers to run."""
    texts = [path.read_text(encoding="utf-8") for path in PAGES]
    commands = [command for text in texts for command in (*blocks(text, "sh"), *spans(text))]
    return {target for command in commands for target in re.findall(r"^make ([a-z-]+)", command, re.MULTILINE)}


def test_every_target_of_make_exists() -> None:
    assert {"demo", "serve", "synth", "deploy", "destroy", "test", "check"} <= made()
    assert made() <= set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))


def test_every_shell_command_is_one_of_make_or_a_verb_that_is_run_elsewhere() -> None:
    """The commands from nothing to the first rollout are in `test_first_commands`."""
    section = r"^## From nothing .*?(?=^## )"
    others = re.sub(section, "", README, flags=re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks(others, "sh") for line in block.splitlines()]

    assert [
        line for line in lines if not re.fullmatch(r"make [a-z-]+( (ONLY|TARGETS)=[a-z]+)?|canary [a-z]+( .*)?", line)
    ] == []


def test_the_demo_is_told_as_it_is() -> None:
    named = re.findall(r"make demo ONLY=([a-z]+)", README + MAKEFILE)

    assert set(named) <= {scenario.name for scenario in SCENARIOS}
    assert f"{NUMBERS[len(SCENARIOS)]} rollouts" in " ".join(README.split())
    assert f"{PER_MINUTE:g} requests a minute" in README


def test_the_operators_function_is_called_by_its_name() -> None:
    assert re.findall(r"call the function `([^`]+)`", README) == [function_name(OPERATOR)]


def test_every_ending_is_reported() -> None:
    endings = [name for name, state in states_of(load()) if state["Type"] in {"Succeed", "Fail"} and name != "CanaryRejected"]

    assert [name for name in endings if f"`{name}`" not in README] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_to_a_file_leads_to_one(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", without_blocks(page.read_text(encoding="utf-8")))
    files = [link for link in links if "://" not in link]

    assert [link for link in files if not (page.parent / link).exists()] == []


def test_the_chapters_come_in_their_order() -> None:
    order = (
        "Sixty seconds without AWS",
        "Your own API, with nothing deployed",
        "On your laptop",
        "The first ten minutes",
        "From nothing to the first rollout in your account",
        "Input",
        "Output",
        "How it decides",
        "What happens when it breaks",
        "When not to use it",
        "Cost",
        "Permissions",
    )
    places = [README.index(f"\n## {heading}\n") for heading in order]

    assert all(before < after for before, after in pairwise(places))


def test_nothing_is_left_to_fill_in() -> None:
    words = "COST|FORMAT|UNKNOWNS|TODO|TBD|FIXME"

    for page in PAGES:
        assert re.findall(rf"^({words})$", page.read_text(encoding="utf-8"), re.MULTILINE) == []


def test_the_access_log_page_shows_the_format() -> None:
    page = (DOCS / "access-log.md").read_text(encoding="utf-8")

    assert blocks(page, "json") == [f"{LOG_FORMAT}\n"]
    assert find_misfit(LOG_FORMAT) is None
