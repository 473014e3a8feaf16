"""Templates an office may edit (pages, reports, letters): Jinja2 in a sandbox, read from one folder only."""

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, TemplateNotFound, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from pubflow.errors import BadInput
from pubflow.moments import SHANGHAI, iso, shown

# These produce Markdown or plain text, where `&` is a letter like any other; their HTML is made, and cleaned, later.
_PLAIN = (".md.j2", ".txt.j2")
_RESTORE = "请从安装包的 config/templates 补回该文件"


def office_templates(folder: Path) -> Environment:
    """The templates in `folder`, sandboxed: they see what they are given, and a name they are not given is an error.

    Everything but `*.md.j2` and `*.txt.j2` is escaped for HTML. Filters for aware moments: `shown`
    (2026-12-01 09:30, Asia/Shanghai), `day` (2026-12-01) and `iso` (UTC, for machines).
    """
    environment = ImmutableSandboxedEnvironment(
        loader=_FolderLoader(folder),
        autoescape=lambda name: name is None or not name.endswith(_PLAIN),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["shown"] = shown
    environment.filters["day"] = lambda moment: moment.astimezone(SHANGHAI).date().isoformat()
    environment.filters["iso"] = iso
    return environment


def rendered(templates: Environment, name: str, **values: object) -> str:
    """The text that template `name` gives for `values`.

    Raises BadInput with template, line and reason: a template that is not there, is misspelt, asks for a value it
    was not given, tries to leave the sandbox, or fails while computing.
    """
    try:
        return templates.get_template(name).render(values)
    except TemplateNotFound as error:
        raise BadInput(f"没有模板 {error.name}", where=name, remedy=_RESTORE) from error
    except TemplateSyntaxError as error:
        raise BadInput(
            f"模板写法有误（{error.message}）", f"{error.name} 第 {error.lineno} 行", "请改正该行"
        ) from error
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise BadInput(f"模板不能生成（{error}）", _line(name, error), "请核对该行用到的名称和数据") from error


def static_text(templates: Environment, name: str) -> str:
    """A file of the templates' folder as it stands, such as a style sheet. Raises BadInput when it is missing."""
    loader = templates.loader
    try:
        if loader is None:
            raise TemplateNotFound(name)
        return loader.get_source(templates, name)[0]
    except TemplateNotFound as error:
        raise BadInput(f"没有文件 {name}", remedy=_RESTORE) from error


class _FolderLoader(FileSystemLoader):
    """Reads below its folder only: no `..` (as its base) and no link that leads out of it."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        source, file, fresh = super().get_source(environment, template)
        if not Path(file).resolve().is_relative_to(Path(self.searchpath[0]).resolve()):
            raise TemplateNotFound(template)
        return source, file, fresh


def _line(name: str, error: BaseException) -> str:
    """The last line of a template that the error passed through."""
    frames: Any = traceback.extract_tb(error.__traceback__)
    for frame in reversed(frames):
        if frame.filename.endswith(".j2"):
            return f"{Path(frame.filename).name} 第 {frame.lineno} 行"
    return name
