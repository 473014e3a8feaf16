"""Templates an office may edit."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pubflow.documents.templates import office_templates, rendered, static_text
from pubflow.errors import BadInput


def render(folder: Path, source: str, name: str = "page.html.j2", **values: object) -> str:
    (folder / name).write_text(source, encoding="utf-8")
    return rendered(office_templates(folder), name, **values)


def test_values_are_escaped_in_pages_and_left_alone_in_markdown(tmp_path: Path) -> None:
    assert render(tmp_path, "{{ x }}", x="<b>&") == "&lt;b&gt;&amp;"
    assert render(tmp_path, "{{ x }}", "report.md.j2", x="1 < 2 & 3") == "1 < 2 & 3"


def test_a_name_that_was_not_given_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"page.html.j2 第 3 行：.*'figure' is undefined"):
        render(tmp_path, "<p>\n\n{{ figure }}</p>")


def test_a_misspelt_template_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"page.html.j2 第 2 行：模板写法有误"):
        render(tmp_path, "<p>\n{% if %}</p>")


def test_a_computation_that_fails_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"第 1 行：模板不能生成（division by zero）"):
        render(tmp_path, "{{ 1 / n }}", n=0)


@pytest.mark.parametrize(
    "source",
    [
        "{{ x.__class__.__mro__[1].__subclasses__() }}",
        "{{ ''.__class__ }}{{ ''.__class__.mro() }}",
        "{{ ''.format.__globals__ }}",
        "{{ '{0.__class__.__init__.__globals__}'.format(x) }}",
        "{% for n in range(10000000) %}{% endfor %}",
        "{{ items.append(1) }}",
    ],
)
def test_a_template_cannot_leave_the_sandbox_or_change_what_it_is_given(tmp_path: Path, source: str) -> None:
    items: list[int] = []
    with pytest.raises(BadInput, match="模板不能生成"):
        render(tmp_path, source, x=Path("/"), items=items)
    assert items == []


def test_a_template_reads_its_own_folder_only(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "link.html.j2").symlink_to(tmp_path / "secret.txt")
    for name in ("../secret.txt", "link.html.j2", str(tmp_path / "secret.txt")):
        with pytest.raises(BadInput, match="没有模板"):
            render(folder, "{% include '" + name + "' %}")
        with pytest.raises(BadInput, match="没有文件"):
            static_text(office_templates(folder), name)


def test_moments_are_shown_in_the_offices_time(tmp_path: Path) -> None:
    source = "{{ at | shown }} {{ at | day }} {{ at | iso }}"
    text = render(tmp_path, source, at=datetime(2026, 11, 30, 17, 30, tzinfo=UTC))
    assert text == "2026-12-01 01:30 2026-12-01 2026-11-30T17:30:00.000000Z"
