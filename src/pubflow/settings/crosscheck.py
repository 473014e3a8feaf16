"""What one file says must fit what the others say. Pure: entries in, problems out.

An entry that is mistaken in itself is known by its id all the same, so that one mistake gives one message.
"""

from collections.abc import Callable, Iterator
from itertools import combinations, product

from pubflow.settings.entries import Entries, nearest
from pubflow.settings.entry import Dated
from pubflow.settings.models import Category, Kind, Problem, Role
from pubflow.settings.reading import BUREAU, CATEGORIES, DISCLOSURE, NOTICES, PEOPLE, REPORT_TEMPLATES, WORKFLOWS

Check = Callable[[Entries], Iterator[Problem]]


def cross_problems(made: Entries, report_templates: frozenset[str]) -> list[Problem]:
    """Every contradiction between entries. report_templates: file names under templates/reports."""
    problems = [problem for check in _CHECKS for problem in check(made)]
    return problems + list(_templates(made, report_templates))


def _sections(made: Entries) -> Iterator[Problem]:
    for id, section in made.sections.items():
        key = f"sections.{id}.head"
        if section.head is None:
            if id in _sections_at_work(made):
                what = "the section drafts or reviews and has no head"
                yield Problem(BUREAU, key, what, "Name a person with the role section_head")
            continue
        yield from _unknown(made, "people", section.head, BUREAU, key, "person")
        person = made.people.get(section.head)
        if person and Role.SECTION_HEAD not in person.roles:
            what = f"{section.head} does not have the role section_head"
            yield Problem(BUREAU, key, what, f'Add "section_head" to people.{section.head}.roles in {PEOPLE}')


def _contacts(made: Entries) -> Iterator[Problem]:
    for id, person in made.people.items():
        for channel in person.contact:
            yield from _unknown(made, "channels", channel, PEOPLE, f"people.{id}.contact.{channel}", "channel")


def _rungs(made: Entries) -> Iterator[Problem]:
    ids = [rung.id for rung in made.rungs]
    for id in sorted({id for id in ids if ids.count(id) > 1}):
        yield Problem(NOTICES, f"rungs {id}", "stands there twice", "Remove one of them")


def _schedules(made: Entries) -> Iterator[Problem]:
    for id, kind in made.kinds.items():
        if kind.schedule and kind.schedule.section is not None:
            key = f"kinds.{id}.schedule.section"
            yield from _unknown(made, "sections", kind.schedule.section, WORKFLOWS, key, "section")


def _sections_at_work(made: Entries) -> set[str | None]:
    drafting = {person.section for person in made.people.values() if Role.DRAFTER in person.roles}
    return drafting | {step.section for kind in made.kinds.values() for step in kind.reviews}


def _people(made: Entries) -> Iterator[Problem]:
    for id, person in made.people.items():
        yield from _unknown(made, "sections", person.section, PEOPLE, f"people.{id}.section", "section")
        if not person.deputy:
            continue
        if person.deputy == id:
            yield Problem(
                PEOPLE, f"people.{id}.deputy", "is the person themself", "Name somebody else, or leave it out"
            )
        yield from _unknown(made, "people", person.deputy, PEOPLE, f"people.{id}.deputy", "person")


def _roles(made: Entries) -> Iterator[Problem]:
    if not made.complete("people", made.people):
        return  # a mistaken person may be the one who is missing here
    holders = {role: {id for id, person in made.people.items() if role in person.roles} for role in Role}
    deciding = (Role.SECTION_HEAD, Role.OFFICER, Role.LEADER)
    missing = [role for role in (Role.DRAFTER, *deciding) if not holders[role]]
    for role in missing:
        yield Problem(PEOPLE, "people", f"nobody has the role {role}", "Give it to a person")
    if not missing and not any(len(set(three)) == 3 for three in product(*(holders[role] for role in deciding))):
        what = "section head, confidentiality officer and leader in charge are not three different persons"
        yield Problem(PEOPLE, "people", what, "Give the roles section_head, officer and leader to three persons")
    if not holders[Role.CHIEF] and any(kind.sensitive for kind in made.kinds.values()):
        what = "nobody has the role chief, and a sensitive kind needs the chief's signature"
        yield Problem(PEOPLE, "people", what, "Give it to a person")


def _kinds(made: Entries) -> Iterator[Problem]:
    for id, kind in made.kinds.items():
        key = f"kinds.{id}"
        yield from _unknown(made, "categories", kind.category, WORKFLOWS, f"{key}.category", "category")
        yield from _unknown(made, "cadences", kind.cadence, WORKFLOWS, f"{key}.cadence", "cadence")
        for number, step in enumerate(kind.reviews):
            if step.section is not None:
                place = f"{key}.reviews[{number}].by"
                yield from _unknown(made, "sections", step.section, WORKFLOWS, place, "section")


def _templates(made: Entries, report_templates: frozenset[str]) -> Iterator[Problem]:
    for id, kind in made.kinds.items():
        if kind.template not in report_templates:
            what = f"there is no file {REPORT_TEMPLATES}/{kind.template}"
            yield Problem(WORKFLOWS, f"kinds.{id}.template", what, nearest(kind.template, report_templates))


def _category_names(made: Entries) -> Iterator[Problem]:
    for (first, one), (second, other) in combinations(made.categories.items(), 2):
        shared = _called(one) & _called(other)
        if shared and _overlap(one, other):
            what = f"is called {'、'.join(sorted(shared))}, as {first} is at the same time"
            yield Problem(CATEGORIES, f"categories.{second}", what, "Rename one, or let their periods not overlap")


def _called(category: Category) -> set[str]:
    return {category.id, category.name, *category.aliases}


def _kind_names(made: Entries) -> Iterator[Problem]:
    for (first, one), (second, other) in combinations(made.kinds.items(), 2):
        shared = _names(one) & _names(other)
        if shared:
            what = f"is called {'、'.join(sorted(shared))}, as {first} is"
            yield Problem(WORKFLOWS, f"kinds.{second}.name", what, "Rename one of them")


def _names(kind: Kind) -> set[str]:
    return {kind.id, kind.name}


def _checklist(made: Entries) -> Iterator[Problem]:
    ids = [item.id for item in made.checklist]
    for id in sorted({id for id in ids if ids.count(id) > 1}):
        yield Problem(WORKFLOWS, f"checklist {id}", "stands there twice", "Remove one of them")


def _masks(made: Entries) -> Iterator[Problem]:
    if made.complete("masks", made.masks) and not made.masks:
        yield Problem(WORKFLOWS, "masks", "there is no masking style", "Copy [masks.stars] from the shipped file")


def _rule_periods(made: Entries) -> Iterator[Problem]:
    for (_, one), (place, other) in combinations(made.rules, 2):
        if one.id == other.id and _overlap(one, other):
            what = f"its period overlaps that of {one.id} from {one.valid_from} to {one.valid_to or 'further notice'}"
            yield Problem(DISCLOSURE, place, what, "Give the older one a valid_to before the newer one begins")


def _overlap(one: Dated, other: Dated) -> bool:
    return one.valid_on(other.valid_from) or other.valid_on(one.valid_from)


def _unknown(made: Entries, table: str, id: str, file: str, key: str, what: str) -> Iterator[Problem]:
    known = made.written.get(table)
    if known is not None and id not in known:
        yield Problem(file, key, f"there is no {what} {id!r}", nearest(id, known))


_CHECKS: tuple[Check, ...] = (
    _sections,
    _people,
    _roles,
    _kinds,
    _category_names,
    _kind_names,
    _checklist,
    _contacts,
    _rungs,
    _schedules,
    _masks,
    _rule_periods,
)
