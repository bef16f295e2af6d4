"""The document of a REST API in a template: written there, or an object in S3; and its title."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from embedded_aws.cloudformation.arguments import document
from embedded_aws.cloudformation.template_text import read_text

if TYPE_CHECKING:
    from embedded_aws.cloudformation.resource import Task


def document_of(task: Task) -> str | None:
    """The text of the document; None without one."""
    given = task.properties
    if place := given.get("BodyS3Location"):
        version = {"VersionId": place["Version"]} if "Version" in place else {}
        found = task.connect("s3").get_object(Bucket=place["Bucket"], Key=place["Key"], **version)
        return bytes(found["Body"].read()).decode()
    return document(given["Body"]) if "Body" in given else None


def title_of(body: str) -> object:
    """The document's title; None without one, and for a document that is none: its import says so."""
    try:
        root = read_text(body)
    except yaml.YAMLError:
        return None
    info = root.get("info") if isinstance(root, dict) else None
    return info.get("title") if isinstance(info, dict) else None
