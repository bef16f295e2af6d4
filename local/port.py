"""Whether a port of this machine is free. Asked before anything slow begins; it can be taken a moment later all the same."""

from __future__ import annotations

import errno
import socket

HOST = "127.0.0.1"


class PortTakenError(Exception):
    """Somebody else listens on the port."""


def require_free(port: int) -> None:
    """Do nothing if the port is free.

    Raises:
        PortTakenError: it is not.

    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise PortTakenError(f"port {port} is in use; give another one with --port, or 0 for any") from error
