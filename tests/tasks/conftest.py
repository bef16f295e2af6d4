"""The ground, as a module's fixtures."""

from tests.ground import ground, shared, tools

__all__ = ["ground", "shared", "tools"]
