"""The environment in which Prefect runs, and what must lie in its home before it starts.

An open Prefect API is remote code execution (one POST with a `command` ran it 17 s later), and its pages and its
server ask hosts outside. So: a random password, CSRF tokens, this machine only, nothing sent out. Every setting below
is named as in `prefect.settings` of 3.8.8; tests/flow_runs/ starts a server and holds what is promised here.
"""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from pubflow.errors import WorkspaceError

OPERATOR = "operator"
PLACEHOLDER = "/PREFECT_UI_SERVE_BASE_REPLACE_PLACEHOLDER"  # Prefect's own mark for the base path of its pages
CLOSED_PORT = "http://127.0.0.1:9"  # the discard port of this machine, where nobody listens
# The pages may load from, and speak to, their own server only: the block catalogue would fetch logos from GitHub.
PAGE_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; connect-src 'self'; "
    "form-action 'self'; base-uri 'self'"
)
NO_SECOND_UI = (
    "<!DOCTYPE html><html lang='en'><meta charset='utf-8'><title>pubflow</title>"
    "<p>Prefect's second UI is not served here: it asks a host outside. "
    "<a href='/'>Use the first one.</a></p></html>\n"
)


def prefect_home(home: Path) -> Path:
    """Where Prefect keeps its database, pages and profile in the workspace `home`."""
    return home / "prefect"


def auth_string(home: Path) -> str:
    """`operator:PASSWORD` of this workspace's Prefect, made at random once and kept readable by its owner only."""
    file = prefect_home(home) / "auth"
    if not file.exists():
        _private_folder(file.parent)
        with _private_file(file) as handle:
            os.write(handle, f"{OPERATOR}:{secrets.token_urlsafe(24)}\n".encode())
    if file.stat().st_mode & 0o077:
        raise WorkspaceError(f"{file} can be read by others.", f"Run `chmod 600 {file}` and start again.")
    return file.read_text(encoding="utf-8").strip()


def server_environment(home: Path, host: str, port: int, inherited: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of the Prefect server.

    inherited: the environment of whoever starts it; its PREFECT_* and proxy settings are not taken over, nor are the
    secrets of the channels of messages.
    """
    kept = {name: value for name, value in inherited.items() if not name.startswith("PUBFLOW_NOTICE_")}
    return _shared_environment(home, kept) | {
        "PREFECT_SERVER_API_HOST": host,
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_SERVER_API_AUTH_STRING": auth_string(home),
        "PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED": "true",
        "PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS": f"http://{host}:{port}",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_SERVER_UI_V2_ENABLED": "false",
        "PREFECT_SERVER_UI_API_URL": f"http://{host}:{port}/api",
        "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(prefect_home(home) / "ui"),
        "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false",  # we use no blocks; their logos lie on GitHub
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        # No setting keeps the server from asking GitHub for its list of worker types. A proxy that is not there does:
        # Prefect then reads its packaged copy. Whatever else would go out ends at this machine too.
        "HTTP_PROXY": CLOSED_PORT,
        "HTTPS_PROXY": CLOSED_PORT,
        "ALL_PROXY": CLOSED_PORT,
        "NO_PROXY": "127.0.0.1,localhost",
    }


def client_environment(home: Path, host: str, port: int, inherited: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of a process that speaks to the server: the resident worker, `pubflow service`."""
    return _shared_environment(home, inherited, keep_proxies=True) | {
        "PREFECT_API_URL": f"http://{host}:{port}/api",
        "PREFECT_API_AUTH_STRING": auth_string(home),
        "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED": "true",
        "PREFECT_WORKER_QUERY_SECONDS": "0.5",  # a decision should start the next step within seconds; Prefect waits 10
        "PREFECT_WORKER_PREFETCH_SECONDS": "0",  # never early
        "PREFECT_LOGGING_COLORS": "false",
        "PREFECT_LOGGING_LEVEL": "WARNING",  # what a run did stands in its state; six more lines each cost the server
        "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
    }


def _shared_environment(home: Path, inherited: Mapping[str, str], *, keep_proxies: bool = False) -> dict[str, str]:
    place = prefect_home(home)
    kept = {
        name: value
        for name, value in inherited.items()
        if not name.upper().startswith("PREFECT_") and (keep_proxies or not name.upper().endswith("_PROXY"))
    }
    return kept | {
        "PUBFLOW_HOME": str(home),
        "PREFECT_HOME": str(place),
        "PREFECT_PROFILES_PATH": str(place / "profiles.toml"),  # not the administrator's own ~/.prefect
        "DO_NOT_TRACK": "1",  # Prefect's SDK analytics know no other switch
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_CLIENT_METRICS_ENABLED": "false",
        "PREFECT_TELEMETRY_ENABLE_RESOURCE_METRICS": "false",
        "PYTHONUNBUFFERED": "1",
    }


def prepare(home: Path) -> None:
    """Lay out Prefect's home: folders of the owner only, its pages, and a database that is already migrated.

    Safe to run again; an existing database is left as it is.
    """
    place = prefect_home(home)
    _private_folder(place)
    auth_string(home)
    _prepare_pages(place / "ui")
    database = place / "prefect.db"
    if not database.exists():
        template = migrated_database()
        if template is not None:
            _copy_privately(template, database)


def migrated_database() -> Path | None:
    """An empty database made by Prefect's own migrations, kept beside the installed packages.

    The 200 migrations take 16 s of CPU, a copy takes none. Made at first use (`make` does it while installing). None
    where that place cannot be written, as in a read-only image: the server then migrates by itself, which is slower.
    """
    file = Path(sys.prefix) / "share" / "pubflow" / f"prefect-{version('prefect')}.db"
    if file.exists():
        return file
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=file.parent) as folder:
            made = _migrate_in(Path(folder))
            made.replace(file)
    except OSError:
        return None
    return file


