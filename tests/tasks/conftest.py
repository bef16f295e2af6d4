"""The ground, as fixtures that a module shares."""

from tests.ground import ground, shared, tools

__all__ = ["ground", "shared", "tools"]
