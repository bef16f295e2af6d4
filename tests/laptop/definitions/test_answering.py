"""Bodies and content types of a wrong shape."""

import re

import pytest

from laptop.definitions.documents import DefinitionError
from laptop.definitions.openapi import read_openapi

OK = {"responses": {"200": {"description": "fine"}}}


@pytest.mark.parametrize(
    ("operation", "text"),
    [
        ({"requestBody": {"content": ["a"]}}, "POST /a.requestBody.content must be a mapping, got ['a']"),
        ({"responses": {"200": {"content": "a"}}}, "POST /a.responses.200.content must be a mapping, got 'a'"),
    ],
)
def test_bodies_that_are_no_mapping_are_refused(operation, text):
    with pytest.raises(DefinitionError, match=re.escape(text)) as told:
        read_openapi({"openapi": "3.0.1", "paths": {"/a": {"post": operation}}})
    assert told.value.fix


def test_content_types_that_are_no_list_are_refused():
    for key in ("consumes", "produces"):
        with pytest.raises(DefinitionError, match=re.escape(f"{key} must be a list, got 5")):
            read_openapi({"swagger": "2.0", "paths": {"/a": {"post": {**OK, key: 5}}}})
