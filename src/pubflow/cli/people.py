"""Signing in and out, and the people of the office."""

import os
import sys
from typing import Annotated, Any

import typer

from pubflow.cli.asking import Refused, ask, office_url
from pubflow.cli.showing import Table, Told, moment, say
from pubflow.cli.tokens import keep_token, token_for
from pubflow.cli.verb import group, verb
from pubflow.cli.words import NeededReason, PersonId, Reason

app = group("people", "People of the office: list, add, absent, exempt, deactivate, erase, password.")
FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from the first line of stdin.")]


def session_verbs(app: typer.Typer) -> None:
    """Register `pubflow login` and `pubflow logout`, which stand alone."""
    verb(app, "login", example="pubflow login lin_xiao")(login)
    verb(app, "logout", example="pubflow logout")(logout)


def login(
    person: Annotated[str | None, typer.Argument(metavar="[PERSON]", help="Sign-in name; asked for if absent.")] = None,
    password_stdin: FromStdin = False,
) -> Told:
    """Sign in; the token is kept in a file only you can read, until it expires."""
    person = person or typer.prompt("登录名", err=True)
    password = _password(password_stdin, twice=False)
    url = office_url()
    given = ask("POST", "session", body={"person": person, "password": password}, sign_in=False)
    keep_token(url, {name: given[name] for name in ("person", "token", "expires_at")})
    if os.environ.get("PUBFLOW_TOKEN"):
        say("PUBFLOW_TOKEN is set and goes before the token just kept: unset it to act as this person.")
    data = {"person": given["person"], "url": url, "expires_at": given["expires_at"]}
    return Told(data, [f"{given['person']} 已登录 {url}，有效至 {moment(given['expires_at'])}"])


def logout() -> Told:
    """End this sign-in and forget its token."""
    url = office_url()
    if token_for(url) is None:
        return Told({"url": url}, [f"没有登录 {url}"])
    try:
        ask("DELETE", "session")
    except Refused as error:
        if error.error != "not_signed_in":  # expired by itself: forgetting it is all there is to do
            raise
    keep_token(url, None)
    return Told({"url": url}, [f"已退出 {url}"])


@verb(app, "list", example="pubflow people list")
def list_() -> Told:
    """Everybody, with roles and whether they may sign in."""
    found = ask("GET", "people")
    rows = [
        (one["id"], one["name"], one["section"], " ".join(one["roles"]), _standing(one)) for one in found
    ]  # fmt: skip
    return Told(found, [Table(("登录名", "姓名", "科室", "角色", "状态"), rows)])


@verb(app, "add", example="pubflow people add chen_yu --name 陈雨 --section zonghe --role drafter")
def add(
    person: PersonId,
    name: Annotated[str, typer.Option("--name", help="The person's name.")],
    section: Annotated[str, typer.Option("--section", help="Section id, such as zonghe.")],
    role: Annotated[list[str], typer.Option("--role", help="May be given more than once.")],
) -> Told:
    """Add a person (operator); a password comes next."""
    added = ask("POST", "people", body={"id": person, "name": name, "section": section, "roles": role})
    return Told(added, [f"已添加 {added['id']}；设置密码：pubflow people password {added['id']}"])


@verb(app, "absent", example='pubflow people absent fang_zhi --until 2026-12-05T18:00+08:00 --reason "出差"')
def absent(
    person: PersonId,
    until: Annotated[str | None, typer.Option("--until", help="An instant, such as 2026-12-05T18:00+08:00.")] = None,
    back: Annotated[bool, typer.Option("--back", help="The person is back.")] = False,
    reason: Reason = "",
) -> Told:
    """Note that a person is away (oneself, or anybody as operator); the deputy acts meanwhile, under the own name."""
    if (until is None) == (not back):
        raise typer.BadParameter("give either --until or --back", param_hint="--until / --back")
    noted = ask("POST", "people", person, "absence", body={"until": until, "reason": reason})
    if back:
        return Told(noted, [f"{person} 已回来"])
    return Told(noted, [f"{person} 请假至 {moment(noted['absent_until'])}，由 {noted['deputy']} 代理"])


@verb(
    app,
    "exempt",
    example='pubflow people exempt wan_ning confidentiality_check approval --until 2027-01-31 --reason "人员不足"',
)
def exempt(
    person: PersonId,
    stages: Annotated[list[str], typer.Argument(metavar="STAGE STAGE", help="The two stages, e.g. approval.")],
    until: Annotated[str, typer.Option("--until", help="A day or instant, at most a year from now.")],
    reason: NeededReason,
) -> Told:
    """Let a person decide in two stages for a while (chief); whoever wrote a text is never exempt."""
    made = ask("POST", "people", person, "exemptions", body={"stages": stages, "until": until, "reason": reason})
    return Told(
        made, [f"{person} 可兼任 {'、'.join(made['stages'])}，至 {moment(made['until'])}；到期前一直显示为待消除事项"]
    )


@verb(app, "deactivate", example='pubflow people deactivate chen_yu --reason "调离"')
def deactivate(
    person: PersonId,
    reason: NeededReason,
    void_decisions: Annotated[
        bool, typer.Option("--void-decisions", help="Ask the chief to void what they decided, where not public yet.")
    ] = False,
) -> Told:
    """Deactivate a person (operator): no more sign-ins, tokens end at once. What they decided stands, unless voided."""
    ask("POST", "people", person, "deactivate", body={"reason": reason})
    if void_decisions:
        asked = ask("POST", "people", person, "void", body={"reason": reason})
        how = f"主要领导在 {moment(asked['confirm_until'])} 前确认：pubflow people void-decisions {person} --reason ..."
        return Told({"person": person, "active": False, **asked}, [f"{person} 已停用，已申请作废其决定；{how}"])
    return Told({"person": person, "active": False}, [f"{person} 已停用"])


@verb(app, "erase", example='pubflow people erase chen_yu --reason "离职后本人申请"')
def erase(person: PersonId, reason: NeededReason) -> Told:
    """Erase the name of a deactivated person (operator); the audit history stays whole. No way back."""
    ask("POST", "people", person, "erase", body={"reason": reason})
    return Told(
        {"person": person, "erased": True}, [f"{person} 的姓名已删除；请一并从 config/people.toml 和备份中删除"]
    )


@verb(app, "password", example="pubflow people password chen_yu")
def password(person: PersonId, password_stdin: FromStdin = False) -> Told:
    """Set a password: your own, or anybody's as operator. Sign-ins of that person end."""
    given = _password(password_stdin, twice=True)
    ask("POST", "people", person, "password", body={"password": given})
    return Told({"person": person}, [f"{person} 的密码已设置，原有登录已失效：pubflow login {person}"])


def _password(from_stdin: bool, *, twice: bool) -> str:
    """The password, hidden while it is typed. Wrong use without a terminal, unless it comes from stdin."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise typer.BadParameter("no terminal to type a password in", param_hint="--password-stdin")
    return str(typer.prompt("密码", hide_input=True, confirmation_prompt=twice, err=True))


def _standing(person: dict[str, Any]) -> str:
    if not person["active"]:
        return "已停用"
    return "可登录" if person["may_sign_in"] else "未设密码"
