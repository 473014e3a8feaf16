"""checkpoints of the audit history, and personal values that may be erased"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

# A checkpoint that is there stays; REPLACE walks past a delete trigger on SQLite, so inserts are watched as well.
SQLITE_TRIGGERS = (
    """CREATE TRIGGER checkpoint_no_update BEFORE UPDATE ON checkpoint
    BEGIN SELECT RAISE(ABORT, 'checkpoints are append-only: no update'); END""",
    """CREATE TRIGGER checkpoint_no_delete BEFORE DELETE ON checkpoint
    BEGIN SELECT RAISE(ABORT, 'checkpoints are append-only: no delete'); END""",
    """CREATE TRIGGER checkpoint_only_forward BEFORE INSERT ON checkpoint
    WHEN NEW.size <= (SELECT COALESCE(MAX(size), -1) FROM checkpoint)
    BEGIN SELECT RAISE(ABORT, 'checkpoints only go forward'); END""",
)
POSTGRESQL_TRIGGERS = (
    """CREATE FUNCTION checkpoint_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'checkpoints are append-only: no %', lower(TG_OP); END $$""",
    """CREATE TRIGGER checkpoint_no_change BEFORE UPDATE OR DELETE ON checkpoint
    FOR EACH ROW EXECUTE FUNCTION checkpoint_append_only()""",
    """CREATE TRIGGER checkpoint_no_truncate BEFORE TRUNCATE ON checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION checkpoint_append_only()""",
    """CREATE FUNCTION checkpoint_only_forward() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.size <= (SELECT COALESCE(MAX(size), -1) FROM checkpoint) THEN
            RAISE EXCEPTION 'checkpoints only go forward';
        END IF;
        RETURN NEW;
    END $$""",
    """CREATE TRIGGER checkpoint_only_forward BEFORE INSERT ON checkpoint
    FOR EACH ROW EXECUTE FUNCTION checkpoint_only_forward()""",
)


def upgrade() -> None:
    op.create_table(
        "audit_node",
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("place", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "place"),
    )
    op.create_table(
        "checkpoint",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("size"),
    )
    op.create_table(
        "personal_value",
        sa.Column("commitment", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("commitment"),
    )
    op.create_index("ix_personal_value_subject", "personal_value", ["subject"], unique=False)
    postgresql = op.get_bind().dialect.name == "postgresql"
    for trigger in POSTGRESQL_TRIGGERS if postgresql else SQLITE_TRIGGERS:
        op.execute(trigger)
