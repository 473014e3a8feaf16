"""deployments/prefect.yaml, read and registered. It is the only list of what runs; nothing else names an entrypoint."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from prefect import Flow
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import ObjectNotFound
from prefect.flows import load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema

ROOT = Path(__file__).resolve().parent.parent
PREFECT_YAML = ROOT / "deployments" / "prefect.yaml"


@dataclass(frozen=True)
class Entry:
    """One deployment of prefect.yaml. schedules: `{"cron": ..., "timezone": ...}`, the zone always said."""

    name: str
    entrypoint: str
    pool: str
    description: str = ""
    tags: Sequence[str] = ()
    parameters: dict[str, Any] = field(default_factory=dict)
    schedules: Sequence[dict[str, str]] = ()
    concurrency_limit: int | None = None


def entries(file: Path = PREFECT_YAML) -> list[Entry]:
    """All entries, in the file's order. Raises KeyError or TypeError, naming the key, where one lacks or adds any."""
    listed = yaml.safe_load(file.read_text(encoding="utf-8"))["deployments"]
    return [Entry(pool=row.pop("work_pool")["name"], **row) for row in listed]


def load(entry: Entry, root: Path = ROOT) -> "Flow[..., Any]":
    """The flow of an entry, as Prefect's own worker would load it, from `root`."""
    file, _, name = entry.entrypoint.rpartition(":")
    return load_flow_from_entrypoint(f"{root / file}:{name}", use_placeholder_flow=False)


async def register(client: PrefectClient, listed: Sequence[tuple[Entry, "Flow[..., Any]"]]) -> list[str]:
    """Make Prefect's deployments equal to the list; returns the names of those that were new or changed.

    One that is as we left it is not written again, so that a schedule an operator paused stays paused.
    """
    changed = []
    for entry, flow in listed:
        schema = parameter_schema(flow).model_dump()
        release = hashlib.sha256(json.dumps([repr(entry), schema], sort_keys=True).encode()).hexdigest()[:12]
        if await _version(client, entry) == release:
            continue
        await client.create_deployment(
            flow_id=await client.create_flow(flow),
            name=entry.name,
            version=release,
            entrypoint=entry.entrypoint,
            path=str(ROOT),
            work_pool_name=entry.pool,
            description=entry.description,
            tags=list(entry.tags),
            parameters=entry.parameters,
            parameter_openapi_schema=schema,
            enforce_parameter_schema=True,
            concurrency_limit=entry.concurrency_limit,
            schedules=[
                DeploymentScheduleCreate(schedule=CronSchedule(cron=each["cron"], timezone=each["timezone"]))
                for each in entry.schedules
            ],
        )
        changed.append(entry.name)
    return changed


async def _version(client: PrefectClient, entry: Entry) -> str | None:
    try:
        return (await client.read_deployment_by_name(f"{entry.name}/{entry.name}")).version
    except ObjectNotFound:
        return None
