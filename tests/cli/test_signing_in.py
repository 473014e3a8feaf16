"""Who acts: tokens in a file of the owner only; without one the office says how to get one."""

import json
from pathlib import Path
from typing import Any

PASSWORD = b"for-tests-only\n"


def test_the_token_is_kept_in_a_file_of_the_owner_only_and_used_by_the_next_verb(
    desk: Any, pubflow: Any, tmp_path: Path
) -> None:
    done = pubflow("login", "fang_zhi", "--password-stdin", "--url", desk.url, "--json", stdin=PASSWORD)
    assert done.code == 0
    assert done.json["person"] == "fang_zhi"
    file = tmp_path / "xdg" / "pubflow" / "tokens.json"
    assert file.stat().st_mode & 0o777 == 0o600
    kept = json.loads(file.read_text())[desk.url]
    assert kept["person"] == "fang_zhi"
    assert kept["token"] not in done.out
    assert pubflow("people", "list", "--url", desk.url + "/").code == 0
    assert pubflow("logout", "--url", desk.url).code == 0
    assert json.loads(file.read_text()) == {}
    refused = pubflow("people", "list", "--url", desk.url)
    assert (refused.code, refused.out) == (1, "")
    assert "pubflow login" in refused.err


def test_a_token_file_that_others_can_read_is_refused(desk: Any, pubflow: Any, tmp_path: Path) -> None:
    pubflow("login", "fang_zhi", "--password-stdin", "--url", desk.url, stdin=PASSWORD)
    file = tmp_path / "xdg" / "pubflow" / "tokens.json"
    file.chmod(0o644)
    refused = pubflow("people", "list", "--url", desk.url)
    assert refused.code == 1
    assert f"chmod 600 {file}" in refused.err


def test_a_wrong_password_keeps_no_token(desk: Any, pubflow: Any, tmp_path: Path) -> None:
    refused = pubflow("login", "fang_zhi", "--password-stdin", "--url", desk.url, stdin=b"wrong-password\n")
    assert refused.code == 1
    assert not (tmp_path / "xdg").exists()


def test_an_office_that_is_away_is_named_with_the_verb_that_starts_it(pubflow: Any) -> None:
    refused = pubflow("report", "list", "--url", "http://127.0.0.1:9")
    assert refused.code == 1
    assert refused.err == (
        "The office does not run at http://127.0.0.1:9: start it with `pubflow up`, "
        "or name its address with --url or PUBFLOW_URL.\n"
    )


def test_addresses_that_are_none_are_refused(pubflow: Any) -> None:
    for address in ("nonsense", "ftp://x", "http://", "http://[", "http://127.0.0.1:99999"):
        refused = pubflow("report", "list", "--url", address)
        assert refused.code == 1, address
        assert address.rstrip("/") in refused.err


def test_the_running_office_of_the_workspace_is_found_by_itself(desk: Any, pubflow: Any, tmp_path: Path) -> None:
    (tmp_path / "pubflow-office" / "run").mkdir(parents=True)
    known = {"prefect": "http://127.0.0.1:9", "desk": desk.url, "portal": "http://127.0.0.1:9"}
    (tmp_path / "pubflow-office" / "run" / "addresses.json").write_text(json.dumps(known))
    assert pubflow("login", "shu_yan", "--password-stdin", "--json", stdin=PASSWORD).json["url"] == desk.url


def test_an_operator_adds_and_deactivates_people_and_others_may_not(by: Any) -> None:
    words = ("people", "add", "chen_yu", "--name", "陈雨", "--section", "zonghe", "--role", "drafter")
    refused = by("lin_xiao", *words)
    assert refused.code == 1
    assert "系统管理员" in refused.err
    assert by("gong_lei", *words, "--json").json["roles"] == ["drafter"]
    assert by("gong_lei", "people", "password", "chen_yu", "--password-stdin", stdin=b"short\n").code == 1
    assert by("gong_lei", "people", "password", "chen_yu", "--password-stdin", stdin=b"long enough one\n").code == 0
    assert "可登录" in by("gong_lei", "people", "list").out
    assert by("gong_lei", "people", "deactivate", "chen_yu", "--reason", "调离").code == 0
    row = next(one for one in by("gong_lei", "people", "list", "--json").json if one["id"] == "chen_yu")
    assert row["active"] is False
    assert by("gong_lei", "people", "add", "x", "--name", "某", "--section", "nowhere", "--role", "drafter").code == 1
