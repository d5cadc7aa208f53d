"""`leadline serve` and `leadline up`: what keeps running until it is stopped."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leadline.cli.ports import HOST, PORT, PREFECT_PORT, take_port
from leadline.cli.session import DONE, ERROR, Session, session_of

if TYPE_CHECKING:
    import socket

Host = Annotated[str, typer.Option("--host", metavar="HOST")]
Port = Annotated[int, typer.Option("--port", metavar="PORT", min=1, max=65_535)]


def serve(context: typer.Context, host: Host = HOST, port: Port = PORT) -> int:
    """Serve the web app alone: forms, unsubscribe and the reps' pages."""
    session = session_of(context)
    session.open_workspace().store.close()  # a fault is told here, and not by the web server
    with take_port(host, port) as listener:
        session.out.document({"host": host, "port": port, "url": _url(host, port)})
        session.out.line("serve.started", url=_url(host, port))
        return _serve(session, listener)


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _serve(session: Session, listener: socket.socket) -> int:
    """Run the web server; it writes no access log, because paths hold tokens."""
    import uvicorn

    server = uvicorn.Server(
        uvicorn.Config(
            "leadline.web.app:create_app_from_environment",
            factory=True,
            access_log=False,
            proxy_headers=False,  # anybody may write them: leadline.web.network reads them
            log_config=_log_config(),
            server_header=False,
        )
    )

    def stop(_number: int, _frame: object) -> None:
        server.should_exit = True

    # uvicorn raises the signal again once it has ended: to be stopped is no error here
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    server.run(sockets=[listener])
    session.out.note("serve.stopped")
    return DONE if server.started else ERROR


def _log_config() -> dict[str, Any]:
    """Return a logging setup in which everything goes to stderr."""
    line = {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}
    handler = {"class": "logging.StreamHandler", "formatter": "line", "stream": "ext://sys.stderr"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": line},
        "handlers": {"stderr": handler},
        "loggers": {
            "uvicorn": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
            "leadline": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        },
    }


def up(
    context: typer.Context,
    host: Host = HOST,
    port: Port = PORT,
    *,
    prefect_port: Annotated[
        int, typer.Option("--prefect-port", metavar="PORT", min=1, max=65_535)
    ] = PREFECT_PORT,
    no_prefect: Annotated[bool, typer.Option("--no-prefect")] = False,
) -> int:
    """Run everything for one machine: Prefect's server, the deployments and the web app."""
    from leadline.cli.up import run_up

    session = session_of(context)
    session.open_workspace().store.close()
    take_port(host, port).close()
    code: int = run_up(
        session.environment,
        host=host,
        port=port,
        prefect_port=prefect_port,
        has_prefect=not no_prefect,
        report=session.out.note_text,
    )
    return code