def _migrate_in(folder: Path) -> Path:
    """Run `prefect server database upgrade` with `folder` as Prefect's home; the path of the new database."""
    environment = _shared_environment(folder, os.environ) | {
        "PREFECT_HOME": str(folder),
        "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false",
    }
    command = [sys.executable, "-m", "prefect", "server", "database", "upgrade", "--yes"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=folder)
    if done.returncode:
        raise WorkspaceError(
            f"Prefect could not make its database: {done.stderr[-500:]}", "Run `pubflow doctor`; is Prefect installed?"
        )
    return folder / "prefect.db"


def _prepare_pages(folder: Path) -> None:
    """Prefect's first UI with our page policy, and a note in place of the second one.

    Prefect serves a folder as it is when its reference file names this version; else it would write its own copy.
    """
    found = find_spec("prefect")
    if found is None or not found.submodule_search_locations:
        raise WorkspaceError("Prefect is not installed.", "Run `make install` in the checkout.")
    release = version("prefect")
    first, second = folder / "v1", folder / "v2"
    if not _has_reference(first, f"v1:{release}:/"):
        shutil.rmtree(first, ignore_errors=True)
        shutil.copytree(Path(found.submodule_search_locations[0]) / "server" / "ui", first)
        _fill_in_base_path(first)
        page = first / "index.html"
        policy = f'<head>\n    <meta http-equiv="Content-Security-Policy" content="{PAGE_POLICY}">'
        page.write_text(page.read_text(encoding="utf-8").replace("<head>", policy, 1), encoding="utf-8")
        (first / "UI_SERVE_BASE").write_text(f"v1:{release}:/", encoding="utf-8")
    if not _has_reference(second, f"v2:{release}:/v2"):
        shutil.rmtree(second, ignore_errors=True)
        second.mkdir(parents=True)
        (second / "index.html").write_text(NO_SECOND_UI, encoding="utf-8")
        (second / "UI_SERVE_BASE").write_text(f"v2:{release}:/v2", encoding="utf-8")


def _has_reference(folder: Path, reference: str) -> bool:
    file = folder / "UI_SERVE_BASE"
    return file.exists() and file.read_text(encoding="utf-8") == reference


def _fill_in_base_path(folder: Path) -> None:
    for file in folder.rglob("*"):
        if file.suffix in {".txt", ".html", ".css", ".js", ".json"}:
            text = file.read_text(encoding="utf-8")
            if PLACEHOLDER in text:
                file.write_text(text.replace(PLACEHOLDER, ""), encoding="utf-8")


def _private_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)


@contextmanager
def _private_file(file: Path) -> Iterator[int]:
    """A new file that its owner alone can read; gives the descriptor to write through."""
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        yield handle
    finally:
        os.close(handle)


def _copy_privately(source: Path, target: Path) -> None:
    """Copy under a passing name, then rename: a copy cut short must not be taken for a database."""
    passing = target.with_suffix(".new")
    passing.unlink(missing_ok=True)
    with _private_file(passing) as handle, source.open("rb") as content:
        os.sendfile(handle, content.fileno(), 0, source.stat().st_size)
    passing.replace(target)
