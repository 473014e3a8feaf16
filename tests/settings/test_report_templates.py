"""The shipped report templates say what the figures say, in any Jinja whitespace setting."""

from decimal import Decimal, InvalidOperation

import pytest
from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from pubflow.settings import shipped_config

BUREAU = {"name": "南昌市东湖区统计局", "district": "南昌市东湖区"}
HEAD = {"title": "统计", "method": "主动公开", "source": ""}
COLUMNS = ("indicator", "unit", "month_value", "prior_ytd_value", "ytd_value", "ytd_yoy_pct", "prior_year_ytd_value")


def row(*values: str, basis: str = "nominal") -> dict[str, object]:
    texts = dict(zip(COLUMNS, values, strict=True))
    return {**texts, **{f"{name}_dec": decimal(text) for name, text in texts.items()}, "basis": basis}


def decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


FIGURES = [
    row("规模以上工业增加值", "亿元", "2.06", "18.42", "20.48", "8.7", "", basis="real"),
    row("# 税收收入", "亿元", "1.58", "20.46", "22.04", "6.1", "20.77"),
    row("出口总值", "万美元", "8420", "84910", "93330", "-3.5", "96715"),
    row("全社会用电量", "亿千瓦时", "1.42", "18.05", "19.47", "0.0", "19.47"),
    row("规上服务业营业收入（错月）", "亿元", "10.12", "86.46", "96.58", "", ""),
    row("居民收入|城镇", "元", "", "", "…", "…", ""),
]


def render(name: str, figures: list[dict[str, object]], *, period: str = "2016-11", trim: bool = False) -> str:
    jinja = SandboxedEnvironment(
        loader=FileSystemLoader(shipped_config() / "templates/reports"),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=trim,
        lstrip_blocks=trim,
    )
    return jinja.get_template(name).render(head=HEAD, figures=figures, period=period, bureau=BUREAU)


@pytest.mark.parametrize("trim", [False, True])
def test_the_monthly_report_states_rise_fall_and_standstill_from_the_figures(trim):
    lines = render("monthly.md.j2", FIGURES, trim=trim).splitlines()
    begin = lines.index("2016年1—11月，南昌市东湖区主要指标累计情况如下：")
    assert lines[begin + 1 : lines.index("## 三、说明")] == [
        "",
        "- 规模以上工业增加值20.48亿元，同比增长8.7%（按可比价计算）。",
        "- 其中：税收收入22.04亿元，同比增长6.1%。",
        "- 出口总值93330万美元，同比下降3.5%。",
        "- 全社会用电量19.47亿千瓦时，同比持平。",
        "- 规上服务业营业收入96.58亿元（错月指标，时期比本期早一个月）。",
        "",
    ]


@pytest.mark.parametrize("trim", [False, True])
def test_the_monthly_table_has_every_row_as_written_and_no_broken_cell(trim):
    lines = render("monthly.md.j2", FIGURES, trim=trim).splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert len(table) == 2 + len(FIGURES)
    assert table[2] == "| 规模以上工业增加值 | 亿元 | 2.06 | 20.48 | 8.7 |  | 可比价 |"
    assert table[4] == "| 出口总值 | 万美元 | 8420 | 93330 | -3.5 | 96715 |  |"
    assert table[7] == "| 居民收入\\|城镇 | 元 |  | … | … |  |  |"


def test_january_is_not_called_january_to_january():
    assert "2017年1月，南昌市" in render("monthly.md.j2", FIGURES, period="2017-01")


@pytest.mark.parametrize("name", ["monthly", "yearly_report", "bulletin", "official", "news"])
@pytest.mark.parametrize("figures", [[], FIGURES])
def test_every_template_renders_headings_of_the_second_level_only(name, figures):
    lines = render(f"{name}.md.j2", figures).splitlines()
    assert any(line.startswith("## ") for line in lines)
    assert [line for line in lines if line.startswith("# ")] == []


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("2016", "## 一、概述", "## 六、政府信息公开工作存在的主要问题及改进情况"),
        ("2018", "## 一、概述", "## 六、政府信息公开工作存在的主要问题及改进情况"),
        ("2019", "## 一、总体情况", "## 六、其他需要报告的事项"),
        ("2025", "## 一、总体情况", "## 六、其他需要报告的事项"),
    ],
)
def test_the_yearly_report_has_the_six_headings_of_its_year(period, first, last):
    lines = [line for line in render("yearly_report.md.j2", [], period=period).splitlines() if line.startswith("## ")]
    assert (len(lines), lines[0], lines[-1]) == (6, first, last)
