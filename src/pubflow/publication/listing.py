"""The lists of the after-state: home and category pages as they will be once a release is public."""

from sqlalchemy import func
from sqlmodel import Session, col, select

from pubflow.errors import BadInput
from pubflow.lifecycle.stages import Stage
from pubflow.moments import SHANGHAI
from pubflow.office.office import Office
from pubflow.publication.pages import (
    PAGE_SIZE,
    CategoryPage,
    Entry,
    index_pages,
    item_path,
    page_count,
    page_slice,
    touched_pages,
)
from pubflow.publication.releases import editions_of
from pubflow.publication.staging import page_templates, public_item, site_of
from pubflow.records.tables import Edition, Release, Report
from pubflow.settings.models import Category


def after_state(office: Office, session: Session, release: Release) -> dict[str, bytes]:
    """The home page and the category pages that `release` touches, as they are once it is public."""
    joining = [_joining(office, session, edition, release) for edition in editions_of(session, release)]
    before = _public_counts(session)
    day = release.instant.astimezone(SHANGHAI).date()
    categories = [entry for entry in office.settings.categories.values() if entry.valid_on(day)]
    counts = [
        (entry.id, entry.name, before.get(entry.id, 0) + sum(new.category_id == entry.id for new in joining))
        for entry in categories
    ]
    touched = []
    for id_, name, total in counts:
        new = [entry for entry in joining if entry.category_id == id_]
        for page_no in touched_pages(total - len(new), len(new)):
            entries = _page_entries(office, session, id_, new, page_no, total)
            touched.append(CategoryPage(id_, name, page_no, page_count(total), entries))
    newest = [*reversed(joining), *_newest(office, session)][:PAGE_SIZE]
    return index_pages(
        site_of(office), page_templates(office.settings.templates), home=newest, counts=counts, touched=touched
    )


def empty_portal(office: Office) -> dict[str, bytes]:
    """The pages of a portal on which nothing is public yet: home and every category, with their empty states."""
    categories = list(office.settings.categories.values())
    return index_pages(
        site_of(office),
        page_templates(office.settings.templates),
        home=[],
        counts=[(entry.id, entry.name, 0) for entry in categories],
        touched=[CategoryPage(entry.id, entry.name, 0, 0, []) for entry in categories],
    )


def _joining(office: Office, session: Session, edition: Edition, release: Release) -> Entry:
    """From the text that was signed: the report's row repeats title and category, and no digest covers it."""
    _category(office, session.get_one(Report, edition.report_id))
    item = public_item(office, session, edition, release.instant)
    path = item_path(item.report_id)
    return Entry(item.report_id, item.title, path, item.category_id, item.category_name, item.published_at)


def _entry(office: Office, report: Report, edition: Edition) -> Entry:
    moment = edition.published_at
    if moment is None:
        raise ValueError(f"{report.id} has not been published")
    category = _category(office, report)
    return Entry(report.id, report.title, item_path(report.id), category.id, category.name, moment)


def _category(office: Office, report: Report) -> Category:
    category = office.settings.categories.get(report.category)
    if category is None:
        remedy = "请在 config/categories.toml 中恢复它；不再使用的分类只写失效日期，不要删除"
        raise BadInput(f"目录分类 {report.category} 已不在配置中", report.id, remedy)
    return category


def _public_counts(session: Session) -> dict[str, int]:
    counted = (
        select(Report.category, func.count())
        .join(Edition, col(Edition.report_id) == col(Report.id))
        .where(Edition.stage == Stage.PUBLISHED)
        .group_by(col(Report.category))
    )
    return dict(session.exec(counted).all())


def _page_entries(
    office: Office, session: Session, category: str, new: list[Entry], page_no: int, total: int
) -> list[Entry]:
    """The entries of one page: those public already, then the joining ones, oldest first."""
    offset, limit = page_slice(page_no, total)
    public = total - len(new)
    rows = session.exec(
        select(Report, Edition)
        .join(Edition, col(Edition.report_id) == col(Report.id))
        .where(Edition.stage == Stage.PUBLISHED, Report.category == category)
        .order_by(col(Edition.published_at), col(Report.id))
        .offset(min(offset, public))
        .limit(max(0, min(limit, public - offset)))
    ).all()
    known = [_entry(office, report, edition) for report, edition in rows]
    return [*known, *new[max(0, offset - public) :]][:limit]


def _newest(office: Office, session: Session) -> list[Entry]:
    rows = session.exec(
        select(Report, Edition)
        .join(Edition, col(Edition.report_id) == col(Report.id))
        .where(Edition.stage == Stage.PUBLISHED)
        .order_by(col(Edition.published_at).desc(), col(Report.id).desc())
        .limit(PAGE_SIZE)
    ).all()
    return [_entry(office, report, edition) for report, edition in rows]
