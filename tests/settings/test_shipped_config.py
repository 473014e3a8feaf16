"""The configuration we ship is the bureau of the 2016 report."""

import datetime as dt
import tomllib
from pathlib import Path

import pytest

from pubflow.errors import BadInput, WorkspaceError
from pubflow.settings import (
    ConfigError,
    Role,
    Settings,
    check_config,
    load,
    load_settings,
    shipped_config,
    write_default_config,
)

PUBLISHED = dt.date(2017, 2, 27)
TODAY = dt.date(2026, 12, 1)


@pytest.fixture
def settings(config: Path) -> Settings:
    return load_settings(config)


def test_the_files_we_ship_have_no_problem():
    assert check_config(shipped_config()) == []


def test_the_bureau_is_that_of_the_2016_report(settings):
    assert settings.bureau.name == "南昌市东湖区统计局"
    assert settings.bureau.org_code == "A25010"


def test_nine_categories_are_named_in_the_scheme_and_the_yearly_reports_are_the_tenth_label(settings):
    named = [entry.name for entry in settings.categories.values() if entry.named_in_scheme]
    assert named == [
        "概况信息",
        "法规文件",
        "发展规划",
        "工作动态",
        "人事信息",
        "财经信息",
        "行政执法",
        "公共服务",
        "其他需要公开的信息",
    ]
    assert [entry.name for entry in settings.categories.values() if not entry.named_in_scheme] == ["信息公开年报"]


def test_the_five_kinds_have_their_names_categories_and_reviews(settings):
    assert {
        kind.id: (kind.name, kind.category, kind.cadence, [step.by for step in kind.reviews])
        for kind in settings.kinds.values()
    } == {
        "yearly_report": ("政府信息公开工作年度报告", "annual_reports", "regular", ["own_section"]),
        "monthly": ("统计月报", "work_news", "regular", ["own_section", "section:zonghe"]),
        "bulletin": ("统计动态", "work_news", "regular", ["own_section"]),
        "official": ("公文", "regulations", "occasional", ["own_section", "section:bangongshi"]),
        "news": ("新闻", "work_news", "occasional", ["own_section"]),
    }


def test_every_kind_has_a_template_file(settings):
    assert all((settings.templates / "reports" / kind.template).is_file() for kind in settings.kinds.values())


def test_the_three_cadences_the_eight_questions_and_the_four_results_are_there(settings):
    assert [cadence.name for cadence in settings.cadences.values()] == ["常规", "临时", "固定"]
    assert [item.id for item in settings.checklist] == [
        "state_secret",
        "work_secret",
        "trade_secret",
        "privacy",
        "security_stability",
        "respondent_data",
        "embargo",
        "process_internal",
    ]
    assert settings.review_results == ("公开", "部分公开", "不予公开", "需报审")


@pytest.mark.parametrize("role", Role)
def test_every_role_is_held_by_somebody(settings, role):
    assert [person.id for person in settings.people.values() if role in person.roles]


def test_no_shipped_person_both_drafts_and_decides(settings):
    deciding = {Role.SECTION_HEAD, Role.OFFICER, Role.LEADER, Role.CHIEF}
    assert [p.id for p in settings.people.values() if Role.DRAFTER in p.roles and deciding & set(p.roles)] == []


@pytest.mark.parametrize("words", ["annual_reports", "信息公开年报", "政府信息公开年报"])
def test_a_category_is_found_by_id_name_or_alias(settings, words):
    assert settings.category(words, PUBLISHED).id == "annual_reports"


def test_an_unknown_category_is_refused_in_chinese_with_the_valid_ones(settings):
    with pytest.raises(
        BadInput, match=r"没有名为“天气”的目录分类.*概况信息（overview）.*信息公开年报（annual_reports）"
    ):
        settings.category("天气", TODAY)


def test_a_category_is_not_found_before_its_first_day(settings):
    with pytest.raises(BadInput, match="没有名为“概况信息”的目录分类"):
        settings.category("概况信息", dt.date(2008, 4, 30))


def test_a_category_that_ended_is_found_on_its_last_day_only_until_then(spoil):
    settings = load_settings(
        spoil("categories.toml", "valid_from = 2008-05-01", "valid_from = 2008-05-01\nvalid_to = 2020-12-31")
    )
    assert settings.category("概况信息", dt.date(2020, 12, 31)).id == "overview"
    with pytest.raises(BadInput):
        settings.category("概况信息", dt.date(2021, 1, 1))


def test_an_unknown_kind_is_refused_in_chinese_with_the_valid_ones(settings):
    assert settings.kind("统计月报") is settings.kind("monthly")
    with pytest.raises(BadInput, match=r"没有名为“周报”的体裁.*统计月报（monthly）"):
        settings.kind("周报")


@pytest.mark.parametrize(
    ("rule", "day", "value"),
    [
        ("yearly_report_due", dt.date(2017, 2, 27), "03-31"),
        ("yearly_report_due", dt.date(2019, 5, 14), "03-31"),
        ("yearly_report_due", dt.date(2019, 5, 15), "01-31"),
        ("reply_working_days", dt.date(2017, 1, 16), 15),
        ("reply_working_days", dt.date(2024, 9, 10), 20),
        ("proactive_working_days", dt.date(2024, 9, 23), 20),
    ],
)
def test_the_rule_of_the_day_is_found(settings, rule, day, value):
    assert settings.rule(rule, day).value == value


def test_a_rule_is_never_guessed_for_a_day_without_one(settings):
    with pytest.raises(ConfigError, match="correction_notice_working_days: no rule is valid on 2017-01-16"):
        settings.rule("correction_notice_working_days", dt.date(2017, 1, 16))
    with pytest.raises(ConfigError, match="no_such: there is no such rule"):
        settings.rule("no_such", TODAY)


def test_an_index_number_is_made_by_the_scheme_of_its_kind(settings):
    kind = settings.kind("news")
    assert kind.index_number(org_code="A25010", year=2026, serial=1) == "A25010/2026-00001"
    assert kind.index_number(org_code="A25010", year=2026, serial=123456) == "A25010/2026-123456"


def test_settings_cannot_be_changed_after_loading(settings):
    with pytest.raises(ValueError, match="frozen"):
        settings.bureau.name = "别的局"


def test_the_shipped_config_is_copied_whole_for_the_office_to_edit(tmp_path):
    write_default_config(tmp_path / "new" / "config")
    copied = {str(path.relative_to(tmp_path / "new/config")) for path in (tmp_path / "new/config").rglob("*")}
    assert copied == {str(path.relative_to(shipped_config())) for path in shipped_config().rglob("*")}
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["config"]


def test_an_edited_config_is_never_overwritten(config):
    with pytest.raises(WorkspaceError, match="already exists"):
        write_default_config(config)
    assert tomllib.loads((config / "bureau.toml").read_text(encoding="utf-8"))["bureau"]["id"] == "donghu"


def test_a_wheel_alone_says_that_it_has_no_configuration(tmp_path, monkeypatch):
    monkeypatch.setattr(load, "__file__", str(tmp_path / "site-packages/pubflow/settings/load.py"))
    with pytest.raises(WorkspaceError, match=r"no shipped configuration.*Install from a checkout"):
        shipped_config()
