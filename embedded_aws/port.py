"""Whether a port of this machine is free. It is checked before slow work begins; another program can still take it later."""

from __future__ import annotations

import errno
import socket

HOST = "127.0.0.1"
HIGHEST = 65_535


class PortError(Exception):
    """Nothing can listen on the port."""


class PortTakenError(PortError):
    """Another program listens on the port."""


def read_port(text: str) -> int:
    """The port number in a text; 0 stands for any free port.

    Raises:
        PortError: the text is not a port number.

    """
    if text.isascii() and text.isdigit() and len(text) <= len(str(HIGHEST)) and int(text) <= HIGHEST:
        return int(text)
    raise PortError(f"a port is a number from 0 to {HIGHEST}, got {text!r}; give another one, or 0 for any free port")


def require_free(port: int) -> None:
    """Return if the port is free.

    Raises:
        PortTakenError: another program listens on it.
        PortError: this user may not listen on it.

    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError as error:
            raise PortError(f"this user may not listen on port {port}; give one above 1023 with --port, or 0") from error
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise PortTakenError(f"port {port} is in use; give another one with --port, or 0 for any free port") from error
