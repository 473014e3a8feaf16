"""Migrations and models agree, on both databases; and the comparison does see a difference."""

from records.register import add_section, sections
from sqlalchemy import inspect, text

from pubflow.records.schema import differences, migrate
from pubflow.records.store import Records


def test_the_migrations_make_what_the_models_say(records: Records) -> None:
    assert differences(records.engine) == []


PLANTED = {
    "remove_column": "ALTER TABLE section ADD COLUMN forgotten VARCHAR",
    "add_column": "ALTER TABLE person DROP COLUMN deputy_id",
    "remove_table": "CREATE TABLE stray (id INTEGER PRIMARY KEY)",
    "add_index": "DROP INDEX ix_audit_event_subject",
    "modify_type": "ALTER TABLE counter DROP COLUMN value; ALTER TABLE counter ADD COLUMN value VARCHAR(9)",
}


def test_planted_differences_are_seen_each_for_itself(records: Records) -> None:
    for statements in PLANTED.values():
        with records.engine.begin() as connection:
            for statement in statements.split("; "):
                connection.execute(text(statement))
    found = str(differences(records.engine))
    assert [kind for kind in PLANTED if f"'{kind}'" not in found] == []


def test_migrating_twice_changes_nothing(records: Records) -> None:
    add_section(records, "zonghe")
    before = sorted(inspect(records.engine).get_table_names())
    migrate(records.engine)
    assert sorted(inspect(records.engine).get_table_names()) == before
    assert sections(records) == ["zonghe"]
