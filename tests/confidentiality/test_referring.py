"""需报审: a referred text waits for the answer, and after a no it is never cleared."""

from builders import Given
from watching import data_of, events, refusal

from pubflow.confidentiality.referring import refer, reply
from pubflow.errors import BadInput, SecretMarkFound, StepRefused
from pubflow.lifecycle.stages import Stage

CHECK = Stage.CONFIDENTIALITY_CHECK


def ask(given: Given, report_id: str, *, by: str = "wan_ning", organ: str = "区保密局", reason: str = "不明确") -> None:
    refer(
        given.office, report_id, given.people[by], digest=given.edition(report_id).digest, organ=organ, reason=reason,
        now=given.tick(),
    )  # fmt: skip


def answered(given: Given, report_id: str, answer: str, *, document_no: str = "复函5号") -> None:
    reply(
        given.office, report_id, given.people["wan_ning"], digest=given.edition(report_id).digest, answer=answer,
        document_no=document_no, reason="见复函", now=given.tick(),
    )  # fmt: skip


def test_a_referred_text_is_not_cleared_before_the_answer_is_on_record(given: Given) -> None:
    report_id = given.report(CHECK)
    ask(given, report_id)
    assert given.edition(report_id).stage == CHECK
    (event,) = (one for one in events(given.office, subject=report_id) if one.action == "refer")
    # Monday 2026-11-23 and 10 + 10 working days: Monday 2026-12-21.
    assert data_of(event) == {"referral": "B-2026-0001", "organ": "区保密局", "due": "2026-12-21"}
    with refusal(given.office, StepRefused, "已报审，尚无答复", codes=["referred"]):
        given.clear(report_id)
    with refusal(given.office, BadInput, "已经报审", codes=["bad_input"]):
        ask(given, report_id)
    answered(given, report_id, "public")
    given.clear(report_id)
    assert given.edition(report_id).stage == Stage.APPROVAL


def test_after_the_answer_no_this_text_is_never_cleared_and_another_one_may_be(given: Given) -> None:
    report_id = given.report(CHECK)
    ask(given, report_id)
    answered(given, report_id, "withheld")
    with refusal(given.office, StepRefused, "答复是不予公开", codes=["withheld"]):
        given.clear(report_id)


def test_a_referral_needs_organ_reason_and_officer_and_an_answer_its_document(given: Given) -> None:
    report_id, office = given.report(CHECK), given.office
    with refusal(office, BadInput, "没有写明报审的部门", codes=["bad_input"]):
        ask(given, report_id, organ=" ")
    with refusal(office, StepRefused, "请写明理由", codes=["reason_missing"]):
        ask(given, report_id, reason=" ")
    with refusal(office, StepRefused, "由保密员办理"):
        ask(given, report_id, by="liao_jun")
    with refusal(office, SecretMarkFound, "国家秘密标志"):
        ask(given, report_id, organ="机密★10年")
    with refusal(office, BadInput, "没有报审", codes=["bad_input"]):
        answered(given, report_id, "public")
    ask(given, report_id)
    with refusal(office, BadInput, "没有“perhaps”这种答复", codes=["bad_input"]):
        answered(given, report_id, "perhaps")
    with refusal(office, BadInput, "没有写明答复的文号", codes=["bad_input"]):
        answered(given, report_id, "public", document_no=" ")
