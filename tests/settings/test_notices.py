"""What is wrong in notices.toml, with contacts and with schedules is named with file, key and remedy."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pubflow.settings import check_config, load_settings

Spoil = Callable[[str, str, str], Path]
CHANNEL = '[channels.mail]\nname = "邮件"\nurl_env = "PUBFLOW_NOTICE_MAIL"\nto = "person"\n'
LIN = 'roles = ["drafter"]\ndeputy = "tang_yue"'

MISTAKES = {
    "a word that cannot be filled in": (
        ("notices.toml", "{report} 等待您{task}", "{title} 等待您{task}"),
        [("notices.toml", "asked.headline", "title cannot be filled in; known: {desk}, {due}", "Mend this entry")],
    ),
    "a lone brace": (
        ("notices.toml", "{report} 等待您{task}", "{report 等待您{task}"),
        [("notices.toml", "asked.headline", "a lone brace cannot be filled in", "Mend")],
    ),
    "a rung to nobody": (
        ("notices.toml", 'to = ["actor"]', "to = []"),
        [("notices.toml", "rungs[0] due_soon.to", "at least 1 item", "")],
    ),
    "a rung to a role there is not": (
        ("notices.toml", 'to = ["actor"]', 'to = ["chef"]'),
        [("notices.toml", "rungs[0] due_soon.to[0]", "'chef' is not known", "'deputy'")],
    ),
    "a rung twice": (
        ("notices.toml", 'id = "overdue_deputy"', 'id = "overdue"'),
        [("notices.toml", "rungs overdue", "stands there twice", "Remove one")],
    ),
    "waits in the wrong order": (
        ("notices.toml", "first_wait_seconds = 30", "first_wait_seconds = 9999"),
        [("notices.toml", "sending", "first_wait_seconds is longer", "Mend")],
    ),
    "a secret in the place of its variable": (
        ("notices.toml", "[channels]\n", CHANNEL.replace("PUBFLOW_NOTICE_MAIL", "mailto://u:p@h")),
        [("notices.toml", "channels.mail.url_env", "does not have the right form", "such as PUBFLOW_NOTICE_MAIL")],
    ),
    "a contact by a channel there is not": (
        ("people.toml", LIN, f'{LIN}\ncontact = {{ fax = "0791" }}'),
        [("people.toml", "people.lin_xiao.contact.fax", "there is no channel 'fax'", "Known: none")],
    ),
    "an occasional kind with a schedule": (
        (
            "workflows.toml",
            "[kinds.news.fast]",
            '[kinds.news.schedule]\nevery_months = 1\nday = 3\nsource = "x"\n\n[kinds.news.fast]',
        ),
        [("workflows.toml", "kinds.news", "an occasional kind has no schedule", "Mend")],
    ),
    "a regular kind without a day": (
        ("workflows.toml", "lag_months = 1\nday = 28\n", "lag_months = 1\n"),
        [("workflows.toml", "kinds.monthly", "a regular kind's schedule needs a day or a rule", "Mend")],
    ),
    "a day and a rule": (
        ("workflows.toml", 'rule = "yearly_report_due"', 'rule = "yearly_report_due"\nday = 31'),
        [("workflows.toml", "kinds.yearly_report.schedule", "a day or a rule, not both", "Mend")],
    ),
    "a schedule of a section there is not": (
        ("workflows.toml", 'day = 28\nsection = "zonghe"', 'day = 28\nsection = "zonhe"'),
        [("workflows.toml", "kinds.monthly.schedule.section", "there is no section 'zonhe'", "`zonghe`")],
    ),
    "a stage that may take no day": (
        ("workflows.toml", "due_workdays = { drafting = 5", "due_workdays = { drafting = 0"),
        [("workflows.toml", "kinds.yearly_report.due_workdays.drafting", "0", "")],
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_file_key_and_remedy(spoil: Spoil, name: str):
    change, expected = MISTAKES[name]
    found = check_config(spoil(*change))
    assert [(one.file, one.key) for one in found] == [(file, key) for file, key, _, _ in expected]
    for one, (_, _, what, remedy) in zip(found, expected, strict=True):
        assert what in one.what
        assert remedy in one.remedy


def test_a_missing_file_is_named(config: Path):
    (config / "notices.toml").unlink()
    assert [(one.file, one.what) for one in check_config(config)] == [("notices.toml", "the file is missing")]


def test_a_standing_kind_is_looked_through(spoil: Spoil, config: Path):
    spoil(
        "workflows.toml",
        'cadence = "regular"\ntemplate = "bulletin.md.j2"',
        'cadence = "standing"\ntemplate = "bulletin.md.j2"',
    )
    spoil("workflows.toml", "every_months = 1\nlag_months = 1\nday = 15", "every_months = 3")
    schedule = load_settings(config).kinds["bulletin"].schedule
    assert schedule is not None
    assert (schedule.every_months, schedule.day) == (3, None)
