"""What the owner of a workspace does: make it, check its configuration, reconcile, serve its parts, start it all."""

import contextlib
import json
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pubflow.cli.asking import home_folder
from pubflow.cli.showing import Told, say
from pubflow.cli.verb import asked, group, verb
from pubflow.errors import WorkspaceError
from pubflow.moments import utc_now

if TYPE_CHECKING:
    from pubflow.service.supervisor import Addresses

config = group("config", "The office's configuration.")
portal = group("portal", "The public pages.")
Host = Annotated[str, typer.Option("--host", help="Address to listen on.")]
LOCAL = "127.0.0.1"


def workspace_verbs(app: typer.Typer) -> None:
    """Register the verbs that stand alone."""
    verb(app, "init", example="pubflow init /srv/pubflow-office")(init)
    verb(app, "up", example="pubflow up --home /srv/pubflow-office")(up)
    verb(app, "demo", example="pubflow demo --stay")(demo)
    verb(app, "doctor", example="pubflow doctor")(doctor)
    verb(app, "reconcile", example="pubflow reconcile")(reconcile)
    verb(app, "service", example="pubflow service")(service)
    verb(app, "serve-api", example="pubflow serve-api --port 8787", hidden=True)(serve_api)


def init(
    directory: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="A new or empty folder.")] = None,
) -> Told:
    """Make a workspace: database, keys, configuration to edit, and a password for the first operator."""
    from pubflow.lifecycle.stages import Role
    from pubflow.office.people import OPERATOR_ON_SITE, set_password
    from pubflow.wiring import create_workspace

    home = (directory or home_folder()).resolve()
    office = create_workspace(home, utc_now())
    try:
        operator = next((one.id for one in office.settings.people.values() if Role.OPERATOR in one.roles), None)
        if operator is None:
            raise WorkspaceError(
                "people.toml names no operator.", f"Add one to the shipped config/, remove {home}, then init again."
            )
        password = secrets.token_urlsafe(12)
        set_password(office, OPERATOR_ON_SITE, operator, password, now=utc_now())
    finally:
        office.close()
    data = {"home": str(home), "operator": operator, "password": password}
    return Told(
        data,
        [
            f"The workspace is at {home}.",
            f"First operator: {operator}, one-time password: {password}  (shown only now)",
            "Next:",
            f"  export PUBFLOW_HOME={home}",
            "  pubflow up                      start the office (Ctrl-C stops it)",
            f"  pubflow login {operator}          in another terminal",
            f"  pubflow people password {operator}    choose your own password, then one for each person",
            f"The configuration to edit is in {home / 'config'}; check it with `pubflow config check`.",
        ],
    )


def up(
    host: Annotated[
        str, typer.Option("--host", help="Address of desk and portal; Prefect stays on 127.0.0.1.")
    ] = LOCAL,
    desk_port: Annotated[int, typer.Option("--desk-port", help="Try this port first.")] = 8787,
    portal_port: Annotated[int, typer.Option("--portal-port", help="Try this port first.")] = 8788,
    prefect_port: Annotated[int, typer.Option("--prefect-port", help="Try this port first.")] = 4200,
) -> Told:
    """Start the office: Prefect server and UI, service, worker, API and portal; Ctrl-C stops all.

    Ports that are taken are replaced by free ones; the ready line names the addresses. An audit history that does not
    go on from its newest checkpoint is not started upon.
    """
    from pubflow.office.continuity import checked_history
    from pubflow.service.supervisor import Ports, run_up
    from pubflow.wiring import open_workspace

    home = home_folder()
    # A bad configuration, an old schema or a changed history is met once, here, and not by each process.
    with contextlib.closing(open_workspace(home)) as office:
        checked = checked_history(office)
    ports = Ports(prefect=prefect_port, desk=desk_port, portal=portal_port)
    out = sys.stdout

    def tell_addresses(addresses: "Addresses") -> None:
        where = {"prefect": addresses.prefect, "desk": addresses.desk, "portal": addresses.portal}
        out.write(json.dumps(where) + "\n")
        out.flush()

    say(checked)
    with contextlib.redirect_stdout(sys.stderr) if asked().as_json else contextlib.nullcontext():
        code = run_up(home, host=host, ports=ports, on_ready=tell_addresses if asked().as_json else None)
    return Told(code=code)


