import re

import pytest

from embedded_aws.awslambda.zips import zip_of
from laptop.codes import read_codes
from laptop.definitions.documents import DefinitionError


def test_own_code_is_read_by_function(tmp_path):
    file = tmp_path / "read.zip"
    file.write_bytes(zip_of({"app.py": "", "pack/__init__.py": ""}))
    found = read_codes([f"orders-read={file}:app.handler", f"orders-write={file}:pack.run"])
    assert {name: one.handler for name, one in found.items()} == {"orders-read": "app.handler", "orders-write": "pack.run"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("orders-read", "a function, a zip and a handler are needed"),
        ("orders-read=own.zip", "a function, a zip and a handler are needed"),
        ("orders-read=own.zip:handler", "a function, a zip and a handler are needed"),
        ("orders-read=none.zip:app.handler", "none.zip is no zip that can be read"),
        ("orders-read=text.zip:app.handler", "text.zip is no zip that can be read"),
        ("orders-read=own.zip:index.handler", "the zip has no module index.py; only Python runs here"),
        ("orders-read=stand.zip:app.handler", "the zip has a folder stand_in of its own"),
    ],
)
def test_code_that_cannot_run_is_refused_by_name(text, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.zip").write_bytes(zip_of({"app.py": ""}))
    (tmp_path / "stand.zip").write_bytes(zip_of({"app.py": "", "stand_in/x.py": ""}))
    (tmp_path / "text.zip").write_text("no zip", encoding="utf-8")
    with pytest.raises(DefinitionError, match=f"^--code {re.escape(text)}: {re.escape(told)}"):
        read_codes([text])


def test_code_is_given_once_for_a_function(tmp_path):
    file = tmp_path / "own.zip"
    file.write_bytes(zip_of({"app.py": ""}))
    with pytest.raises(DefinitionError, match="the function f has code already"):
        read_codes([f"f={file}:app.handler"] * 2)
