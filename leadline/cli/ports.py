"""Ports of this computer: taking one, and telling who has it."""

from __future__ import annotations

import errno
import http.client
import socket
from typing import Final

from leadline.cli.refusals import Refused

HOST: Final = "127.0.0.1"
PORT: Final = 8080
PREFECT_PORT: Final = 4200


def take_port(host: str, port: int) -> socket.socket:
    """Listen on a port; whoever serves on it gets the socket, so that nobody comes between.

    Raises:
        Refused: it is in use, is not ours to take, or the host is not this computer's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OverflowError:
        raise Refused(code="no_port", port=port) from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Refused(code="port_in_use", host=host, port=port, other=_other(port)) from None
        why = error.strerror or type(error).__name__
        raise Refused(code="port_unusable", host=host, port=port, why=why) from None


def _other(port: int) -> int:
    """Return a port to propose instead."""
    return port + 1 if port < 65_535 else PORT  # noqa: PLR2004 - the highest port there is


def is_free(host: str, port: int) -> bool:
    """Tell whether a port could be taken now."""
    try:
        take_port(host, port).close()
    except Refused:
        return False
    return True


def answers(host: str, port: int) -> bool:
    """Tell whether leadline's own web app answers on a port."""
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        is_json = "json" in (answer.getheader("Content-Type") or "")
    except (OSError, http.client.HTTPException):
        return False
    else:
        return is_json
    finally:
        connection.close()
