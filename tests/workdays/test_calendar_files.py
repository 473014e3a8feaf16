"""`pubflow config check` names each mistake in a calendar file with file, key and remedy, and nothing else."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from pubflow.settings import ConfigError, check_config, load_calendar, load_settings, shipped_config
from pubflow.workdays import Calendar

SPRING = "from = 2024-02-10\nto = 2024-02-17\nworkdays = [2024-02-04, 2024-02-18]"
NUMBER = 'number = "国办发明电〔2023〕7号"\n'
Y24, WEEK = "calendar/2024.toml", "calendar/week.toml"

# file, old, new -> file and key of the one problem, words of what is wrong, words of the remedy
MISTAKES = {
    "a notice without a number": (Y24, NUMBER, "", Y24, "notice.number", "is missing", "Add it"),
    "a number of another form": (Y24, NUMBER, 'number = "7号"\n', Y24, "notice.number", "right form", "〔2023〕7号"),
    "no notice": (Y24, "[notice]", "[other]", Y24, "", "", ""),
    "a notice without a source": (Y24, "issued = 2023-10-25\nsource", "issued = 2023-10-25\nsrc", Y24, "", "", ""),
    "an entry that cites nothing": (
        Y24,
        'name = "春节"\nnotice = "国办发明电〔2023〕7号"\n',
        'name = "春节"\n',
        Y24,
        "holiday[1] 春节.notice",
        "is missing",
        "Add it",
    ),
    "an entry that cites another year's notice": (
        Y24,
        'name = "春节"\nnotice = "国办发明电〔2023〕7号"',
        'name = "春节"\nnotice = "国办发明电〔2022〕7号"',
        Y24,
        "holiday[1] 春节.notice",
        "there is no notice '国办发明电〔2022〕7号' in this file",
        "Did you mean `国办发明电〔2023〕7号`?",
    ),
    "a misspelt key": (
        Y24,
        "from = 2024-02-10\n",
        "from = 2024-02-10\nworkday = []\n",
        Y24,
        "holiday[1] 春节.workday",
        "unknown key",
        "Did you mean `workdays`?",
    ),
    "a misspelt table": (Y24, "[notice]", "[amendmend]\n[notice]", Y24, "amendmend", "unknown key", "`amendment`?"),
    "days in the wrong order": (
        Y24,
        SPRING,
        SPRING.replace("to = 2024-02-17", "to = 2024-02-09"),
        Y24,
        "holiday[1] 春节",
        "from 2024-02-10 is after to 2024-02-09",
        "Mend",
    ),
    "a date as text": (
        Y24,
        "from = 2024-02-10",
        'from = "2024-02-10"',
        Y24,
        "holiday[1] 春节.from",
        "'2024-02-10' is no date",
        "without quotes",
    ),
    "a make-up day that is no weekend": (
        Y24,
        SPRING,
        SPRING.replace("02-18]", "02-19]"),
        Y24,
        "holiday[1] 春节.workdays",
        "2024-02-19 is no weekend day",
        "Only 周六、周日 can be worked instead",
    ),
    "a make-up day inside its holiday": (
        Y24,
        SPRING,
        SPRING.replace("02-18]", "02-17]"),
        Y24,
        "holiday[1] 春节",
        "2024-02-17 is a make-up working day here and a day off in calendar/2024.toml: holiday[1] 春节",
        "once",
    ),
    "two holidays on one day": (
        Y24,
        "from = 2024-06-10\nto = 2024-06-10",
        "from = 2024-04-06\nto = 2024-04-06",
        Y24,
        "holiday[4] 端午节",
        "2024-04-06 is a day off here and a day off in calendar/2024.toml: holiday[2] 清明节",
        "Compare both",
    ),
    "a holiday outside its year": (
        Y24,
        "from = 2024-06-10\nto = 2024-06-10",
        "from = 2042-06-10\nto = 2042-06-10",
        Y24,
        "holiday[4] 端午节",
        "2042-06-10 is not in 2024",
        "to 12-25 of the year before",
    ),
    "a New Year's holiday that reaches back too far": (
        "calendar/2019.toml",
        "workdays = [2018-12-29]",
        "workdays = [2018-12-22]",
        "calendar/2019.toml",
        "holiday[0] 元旦",
        "2018-12-22 is not in 2019",
        "to 12-25 of the year before",
    ),
    "a spill-over that meets the year before": (
        "calendar/2018.toml",
        "from = 2018-09-24\nto = 2018-09-24",
        "from = 2018-12-31\nto = 2018-12-31",
        "calendar/2019.toml",
        "holiday[0] 元旦",
        "2018-12-31 is a day off here and a day off in calendar/2018.toml: holiday[5] 中秋节",
        "Compare both",
    ),
    "an amendment older than its notice": (
        "calendar/2019.toml",
        "issued = 2019-03-22",
        "issued = 2018-03-22",
        "calendar/2019.toml",
        "amendment[0].issued",
        "2018-03-22 is before 2018-12-04",
        "Put the yearly notice into [notice]",
    ),
    "an entry that stands there twice": (
        "calendar/2019.toml",
        'name = "劳动节"\nnotice = "国办发明电〔2019〕3号"',
        'name = "劳动节"\nnotice = "国办发明电〔2018〕15号"',
        "calendar/2019.toml",
        "holiday[4] 劳动节",
        "stands there twice in one notice",
        "cite the amendment",
    ),
    "a line that is no TOML": (Y24, "from = 2024-02-10", "from = 2024-02-30", Y24, "", "is not valid TOML", "Mend"),
    "a day of rest that does not exist": (
        WEEK,
        '"周日"',
        '"星期日"',
        WEEK,
        "week.rest_days[1]",
        "'星期日' is not known",
        "'周日'",
    ),
    "no rule for the week": (WEEK, "[week]", "[weeks]", WEEK, "", "", ""),
    "a New Year that reaches back to no day": (
        WEEK,
        '"12-25"',
        '"25 December"',
        WEEK,
        "new_year.reaches_back_to",
        "right form",
        "such as 12-25",
    ),
    "a fixed holiday on no day": (WEEK, '["01-01"]', '["1-1"]', WEEK, "fixed[0] 元旦.days[0]", "right form", "12-25"),
}
SEVERAL = {
    "no notice": [(Y24, "other", "unknown key"), (Y24, "notice", "is missing")],
    "a notice without a source": [(Y24, "notice.source", "is missing"), (Y24, "notice.src", "unknown key")],
    "no rule for the week": [(WEEK, "weeks", "unknown key"), (WEEK, "week", "is missing")],
}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return Path(shutil.copytree(shipped_config(), tmp_path / "config", ignore=shutil.ignore_patterns("demo")))


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_file_key_and_remedy_and_nothing_else_is(config: Path, mistake: str):
    spoilt, old, new, file, key, what, remedy = MISTAKES[mistake]
    text = (config / spoilt).read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {spoilt}"
    (config / spoilt).write_text(text.replace(old, new, 1), encoding="utf-8")
    problems = check_config(config)
    expected = SEVERAL.get(mistake, [(file, key, what)])
    assert [(one.file, one.key) for one in problems] == [(file, key) for file, key, _ in expected]
    assert all(words in one.what for one, (_, _, words) in zip(problems, expected, strict=True))
    assert remedy in problems[0].remedy
    with pytest.raises(ConfigError):
        load_settings(config)
    with pytest.raises(ConfigError):
        Calendar.load(config / "calendar")


def test_the_shipped_calendar_has_no_problem_and_comes_with_the_settings():
    assert check_config(shipped_config()) == []
    assert load_settings(shipped_config()).calendar == load_calendar(shipped_config() / "calendar")


def test_a_configuration_without_a_calendar_is_refused_with_the_way_out(config: Path):
    shutil.rmtree(config / "calendar")
    assert [str(problem) for problem in check_config(config)] == [
        "calendar: there is no year, so that no statutory period can be counted. "
        "Copy it from the shipped config/ folder",
        "calendar/week.toml: the file is missing. Copy it from the shipped config/ folder",
    ]


def test_a_file_that_is_no_year_is_named(config: Path):
    (config / "calendar/next.toml").write_text('x = "y"\n', encoding="utf-8")
    assert [(one.file, one.what) for one in check_config(config)] == [("calendar/next.toml", "is no calendar year")]


def test_an_office_may_add_a_local_decision_as_an_amendment(folder: Path):
    local = """
[[amendment]]
number = "某府办发〔2024〕1号"
title = "关于某日放假的通知"
issued = 2024-01-05
source = "本级人民政府办公室"

[[holiday]]
name = "某日"
notice = "某府办发〔2024〕1号"
wording = "6月3日放假。"
from = 2024-06-03
to = 2024-06-03
workdays = []
"""
    with (folder / "2024.toml").open("a", encoding="utf-8") as file:
        file.write(local)
    assert Calendar.load(folder).fact(date(2024, 6, 3)).reason == "周一，某日放假（某府办发〔2024〕1号）"
