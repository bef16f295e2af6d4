"""What must never appear in a file of the repository."""

import ast
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REQUIREMENTS = sorted(ROOT.glob("requirements*.txt"))
# Each pattern has a bracket that only keeps this file from matching it.
FORBIDDEN = {
    "a path of one machine": r"/wor[k]/|/roo[t]/|/tm[p]/|/hom[e]/\w",
    "a paper that is no part of the project": r"aws-fact[s]|(?<![\w-])share[d]/|(?<![\w-])house-styl[e]|\bF[1-9]\.\d{1,2}\b",
    "who worked on it and when": r"(?i)\b(?:this|last|next|previous|earlier|later|another|work|coding) sessio[n]"
    r"|\bsessio[n]s? (?:that|who|which) (?:wrote|built|made|started)|\bsub-?agen[t]",
    "the host of a package registry": r"pypi\.or[g]|files\.pythonhoste[d]|registry\.npmj[s]",
}


def files() -> list[Path]:
    """Every file of the repository, including new ones."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("this is no clone, so git cannot say which files are the repository's")
    listed = subprocess.run(
        [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    return [path for path in (ROOT / name for name in listed.split("\0") if name) if path.is_file()]


def found(pattern: str) -> list[str]:
    """The lines that match, as file, line and match."""
    return [
        f"{path.relative_to(ROOT)}:{number}: {match[0]}"
        for path in files()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1)
        for match in re.finditer(pattern, line)
    ]


def test_this_file_is_looked_at_too() -> None:
    assert Path(__file__).resolve() in [path.resolve() for path in files()]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what: str) -> None:
    assert found(FORBIDDEN[what]) == []


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("a path of one machine", "see /wo" + "rk/main"),
        ("a paper that is no part of the project", "aws-fa" + "cts.md F1" + ".30"),
        ("a paper that is no part of the project", "../sha" + "red/design.md"),
        ("who worked on it and when", "an earlier sess" + "ion's work"),
        ("the host of a package registry", "https://py" + "pi.org/simple"),
    ],
)
def test_what_is_forbidden_would_be_found(what: str, line: str) -> None:
    assert re.search(FORBIDDEN[what], line)


@pytest.mark.parametrize("line", ["boto3.session.Session()", "docs/aws.md#shared-cache", "docs/framework/overview"])
def test_what_is_allowed_is_not_found(line: str) -> None:
    assert [what for what, pattern in FORBIDDEN.items() if re.search(pattern, line)] == []


def unspecified(source: str) -> Iterator[str]:
    """The calls that read or write text in the encoding of the machine's locale."""
    for call in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)):
        is_of_a_text = isinstance(call.func, ast.Attribute) and call.func.attr in {"read_text", "write_text"}
        if is_of_a_text and not any(keyword.arg == "encoding" for keyword in call.keywords):
            yield ast.unparse(call)


def test_every_text_is_read_and_written_as_utf_8() -> None:
    sources = [path for path in files() if path.suffix == ".py"]

    assert {str(path): list(unspecified(path.read_text(encoding="utf-8"))) for path in sources} == {
        str(path): [] for path in sources
    }


@pytest.mark.parametrize("source", ["path.read_text()", "Path('x').write_text('é')"])
def test_a_text_of_the_locale_would_be_found(source: str) -> None:
    assert list(unspecified(source)) == [source]


def test_there_are_requirements() -> None:
    assert [path.name for path in REQUIREMENTS] == [
        *("requirements-demo.txt", "requirements-docs.txt", "requirements-test.txt", "requirements.txt"),
    ]


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
def test_every_requirement_is_pinned_with_hashes(path: Path) -> None:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not re.match(r"\s*(#|$)", line)]
    requirements = re.split(r"\n(?=\S)", "\n".join(lines))

    assert requirements
    for requirement in requirements:
        assert re.match(r"[\w.-]+(\[[\w,-]+\])?==\S+( ; [^\\]+)? \\\n", requirement), requirement
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", requirement), requirement
