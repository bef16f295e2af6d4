"""Whether a port of this machine is free. Asked before anything slow begins; it can be taken a moment later all the same."""

from __future__ import annotations

import errno
import socket

HOST = "127.0.0.1"
HIGHEST = 65_535


class PortError(Exception):
    """Nothing can listen on the port."""


class PortTakenError(PortError):
    """Somebody else listens on the port."""


def read_port(text: str) -> int:
    """The port that a text names; 0 is any free one.

    Raises:
        PortError: it names none.

    """
    if text.isascii() and text.isdigit() and len(text) <= len(str(HIGHEST)) and int(text) <= HIGHEST:
        return int(text)
    raise PortError(f"a port is a number from 0 to {HIGHEST}, got {text!r}; give another one, or 0 for any that is free")


def require_free(port: int) -> None:
    """Do nothing if the port is free.

    Raises:
        PortTakenError: it is not.
        PortError: this user may not listen on it.

    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError as error:
            raise PortError(f"port {port} is not open to you; give one above 1023 with --port, or 0 for any") from error
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise PortTakenError(f"port {port} is in use; give another one with --port, or 0 for any") from error
