"""`tandem airflow`: what `make airflow` calls."""

from __future__ import annotations

import sys

import click


@click.command("airflow")
@click.option("--port", type=click.IntRange(1, 65535), default=8080, show_default=True)
@click.option("--unpause", is_flag=True, help="Let new DAGs run on their schedule; they are paused otherwise.")
def command(port: int, unpause: bool) -> None:
    """Airflow's page, scheduler and workers on 127.0.0.1, the stand-ins beside it, until Ctrl-C."""
    from tandem.airflow_local import serve
    from tandem.runner import prepare_folders
    from tandem.schemas import SYSTEMS
    from tandem.settings import settings
    from tandem.standins import standins_of

    state = settings().state
    prepare_folders(state)
    click.echo(
        f"Airflow will be at http://127.0.0.1:{port} in about 20 seconds. Logs: {state / 'logs'}. Stop it with Ctrl-C."
    )
    with standins_of(SYSTEMS):
        status = serve(state / "airflow", state / "logs", port, unpause=unpause)
    sys.exit(status)
