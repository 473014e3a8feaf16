"""The page behind a one-time link: somebody without an account reads a passage or a text and answers once.

Plain HTML without scripts. Nothing of it is cached, framed, or told to another site by a referrer.
"""

import secrets
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pubflow.desk.asking import TheOffice
from pubflow.desk.link_limits import LinkLimits
from pubflow.documents.markdown import to_html
from pubflow.documents.report_text import LABELS, Head
from pubflow.errors import BadInput, NotFound, PubflowError
from pubflow.moments import shown as shown_at
from pubflow.moments import utc_now
from pubflow.office.exceptional_facts import CONSENT
from pubflow.office.office import Office
from pubflow.review.answering import ANSWERS, OUTSIDE, Shown, answer, look_at

router = APIRouter(prefix="/outside", include_in_schema=False)
LARGEST_FORM = 32 * 1024  # bytes; far more than the fields may hold
_FIELDS = ("answer", "where", "what", "name")
_WORDS = {"correct": "无误", "wrong": "有误", "agreed": "同意联合发布", "refused": "不同意"}
_TITLES = {CONSENT: "征求联合发布意见"}
_PUBLIC_FIELDS = ("author_org", "co_producers", "publisher", "date_created", "summary")


def limits_of(office: Office) -> LinkLimits:
    """The limits that the office has set."""
    rules = office.settings.exceptional
    return LinkLimits(rules.wrong_links, timedelta(minutes=rules.wrong_link_minutes))


async def _form(request: Request) -> dict[str, str]:
    """The fields of the form, read in memory: nothing goes to a disk before the door has looked at it."""
    body = await request.body()
    if len(body) > LARGEST_FORM:
        raise BadInput("内容太长", "", "请缩短后再提交")
    try:
        found = parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=20)
    except ValueError:
        raise BadInput("表单读不懂", "", "请重新打开链接再填写") from None
    return {name: found.get(name, [""])[0] for name in _FIELDS}


Form = Annotated[dict[str, str], Depends(_form)]


@router.get("/{token}")
def show(token: str, request: Request, office: TheOffice) -> Response:
    """What the link shows, or why it does not."""
    return _answered(request, office, lambda: _asked(look_at(office, token, utc_now()), dict.fromkeys(_FIELDS, "")))


@router.post("/{token}")
def take(token: str, request: Request, office: TheOffice, given: Form) -> Response:
    """The one answer."""

    def kept() -> Response:
        try:
            number = answer(
                office,
                token,
                given=given["answer"],
                where=given["where"],
                what=given["what"],
                name=given["name"],
                now=utc_now(),
            )
        except BadInput as wrong:
            return _asked(look_at(office, token, utc_now()), given, problem=str(wrong), status=wrong.status)
        return _page("已收到您的答复", status=200, message=f"谢谢。答复编号 {number}，链接已失效，可以关闭本页。")

    return _answered(request, office, kept)


def _answered(request: Request, office: Office, work: Callable[[], Response]) -> Response:
    """The page, or the refusal as a page; wrong links are counted by address and recorded until there are too many."""
    limits: LinkLimits = request.app.state.link_limits
    address, now = request.client.host if request.client else "-", utc_now()
    if limits.blocked(address, now):
        minutes = office.settings.exceptional.wrong_link_minutes
        page = _page("请稍后再试", status=429, message=f"错误的链接试得太多；请在 {minutes} 分钟后再试")
        page.headers["Retry-After"] = str(minutes * 60)
        return page
    try:
        return work()
    except NotFound as unknown:
        limits.wrong(address, now)
        data = {"codes": ["link_unknown"], "address": office.vault.fingerprint(address)[:16]}
        office.refuse(OUTSIDE, "-", "outside open", now, data)
        return _page("链接不存在", status=unknown.status, message=str(unknown))
    except PubflowError as refused:
        return _page("链接不能使用", status=refused.status, message=str(refused))


def _asked(shown: Shown, given: dict[str, str], *, problem: str = "", status: int = 200) -> Response:
    name, _, organ = shown.person.partition("\n")
    consents = shown.kind == CONSENT
    task = "请阅读全文，表明是否同意以联合单位名义发布" if consents else "请核对下列内容中的事实"
    head = shown.text.head if shown.text else None
    return _page(
        _TITLES.get(shown.kind, "内容核对"),
        status=status,
        greeting=f"{organ} {name}：{task}。",
        until=shown_at(shown.expires_at),
        problem=problem,
        passages=shown.passages,
        text_title=head.title if head else "",
        fields=_fields(head) if head else [],
        body=Markup(to_html(shown.text.body, title=shown.text.head.title)) if shown.text else "",  # noqa: S704 - cleaned
        answers=[(value, _WORDS[value]) for value in ANSWERS[shown.kind]],
        asks_where=not consents,
        what_label="理由" if consents else "应为什么，或其他说明",
        given=given,
    )


def _fields(head: Head) -> list[tuple[str, str]]:
    """What is said above the text. Of attachments only name, size and digest: the link opens no file."""
    said = [(LABELS[field], str(getattr(head, field))) for field in _PUBLIC_FIELDS if getattr(head, field)]
    files = [f"{one.name}（{one.size} 字节，摘要值 {one.sha256}）" for one in head.attachments]
    return [*said, (LABELS["attachments"], "；".join(files))] if files else said


def _page(title: str, *, status: int, **values: object) -> Response:
    nonce = secrets.token_urlsafe(16)
    content = _templates().get_template("outside.html.j2").render(title=title, nonce=nonce, **{"message": "", **values})
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
    headers = {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "X-Robots-Tag": "noindex, nofollow",
    }
    return Response(content, status_code=status, headers=headers, media_type="text/html")


@cache
def _templates() -> Environment:
    folder = Path(__file__).parent / "pages"
    return Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
