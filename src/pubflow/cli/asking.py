"""Asking the running office over HTTP: where it is, who asks, and its refusals as errors (design decision 8)."""

import base64
import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from pubflow.cli.tokens import token_for
from pubflow.cli.verb import asked
from pubflow.errors import BadInput, PubflowError, Reason

if TYPE_CHECKING:
    import httpx

DEFAULT_URL = "http://127.0.0.1:8787"
DEFAULT_HOME = "pubflow-office"  # as in wiring, which imports the database; a verb over HTTP needs none
ANSWER_WITHIN = 60.0  # seconds; a save waits for the one writer of the register
CONNECT_WITHIN = 3.0
LARGEST = 20 * 1024 * 1024  # bytes; what the office takes. A larger file is refused before it is sent


@dataclass(eq=False)
class OfficeAway(PubflowError):
    """Nobody answers at the address."""

    code: ClassVar[str] = "office_away"
    url: str
    why: str = ""

    def __str__(self) -> str:
        why = f" ({self.why})" if self.why else ""
        return (
            f"The office does not run at {self.url}{why}: start it with `pubflow up`, "
            "or name its address with --url or PUBFLOW_URL."
        )


@dataclass(eq=False)
class Refused(PubflowError):
    """The office's refusal, in its own words. error: its stable code; hint: what to type next; reasons: each one."""

    code: ClassVar[str] = "refused"
    error: str
    message: str
    hint: str = ""
    reasons: tuple[Reason, ...] = ()

    def __str__(self) -> str:
        return self.message + (f"\n下一步：{self.hint}" if self.hint else "")


def home_folder() -> Path:
    """The workspace: --home, PUBFLOW_HOME, or ./pubflow-office."""
    return Path(asked().home or os.environ.get("PUBFLOW_HOME") or DEFAULT_HOME).resolve()


def office_url() -> str:
    """The office's address: --url, PUBFLOW_URL, the address of the office that runs on the workspace, the usual one."""
    given = asked().url or os.environ.get("PUBFLOW_URL")
    if given:
        return given.rstrip("/")
    try:
        return str(json.loads((home_folder() / "run" / "addresses.json").read_text(encoding="utf-8"))["desk"])
    except (OSError, ValueError, KeyError, TypeError):
        return DEFAULT_URL  # no office runs here, or we may not see its folder


def ask(
    method: str,
    *path: str | int,
    body: Any = None,
    params: dict[str, Any] | None = None,
    sign_in: bool = True,
    within: float = ANSWER_WITHIN,
) -> Any:
    """One request; the answer decoded, None where there is none. `path`: segments, as people typed them.

    within: seconds to wait for the answer.

    Raises OfficeAway, Refused.
    """
    import httpx  # late: 0.2 s that `--help` and local verbs need not wait for

    url = office_url()
    token = token_for(url) if sign_in else None
    try:
        answer = _client(url).request(
            method,
            "/" + "/".join(quote(str(part), safe="") for part in path),
            json=body,
            params={name: value for name, value in (params or {}).items() if value is not None},
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=httpx.Timeout(within, connect=CONNECT_WITHIN),
        )
    except httpx.ConnectError:
        raise OfficeAway(url) from None
    except httpx.TimeoutException:
        raise OfficeAway(url, f"no answer within {within:.0f} s") from None
    except UnicodeEncodeError as error:
        where = "、".join(str(part).encode("utf-8", "replace").decode() for part in path)
        raise BadInput(f"第 {error.start} 个字符不是有效的文字", where, "请检查终端的编码是不是 UTF-8") from None
    except httpx.TransportError as error:
        raise OfficeAway(url, type(error).__name__) from None
    return _decoded(answer, url, path)


def given_file(path: Path) -> dict[str, str]:
    """A file as the API takes it. Raises BadInput for one that cannot be read or is too large."""
    return {"name": path.name, "content": base64.b64encode(read_bytes(path)).decode()}


def read_bytes(path: Path) -> bytes:
    """The bytes of a file a person named. Raises BadInput."""
    try:
        if path.stat().st_size > LARGEST:
            raise BadInput(f"文件超过 {LARGEST // 1024 // 1024} MB", str(path), "请拆分或压缩后再试")
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"文件读不出来（{error.strerror}）", str(path), "请核对文件名和权限") from None


@cache
def _client(url: str) -> "httpx.Client":
    import httpx

    try:
        # trust_env off: a proxy of the office must not see passwords and drafts.
        return httpx.Client(base_url=url, timeout=httpx.Timeout(ANSWER_WITHIN, connect=CONNECT_WITHIN), trust_env=False)
    except (httpx.InvalidURL, ValueError):
        raise OfficeAway(url, "not an address") from None


def _decoded(answer: "httpx.Response", url: str, path: tuple[str | int, ...]) -> Any:
    try:
        said = answer.json() if answer.content else None
    except ValueError:
        raise OfficeAway(url, f"something else answers there, HTTP {answer.status_code}") from None
    if answer.is_success:
        return said
    if not isinstance(said, dict) or "message" not in said:
        raise OfficeAway(url, f"something else answers there, HTTP {answer.status_code}")
    more = [str(one["text"]) for one in said.get("reasons", []) if str(one["text"]) not in said["message"]]
    reasons = tuple(Reason(str(one.get("code", "")), str(one["text"])) for one in said.get("reasons", []))
    words = "：".join([str(said["message"]), *more])
    raise Refused(str(said.get("error")), words, _hint(str(said.get("error")), path), reasons)


def _hint(error: str, path: tuple[str | int, ...]) -> str:
    """What to type after a refusal; most messages of the office name it themselves."""
    if error == "internal":
        return "pubflow doctor"
    if error != "refused" or len(path) < 2:
        return ""
    shows = {"reports": "report show", "releases": "release show"}.get(str(path[0]))
    return f"pubflow {shows} {path[1]}" if shows and path[1] != "import" else ""
