import io
import re
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
import time_machine

from embedded_aws.awslambda.zips import zip_of

ROOT = Path(__file__).parents[3]
ROOMS = ("bench", "examples", "functions", "infra", "canary_machine", "demo", "embedded_aws", "statemachine", "tests", "verify")
WRITES_A_ZIP = r"\.writestr\(|ZipFile\([^)]*[\"'][wax][\"']|make_archive\("
FILES = {"app.py": "x = 1\n", "orders/menu.txt": b"\x00\xff"}


def opened(archive: bytes) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(archive))


def test_the_same_files_give_the_same_bytes_at_any_time_and_in_any_order() -> None:
    with time_machine.travel(datetime(2026, 1, 5, 10, 0, 1)):  # noqa: DTZ001 - a zip has the time on the wall
        first = zip_of(FILES)
    with time_machine.travel(datetime(2027, 2, 6, 11, 30, 2)):  # noqa: DTZ001 - as above
        again = zip_of(dict(reversed(FILES.items())))

    assert first == again


def test_other_files_give_other_bytes() -> None:
    assert len({zip_of(FILES), zip_of({**FILES, "app.py": "x = 2\n"}), zip_of({"app.py": "x = 1\n"})}) == 3


def test_a_zip_holds_its_files_readable_by_everyone() -> None:
    with opened(zip_of(FILES)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {
            "app.py": b"x = 1\n",
            "orders/menu.txt": b"\x00\xff",
        }
        assert {entry.external_attr >> 16 for entry in archive.infolist()} == {0o644}


def test_every_zip_is_made_here() -> None:
    sources = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    making = {path.relative_to(ROOT) for path in sources if re.search(WRITES_A_ZIP, path.read_text(encoding="utf-8"))}

    assert making - {Path(__file__).relative_to(ROOT)} == {Path("embedded_aws/awslambda/zips.py")}


@pytest.mark.parametrize(
    "line", ["opened.writestr('app.py', text)", 'zipfile.ZipFile(path, "w")', "shutil.make_archive('f', 'zip')"]
)
def test_a_zip_made_elsewhere_would_be_found(line: str) -> None:
    assert re.search(WRITES_A_ZIP, line)
