"""What Lambda says about a published version: enough for a person to recognise it. It decides nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PublishedCode:
    """A version's description, the SHA-256 of its code in Base64, and the time of its last modification in epoch seconds.

    Lambda does not document whether that time is the one of the publication (docs/aws.md#version-details).
    """

    description: str = ""
    sha256: str = ""
    modified_at: float | None = None


@dataclass(frozen=True, slots=True)
class CodeChange:
    """The version that base serves and the one that the release brings. None: there is none, or it was not read."""

    before: PublishedCode | None = None
    after: PublishedCode | None = None
