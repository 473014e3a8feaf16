"""Nothing leaves this machine: no page of Prefect's UI or of the portal, and no process of `pubflow up`, even tries.

Files are taken in the order of their names: this one has the traffic of all the others before it in its trace.
"""

import pytest
from flow_runs.conftest import SENTENCE, Published
from flow_runs.network_watch import browser, load, outside, read
from flow_runs.running_office import RunningOffice

pytestmark = pytest.mark.engine
UI_PAGES = [
    "dashboard",
    "runs",
    "flows",
    "deployments",
    "work-pools",
    "work-pools/create",
    "work-pools/work-pool/pubflow",
    "blocks",
    "blocks/catalog",
    "variables",
    "automations",
    "automations/create",
    "events",
    "artifacts",
    "artifacts/key/the-line",
    "concurrency-limits",
    "settings",
    "notifications",
]


@pytest.mark.browser
def test_no_page_and_no_process_tries_to_leave_this_machine(line: RunningOffice, published: Published):
    prefect, report = line.addresses.prefect, published.report
    run = line.runs_of(report)[1]["id"]
    names = [*UI_PAGES, f"artifacts/key/{report.lower()}", f"runs/flow-run/{run}"]
    names.append(f"deployments/deployment/{line.prefect.deployment_id('daily')}")
    ui = [f"{prefect}/{name}" for name in names]
    portal = [f"{line.addresses.portal}/", line.public_page(report), f"{line.addresses.portal}/nothing-here"]
    with browser() as (page, visit):
        page.goto(f"{prefect}/login")
        page.evaluate("auth => localStorage.setItem('prefect-password', btoa(auth))", line.auth)
        load(page, visit, [*ui, *portal])
        page.goto(f"{prefect}/artifacts/key/{report.lower()}")
        page.locator("a[href*='/artifacts/artifact/']").first.click()  # the newest
        page.get_by_text("已作出的决定").first.wait_for(timeout=20_000)
    assert visit.outside == []
    assert all("Automations" in visit.texts[at] or "create" in at for at in ui)  # signed in, and not blank
    assert f"{report} department-review v2" in visit.texts[f"{prefect}/runs/flow-run/{run}"]
    assert SENTENCE in visit.texts[line.public_page(report)]
    assert any("img-src" in why for why in visit.stopped)  # logos of the work-pool page, wished and held back
    calls = read(line.trace)
    assert outside(calls) == []
    # All were watched: threads of each have made calls. The portal only answers, by threads that are gone by now.
    callers = {call.split()[0] for call in calls}
    unseen = [name for name, threads in line.threads().items() if not callers & threads]
    assert unseen in ([], ["portal"])
