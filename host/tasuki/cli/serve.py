"""`tasuki serve`: the wearer's page."""

from pathlib import Path

import click

from tasuki.cli.frame import state_option
from tasuki.errors import UsageError
from tasuki.session.state import State

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--bind-port", "port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="Port."
)
@click.option("--origin", help="How people reach it, like https://my.example.jp; needed behind a proxy.")
@click.option("--certificate", type=_FILE, help="TLS certificate with its chain (PEM).")
@click.option("--certificate-key", type=_FILE, help="Its private key (PEM).")
@state_option
def serve(
    host: str,
    port: int,
    origin: str | None,
    certificate: Path | None,
    certificate_key: Path | None,
    state: Path,
) -> None:
    """Serve the wearer's page from a state folder, beside `tasuki run`, until Ctrl-C.

    It speaks plain HTTP on the machine itself only. For anybody else it needs a certificate, or a proxy
    before it that has one and passes the Host header on.

    \b
    Example:
      tasuki serve --origin https://my.example.jp
      tasuki serve --host 0.0.0.0 --bind-port 443 --origin https://my.example.jp \\
        --certificate chain.pem --certificate-key key.pem
    """
    if bool(certificate) != bool(certificate_key):
        raise UsageError("--certificate and --certificate-key go together", "Give both, or neither.")
    try:
        from tasuki.wearer.page import server
    except ModuleNotFoundError as e:
        raise UsageError(f"the page needs {e.name}", "Install it: pip install 'tasuki[web]'.") from e
    with State(state) as opened:
        server.run(opened, host, port, origin, certificate, certificate_key, click.echo)