def demo(
    directory: Annotated[Path, typer.Argument(metavar="[DIR]", help="Workspace to make.")] = Path("pubflow-demo"),
    stay: Annotated[bool, typer.Option("--stay", help="Leave everything running until Ctrl-C.")] = False,
) -> Told:
    """The main job on the real 2016 report, from the imported file to the public page; ends by itself."""
    from pubflow.cli.demo import demo as play

    with contextlib.redirect_stdout(sys.stderr) if asked().as_json else contextlib.nullcontext():
        code = play(directory.resolve(), stay=stay)
    return Told({"home": str(directory.resolve())}, code=code)


def doctor() -> Told:
    """Look for whatever stands still or does not hold; changes nothing.

    Keys, schema, audit history and checkpoints, processes, releases, due steps, tasks, daily duties, public pages. Each
    problem comes with the verb to type; exit 1 if there is any.
    """
    from pubflow.cli.doctoring import examine

    found = examine(home_folder(), utc_now())
    lines = [f"ok       {what}" for what in found.checked if not any(one.about == what for one in found.problems)]
    lines += [f"PROBLEM  {one.what}\n         → {one.remedy}" for one in found.problems]
    data = {
        "checked": found.checked,
        "problems": [{"about": one.about, "what": one.what, "remedy": one.remedy} for one in found.problems],
        "gauges": found.gauges,
    }
    many = f"{len(found.problems)} problem{'' if len(found.problems) == 1 else 's'}"
    return Told(data, lines, code=1 if found.problems else 0, problem=many if found.problems else "")


def reconcile() -> Told:
    """One round of both loops by hand: switch what is due, then start a flow run for each due step that has none.

    Also records the events that waited for space. Safe beside a running office; one round of it is done even while
    Prefect is away.
    """
    from pubflow.cli.looping import one_round

    done, problem = one_round(home_folder())
    return Told(done, done or ["nothing to do"], code=1 if problem else 0, problem=problem)


def service() -> Told:
    """The loops of the office: reconciler and release loop, until SIGTERM or Ctrl-C. `pubflow up` starts it."""
    from pubflow.cli.looping import run_service

    run_service(home_folder())
    return Told()


def serve_api(
    host: Host = LOCAL,
    port: Annotated[int, typer.Option("--port", help="0 takes a free one.")] = 8787,
) -> Told:
    """Serve the office's API until SIGTERM or Ctrl-C. `pubflow up` starts it."""
    from pubflow.cli.serving import serve

    serve(home_folder(), host, port, ready=_say_address)
    return Told()


@verb(config, "check", example="pubflow config check /srv/pubflow-office")
def check(
    directory: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="A workspace, or its config folder.")
    ] = None,
) -> Told:
    """Check all configuration files together; every problem with file, key and remedy, exit 1 if any.

    Detection rules are tried on the sentences that stand beside them.
    """
    from pubflow.cli.rule_files import rule_file_problems
    from pubflow.settings import check_config

    home = (directory or home_folder()).resolve()
    folder = home / "config" if (home / "config").is_dir() else home
    if not folder.is_dir():
        raise WorkspaceError(f"{folder} is not a folder.", "Name a workspace, or its config folder.")
    found = check_config(folder)
    known = {problem.file for problem in found}
    found += [problem for problem in rule_file_problems(folder) if problem.file not in known]
    data = [{"file": one.file, "key": one.key, "what": one.what, "remedy": one.remedy} for one in found]
    problem = f"{len(found)} problem{'' if len(found) == 1 else 's'} in {folder}" if found else ""
    lines = [str(one) for one in found] or [f"{folder}: all files agree"]
    return Told(data, lines, code=1 if found else 0, problem=problem)


@verb(portal, "serve", example="pubflow portal serve --port 8788")
def portal_serve(
    host: Host = LOCAL,
    port: Annotated[int, typer.Option("--port", help="0 takes a free one.")] = 8788,
) -> Told:
    """Serve the public pages of the workspace until SIGTERM or Ctrl-C; reads only."""
    from pubflow.publication.portal import serve

    home = home_folder()
    if not (home / "config").is_dir():
        raise WorkspaceError(f"{home} is not a pubflow workspace.", "Name it with --home, or make one: `pubflow init`.")
    serve(home / "public", host, port, ready=_say_address)
    return Told()


def _say_address(address: str) -> None:
    if asked().as_json:
        sys.stdout.write(json.dumps({"url": address}) + "\n")
        sys.stdout.flush()
    else:
        say(f"serving {address}")
