"""attachments of reports, and findings in them"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "attachment",
        sa.Column("report_id", sa.String(), nullable=False),
        sa.Column("cleaned_digest", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("original_sha256", sa.String(), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"]),
        sa.ForeignKeyConstraint(["added_by"], ["person.id"]),
        sa.PrimaryKeyConstraint("report_id", "cleaned_digest"),
    )
    # What was found before stands in a text: no attachment had been there.
    op.add_column("finding", sa.Column("attachment", sa.String(), nullable=False, server_default=""))
    op.add_column("finding", sa.Column("unit", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("finding", sa.Column("place", sa.LargeBinary(), nullable=True))
