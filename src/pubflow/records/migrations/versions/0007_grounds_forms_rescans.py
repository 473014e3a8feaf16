"""decisions with grounds that live on, consents and overrides, referrals, kept review forms, rescans"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    # What was decided before has no ground and no life: it stands, and is never carried over.
    for name in ("life", "ground"):
        op.add_column("finding", sa.Column(name, sa.String(), nullable=False, server_default=""))
    op.add_column("finding", sa.Column("carried_from", sa.Integer(), nullable=True))
    op.add_column("finding", sa.Column("right_holder", sa.String(), nullable=True))
    for name in ("number", "public_note", "form_digest"):
        op.add_column("review_form", sa.Column(name, sa.String(), nullable=False, server_default=""))
    op.add_column("review_form", sa.Column("sealed", sa.LargeBinary(), nullable=True))
    op.create_table(
        "right_holder",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("edition_id", sa.String(), nullable=False),
        sa.Column("finding_id", sa.Integer(), nullable=False),
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("life", "kind", "holder", "given_on", "how", "document_no", "reason", "letter_digest")
        ),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("recorded_at", moment, nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"]),
        sa.ForeignKeyConstraint(["finding_id"], ["finding.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_right_holder_edition_id", "right_holder", ["edition_id"])
    op.create_table(
        "referral",
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("id", "edition_id", "digest", "organ", "reason", "by", "answer", "document_no")
        ),
        sa.Column("asked_at", moment, nullable=False),
        sa.Column("answered_by", sa.String(), nullable=True),
        sa.Column("answered_at", moment, nullable=True),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_referral_edition_id", "referral", ["edition_id"])
    op.create_table(
        "rescan",
        sa.Column("rules_digest", sa.String(), nullable=False),
        sa.Column("edition_id", sa.String(), nullable=False),
        sa.Column("hard", sa.Integer(), nullable=False),
        sa.Column("scanned_at", moment, nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"]),
        sa.PrimaryKeyConstraint("rules_digest", "edition_id"),
    )
    op.create_table(
        "withdrawal_task",
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("id", "edition_id", "rules_digest", "state", "reason")
        ),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("opened_at", moment, nullable=False),
        sa.Column("settled_by", sa.String(), nullable=True),
        sa.Column("settled_at", moment, nullable=True),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_withdrawal_task_edition_id", "withdrawal_task", ["edition_id"])
    op.create_index("ix_withdrawal_task_state", "withdrawal_task", ["state"])
