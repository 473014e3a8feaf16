"""what protected tables were made from"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "protected_table",
        sa.Column("report_id", sa.String(), nullable=False),
        sa.Column("cleaned_digest", sa.String(), nullable=False),
        sa.Column("series", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("structure_digest", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"]),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"]),
        sa.PrimaryKeyConstraint("report_id", "cleaned_digest"),
    )
    op.create_index("ix_protected_table_series", "protected_table", ["series"])
