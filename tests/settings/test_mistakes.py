"""Each mistake an administrator can make is named with file, key and remedy; all of them at once."""

import pytest

from pubflow.settings import ConfigError, check_config, load_settings

LIN = 'name = "林晓"\nsection = "zonghe"\nroles = ["drafter"]\ndeputy = "tang_yue"'
FIRST_RULE = 'source = "条例（2007）第十八条"\nvalid_from = 2008-05-01\nvalid_to = 2019-05-14'
MONTHLY = 'template = "monthly.md.j2"'
IMPORT = "rules/import.toml"

# file to spoil, old, new -> file and key of the one problem, words of what is wrong, words of the remedy
MISTAKES = {
    "a misspelt key": (
        ("bureau.toml", "short_name =", "shortname ="),
        [
            ("bureau.toml", "bureau.short_name", "is missing", "Add it"),
            ("bureau.toml", "bureau.shortname", "unknown key", "Did you mean `short_name`?"),
        ],
    ),
    "a misspelt key in an inner table": (
        ("bureau.toml", 'icp = "', 'icp_no = "x"\nicp = "'),
        [("bureau.toml", "bureau.site.icp_no", "unknown key", "Did you mean `icp`?")],
    ),
    "a misspelt key of a review": (
        ("workflows.toml", 'name = "科室审核"\n', 'name = "科室审核"\nbye = "x"\n'),
        [("workflows.toml", "kinds.yearly_report.reviews[0].bye", "unknown key", "Did you mean `by`?")],
    ),
    "an unknown table": (
        ("people.toml", "[people.lin_xiao]", "[poeple]\n[people.lin_xiao]"),
        [("people.toml", "poeple", "unknown key", "Did you mean `people`?")],
    ),
    "an id inside its table": (
        ("people.toml", LIN, LIN + '\nid = "lin"'),
        [("people.toml", "people.lin_xiao.id", "unknown key", "The id is the name of the table")],
    ),
    "an id that is no slug": (
        ("people.toml", "[people.gong_lei]", "[people.Gong]"),
        [("people.toml", "people.Gong.id", "does not have the right form", "lower-case ascii")],
    ),
    "a role that does not exist": (
        ("people.toml", 'roles = ["auditor"]', 'roles = ["inspector"]'),
        [("people.toml", "people.shu_yan.roles[0]", "'inspector' is not known", "'auditor'")],
    ),
    "a number where a yes or no belongs": (
        ("workflows.toml", "sensitive = false", "sensitive = 0"),
        [("workflows.toml", "kinds.yearly_report.sensitive", "0", "shipped file")],
    ),
    "a site code of nine digits": (
        ("bureau.toml", "3601020001", "360102000"),
        [("bureau.toml", "bureau.site.site_id_code", "'360102000'", "ten digits")],
    ),
    "a time zone that does not exist": (
        ("bureau.toml", "Asia/Shanghai", "Asia/Donghu"),
        [("bureau.toml", "bureau.desk_timezone", "there is no time zone Asia/Donghu", "Mend")],
    ),
    "a fast lane of a regular kind": (
        ("workflows.toml", MONTHLY, MONTHLY + "\nfast = { due_workdays = 1, side_by_side = true }"),
        [("workflows.toml", "kinds.monthly", "a fast lane is for occasional kinds, and this one is regular", "Mend")],
    ),
    "a fast lane without days": (
        ("workflows.toml", "[kinds.news.fast]\ndue_workdays = 1\n", "[kinds.news.fast]\n"),
        [("workflows.toml", "kinds.news.fast.due_workdays", "is missing", "Add it")],
    ),
    "no exceptional ways": (
        ("workflows.toml", "[exceptional]", "[exceptionel]"),
        [
            ("workflows.toml", "exceptionel", "unknown key", "Did you mean `exceptional`?"),
            ("workflows.toml", "exceptional.source", "is missing", "Add it"),
            ("workflows.toml", "exceptional.confirm_hours", "is missing", "Add it"),
            ("workflows.toml", "exceptional.link_workdays", "is missing", "Add it"),
            ("workflows.toml", "exceptional.link_workdays_at_most", "is missing", "Add it"),
            ("workflows.toml", "exceptional.link_address", "is missing", "Add it"),
            ("workflows.toml", "exceptional.wrong_links", "is missing", "Add it"),
            ("workflows.toml", "exceptional.wrong_link_minutes", "is missing", "Add it"),
        ],
    ),
    "a lost role that is neither kept nor held": (
        ("workflows.toml", 'approval = "keep"', 'approval = "drop"'),
        [("workflows.toml", "exceptional.lost_role.approval", "'drop' is not known", "'keep' or 'hold'")],
    ),
    "an address of links with a slash at its end": (
        ("workflows.toml", 'link_address = ""', 'link_address = "https://duban.donghu.example/"'),
        [("workflows.toml", "exceptional.link_address", "does not have the right form", "without a slash")],
    ),
    "a person in no section": (
        ("people.toml", LIN, LIN.replace("zonghe", "zonghee")),
        [("people.toml", "people.lin_xiao.section", "there is no section 'zonghee'", "Did you mean `zonghe`?")],
    ),
    "a deputy who does not exist": (
        ("people.toml", LIN, LIN.replace("tang_yue", "tang_yu")),
        [("people.toml", "people.lin_xiao.deputy", "there is no person 'tang_yu'", "Did you mean `tang_yue`?")],
    ),
    "a person as their own deputy": (
        ("people.toml", LIN, LIN.replace("tang_yue", "lin_xiao")),
        [("people.toml", "people.lin_xiao.deputy", "is the person themself", "somebody else")],
    ),
    "a section head who does not exist": (
        ("bureau.toml", 'head = "deng_bo"', 'head = "deng"'),
        [("bureau.toml", "sections.gongye.head", "there is no person 'deng'", "Did you mean `deng_bo`?")],
    ),
    "a section head without the role": (
        ("bureau.toml", 'head = "deng_bo"', 'head = "lin_xiao"'),
        [("bureau.toml", "sections.gongye.head", "does not have the role section_head", "people.lin_xiao.roles")],
    ),
    "a drafting section without a head": (
        ("bureau.toml", 'head = "deng_bo"', ""),
        [("bureau.toml", "sections.gongye.head", "has no head", "section_head")],
    ),
    "no chief for a sensitive kind": (
        ("people.toml", 'roles = ["chief"]', 'roles = ["auditor"]'),
        [("people.toml", "people", "nobody has the role chief", "Give it")],
    ),
    "a kind in an unknown category": (
        ("workflows.toml", 'category = "annual_reports"', 'category = "annual_report"'),
        [("workflows.toml", "kinds.yearly_report.category", "no category 'annual_report'", "`annual_reports`?")],
    ),
    "a cadence that is not declared": (
        ("workflows.toml", 'occasional = "临时"\n', ""),
        [
            (
                "workflows.toml",
                "kinds.official.cadence",
                "there is no cadence 'occasional'",
                "Known: regular, standing",
            ),
            ("workflows.toml", "kinds.news.cadence", "there is no cadence 'occasional'", "Known: regular, standing"),
        ],
    ),
    "a template that is not there": (
        ("workflows.toml", MONTHLY, 'template = "monthy.md.j2"'),
        [("workflows.toml", "kinds.monthly.template", "no file templates/reports/monthy.md.j2", "`monthly.md.j2`?")],
    ),
    "a template outside its folder": (
        ("workflows.toml", MONTHLY, 'template = "../../x.md.j2"'),
        [("workflows.toml", "kinds.monthly.template", "right form", "a file in templates/reports")],
    ),
    "a template with a mistake": (
        ("templates/reports/news.md.j2", "{{ head.source", "{% if %}{{ head.source"),
        [("templates/reports/news.md.j2", "", "line 10 is not valid Jinja", "Mend the line")],
    ),
    "a review by an unknown section": (
        ("workflows.toml", "section:zonghe", "section:zong"),
        [("workflows.toml", "kinds.monthly.reviews[1].by", "there is no section 'zong'", "Did you mean `zonghe`?")],
    ),
    "a review by nobody": (
        ("workflows.toml", 'by = "section:zonghe"', 'by = "zonghe"'),
        [("workflows.toml", "kinds.monthly.reviews[1].by", "right form", "own_section or section:<id of a section>")],
    ),
    "two reviews with one id": (
        ("workflows.toml", 'id = "data_quality"', 'id = "section"'),
        [("workflows.toml", "kinds.monthly", "two reviews have the same id", "Mend")],
    ),
    "an index scheme without a serial": (
        ("workflows.toml", "{org_code}/{YYYY}-{NNNNN}", "{org_code}/{YYYY}-{MM}"),
        [("workflows.toml", "kinds.yearly_report.index_scheme", "exactly one serial", "Mend")],
    ),
    "two kinds with one name": (
        ("workflows.toml", 'name = "新闻"', 'name = "统计月报"'),
        [("workflows.toml", "kinds.news.name", "is called 统计月报, as monthly is", "Rename")],
    ),
    "a question of the review form twice": (
        ("workflows.toml", 'id = "work_secret"', 'id = "state_secret"'),
        [("workflows.toml", "checklist state_secret", "stands there twice", "Remove")],
    ),
    "no results of the review": (
        ("workflows.toml", 'review_results = ["公开", "部分公开", "不予公开", "需报审"]', "review_results = []"),
        [("workflows.toml", "review_results", "is not a list of different words", "需报审")],
    ),
    "two categories with one name": (
        ("categories.toml", 'name = "法规文件"', 'name = "概况信息"'),
        [("categories.toml", "categories.regulations", "is called 概况信息, as overview is", "Rename")],
    ),
    "a category without a source": (
        ("categories.toml", 'source = "江西省政府信息公开目录分类（2008年起），见2016年度报告第二部分"\n', ""),
        [("categories.toml", "categories.overview.source", "is missing", "Add it")],
    ),
    "a date in quotes": (
        ("categories.toml", "valid_from = 2008-05-01", 'valid_from = "2008-05-01"'),
        [("categories.toml", "categories.overview.valid_from", "'2008-05-01' is no date", "without quotes")],
    ),
    "a rule without a source": (
        ("rules/disclosure.toml", FIRST_RULE, FIRST_RULE.split("\n", 1)[1]),
        [("rules/disclosure.toml", "rule[0] proactive_working_days.source", "is missing", "Add it")],
    ),
    "a rule that ends before it begins": (
        ("rules/disclosure.toml", FIRST_RULE, FIRST_RULE.replace("2019-05-14", "2008-04-30")),
        [("rules/disclosure.toml", "rule[0] proactive_working_days", "is after valid_to 2008-04-30", "Mend")],
    ),
    "a rule that overlaps its successor": (
        ("rules/disclosure.toml", FIRST_RULE, FIRST_RULE.replace("2019-05-14", "2019-05-15")),
        [("rules/disclosure.toml", "rule[1] proactive_working_days", "overlaps", "valid_to before the newer one")],
    ),
    "a rule whose value is a fraction": (
        ("rules/disclosure.toml", "value = 20", "value = 20.5"),
        [("rules/disclosure.toml", "rule[0] proactive_working_days.value", "20.5", "shipped file")],
    ),
    "another room's rule without a source": (
        (IMPORT, 'source = "条例（2019）第十四条"\n', ""),
        [(IMPORT, "rule[0].source", "is missing", "Name the law and article")],
    ),
    "another room's rule without a first day": (
        (IMPORT, "valid_from = 2019-05-15\n", ""),
        [(IMPORT, "rule[0].valid_from", "is missing or no date", "valid_from = 2026-01-31")],
    ),
    "another room's rule that ends before it begins": (
        (IMPORT, "2019-05-15\n", "2019-05-15\nvalid_to = 2019-05-14\n"),
        [(IMPORT, "rule[0]", "valid_from 2019-05-15 is after valid_to 2019-05-14", "in order")],
    ),
    "a line that is no TOML": (
        ("people.toml", 'name = "林晓"', "name = 林晓"),
        [("people.toml", "", "is not valid TOML: Invalid value (at line 7, column 8)", "Mend the line")],
    ),
    "a day that does not exist": (
        ("rules/disclosure.toml", "2019-05-14", "2019-02-30"),
        [("rules/disclosure.toml", "", "is not valid TOML: Invalid date or datetime (at line 15", "Mend the line")],
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_file_key_and_remedy_and_nothing_else_is(spoil, mistake):
    change, expected = MISTAKES[mistake]
    problems = check_config(spoil(*change))
    assert [(problem.file, problem.key) for problem in problems] == [(file, key) for file, key, _, _ in expected]
    for problem, (_, _, what, remedy) in zip(problems, expected, strict=True):
        assert what in problem.what
        assert remedy in problem.remedy


def test_the_three_deciding_persons_must_be_different(config, spoil):
    for old in ('["officer"]', '["officer"]', '["leader"]', '["leader"]'):
        spoil("people.toml", f"roles = {old}", 'roles = ["operator"]')
    spoil("people.toml", 'roles = ["section_head"]', 'roles = ["section_head", "officer", "leader"]')
    problem = check_config(config)[0]
    assert (problem.file, problem.key) == ("people.toml", "people")
    assert "are not three different persons" in problem.what


def test_one_person_with_all_roles_is_fine_as_long_as_three_others_can_decide(spoil):
    assert check_config(spoil("people.toml", '["section_head"]', '["section_head", "officer", "leader"]')) == []


def test_nobody_in_a_role_of_the_line_is_a_problem(spoil):
    for _ in range(2):
        config = spoil("people.toml", 'roles = ["officer"]', 'roles = ["operator"]')
    assert [(p.file, p.what) for p in check_config(config)] == [("people.toml", "nobody has the role officer")]


def test_a_category_may_take_the_name_of_one_that_has_ended(spoil):
    old = 'name = "法规文件"\nart20 = "第二十条第（一）项"\naliases = ["政策法规"]'
    spoil("categories.toml", "valid_from = 2008-05-01", "valid_from = 2008-05-01\nvalid_to = 2020-12-31")
    config = spoil("categories.toml", old, old.replace("法规文件", "概况信息"))
    assert [p.key for p in check_config(config)] == ["categories.regulations"]
    text = (config / "categories.toml").read_text(encoding="utf-8")
    head, tail = text.split("[categories.regulations]", 1)
    tail = tail.replace("valid_from = 2008-05-01", "valid_from = 2021-01-01", 1)
    (config / "categories.toml").write_text(f"{head}[categories.regulations]{tail}", encoding="utf-8")
    assert check_config(config) == []


@pytest.mark.parametrize(
    "file",
    [
        "bureau.toml",
        "people.toml",
        "categories.toml",
        "workflows.toml",
        "rules/disclosure.toml",
        "rules/import.toml",
        "rules/confidentiality.toml",
    ],
)
def test_a_missing_file_is_one_problem_not_many(config, file):
    (config / file).unlink()
    assert [(p.file, p.key, p.what) for p in check_config(config)] == [(file, "", "the file is missing")]


def test_missing_portal_templates_are_a_problem(config):
    (config / "templates/portal/page.html.j2").unlink()
    assert [(p.file, p.key) for p in check_config(config)] == [("templates/portal", "")]


def test_a_file_that_is_not_utf_8_is_named_with_its_byte(config):
    (config / "people.toml").write_bytes("# 保密员".encode("gbk"))
    problem = check_config(config)[0]
    assert (problem.file, problem.what) == ("people.toml", "is not UTF-8 at byte 2")


def test_a_folder_that_is_not_there_is_one_problem(tmp_path):
    problems = check_config(tmp_path / "nowhere")
    assert [problem.what for problem in problems] == ["there is no such folder"]


def test_all_problems_are_listed_at_once(spoil):
    spoil("bureau.toml", "short_name =", "shortname =")
    spoil("people.toml", 'deputy = "tang_yue"', 'deputy = "nobody"')
    spoil("categories.toml", "valid_from = 2008-05-01", 'valid_from = "soon"')
    spoil("workflows.toml", 'template = "news.md.j2"', 'template = "new.md.j2"')
    spoil("rules/disclosure.toml", FIRST_RULE, FIRST_RULE.split("\n", 1)[1])
    config = spoil(IMPORT, "valid_from = 2019-05-15\n", "")
    with pytest.raises(ConfigError) as refused:
        load_settings(config)
    assert [(problem.file, problem.key) for problem in refused.value.problems] == [
        ("bureau.toml", "bureau.short_name"),
        ("bureau.toml", "bureau.shortname"),
        ("categories.toml", "categories.overview.valid_from"),
        ("people.toml", "people.lin_xiao.deputy"),
        ("rules/disclosure.toml", "rule[0] proactive_working_days.source"),
        ("rules/import.toml", "rule[0].valid_from"),
        ("workflows.toml", "kinds.news.template"),
    ]
    text = str(refused.value)
    assert text.startswith("7 problems in the configuration:\n- bureau.toml: bureau.short_name: is missing. Add it")


def test_rules_in_named_groups_are_checked_one_by_one(config):
    text = '[warnings.w1]\ntext = "x"\nsource = "规则档案6.3"\nvalid_from = 2026-01-01\n[warnings.w2]\ntext = "y"\n'
    (config / IMPORT).write_text(text, encoding="utf-8")
    assert [p.key for p in check_config(config)] == ["warnings.w2.source", "warnings.w2.valid_from"]
