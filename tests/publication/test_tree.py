"""The public tree on a real file system, with real kills and a really full disk."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from pubflow.errors import BadInput, PubflowError, WorkspaceError
from pubflow.publication.pages import item_path
from pubflow.publication.tree import Manifest, PublicTree, StaleBase, checked_path, staged_digest

DIGEST = "a" * 64


def everything(tree: PublicTree) -> dict[str, bytes]:
    """All a web server would serve, through the links."""
    top = tree.folder / "root"
    walk = os.walk(top, followlinks=True)
    files = [Path(folder, name) for folder, _, names in walk for name in names]
    return {file.relative_to(top).as_posix(): file.read_bytes() for file in files}


def test_nothing_is_public_before_the_first_switch(tree: PublicTree) -> None:
    tree.build("g1", {"index.html": b"one"}, release="L-1", digest=DIGEST, base=None)
    assert tree.current() is None
    assert tree.manifest() is None
    assert tree.read("index.html") is None
    assert not (tree.folder / "root").exists()
    assert (tree.folder / "generations" / "g1").stat().st_mode & 0o777 == 0o700


def test_a_switch_shows_the_whole_generation_and_a_second_one_changes_nothing(tree: PublicTree) -> None:
    tree.build("g1", {"index.html": b"one", "items/a/index.html": b"A"}, release="L-1", digest=DIGEST, base=None)
    assert tree.switch("g1") is True
    assert tree.switch("g1") is False
    assert everything(tree) == {"index.html": b"one", "items/a/index.html": b"A"}
    assert tree.read("items/a/index.html") == b"A"
    assert tree.manifest() == Manifest("g1", "L-1", DIGEST, None)


def test_a_web_server_of_another_account_may_read_what_is_public_and_not_list_generations(
    tree: PublicTree, publish: Callable[..., None]
) -> None:
    before = os.umask(0o077)
    try:
        publish("g1", {"items/a/index.html": b"A"})
    finally:
        os.umask(before)
    modes = {
        path: (tree.folder / path).stat().st_mode & 0o777
        for path in ("", "generations", "generations/g1", "root", "root/items/a", "root/items/a/index.html")
    }
    assert modes == {
        "": 0o755,
        "generations": 0o711,
        "generations/g1": 0o755,
        "root": 0o755,
        "root/items/a": 0o755,
        "root/items/a/index.html": 0o644,
    }


def test_unchanged_pages_stay_and_changed_ones_are_replaced_over_many_generations(
    tree: PublicTree, publish: Callable[..., None]
) -> None:
    expected: dict[str, bytes] = {}
    for n in range(12):
        changes = {"index.html": b"%d" % n, f"items/{n // 4:02d}/{n}/index.html": b"item %d" % n}
        publish(f"g{n}", changes)
        expected |= changes
    assert everything(tree) == expected


def test_links_lead_straight_to_the_generation_that_holds_the_thing(
    tree: PublicTree, publish: Callable[..., None]
) -> None:
    publish("g0", {"old/page.html": b"x", "style.css": b"s"})
    for n in range(1, 5):
        publish(f"g{n}", {f"new/{n}.html": b"y"})
    top = tree.folder / "generations" / "g4" / "tree"
    assert (top / "old").readlink().as_posix() == "../../g0/tree/old"
    assert (top / "style.css").readlink().as_posix() == "../../g0/tree/style.css"
    assert (top / "new" / "1.html").readlink().as_posix() == "../../../g1/tree/new/1.html"
    assert not (top / "old").resolve().is_symlink()


def test_links_to_items_stay_short_enough_for_the_inode(tree: PublicTree, publish: Callable[..., None]) -> None:
    first, second = "0f" * 6, "1e" * 6  # as long as the names that the release loop gives
    publish(first, {item_path("R-2026-0001") + "index.html": b"x"})
    publish(second, {item_path("R-2026-0002") + "index.html": b"x"})
    link = (tree.folder / "generations" / second / "tree" / item_path("R-2026-0001")[:-1]).readlink()
    assert len(str(link)) <= 59


def test_the_cost_of_a_publication_does_not_grow_with_what_is_public(
    tree: PublicTree, publish: Callable[..., None]
) -> None:
    nodes = {}
    for n in range(40):
        publish(f"g{n}", {"index.html": b"i", f"items/{n // 10:02d}/{n % 10}/index.html": b"x"})
        made = (tree.folder / "generations" / f"g{n}" / "tree").rglob("*")
        nodes[n] = len(list(made))
    # index, items, four shards at most, ten items a shard at most, and the item's own page
    assert nodes[39] == 1 + 1 + 4 + 10 + 1
    assert nodes[39] - nodes[9] == 3  # three more links to full shards, thirty items later


def test_a_generation_built_on_an_older_tree_is_refused(tree: PublicTree, publish: Callable[..., None]) -> None:
    publish("g1", {"index.html": b"one"})
    tree.build("g2", {"a.html": b"A"}, release="L-2", digest=DIGEST, base="g1")
    tree.build("g3", {"b.html": b"B"}, release="L-3", digest=DIGEST, base="g1")
    tree.switch("g2")
    with pytest.raises(StaleBase, match="built on g1, but g2 is public now"):
        tree.switch("g3")
    assert everything(tree) == {"index.html": b"one", "a.html": b"A"}
    tree.build("g3", {"b.html": b"B"}, release="L-3", digest=DIGEST, base="g2")  # again, on what is public now
    tree.switch("g3")
    assert everything(tree) == {"index.html": b"one", "a.html": b"A", "b.html": b"B"}


def test_a_build_on_a_base_that_is_not_public_is_refused(tree: PublicTree, publish: Callable[..., None]) -> None:
    publish("g1", {"index.html": b"one"})
    with pytest.raises(StaleBase):
        tree.build("g2", {"a.html": b"A"}, release="L-2", digest=DIGEST, base=None)
    assert tree.leftovers() == []


def test_switching_to_what_was_never_built_is_refused(tree: PublicTree) -> None:
    with pytest.raises(WorkspaceError, match="Stage the release again"):
        tree.switch("g9")


def test_a_staged_generation_can_be_read_back_and_erased(tree: PublicTree, publish: Callable[..., None]) -> None:
    publish("g1", {"index.html": b"one", "items/a/index.html": b"A"})
    changes = {"index.html": b"two", "items/b/index.html": b"B"}
    tree.build("g2", changes, release="L-2", digest=staged_digest(changes), base="g1")
    assert tree.new_files("g2") == changes
    assert staged_digest(tree.new_files("g2")) == tree.manifest_of("g2").digest
    assert tree.leftovers() == ["g2"]
    tree.discard("g2")
    tree.discard("g2")
    assert tree.leftovers() == []
    assert tree.manifest_of("g2") is None
    assert everything(tree) == {"index.html": b"one", "items/a/index.html": b"A"}


def test_what_is_or_was_public_cannot_be_erased_or_built_again(tree: PublicTree, publish: Callable[..., None]) -> None:
    publish("g1", {"index.html": b"one"})
    publish("g2", {"a.html": b"A"})
    for name in ("g1", "g2"):
        with pytest.raises(WorkspaceError, match="was public"):
            tree.discard(name)
        with pytest.raises(WorkspaceError, match="has been public"):
            tree.build(name, {"b.html": b"B"}, release="L-9", digest=DIGEST, base="g2")
    assert everything(tree) == {"index.html": b"one", "a.html": b"A"}


@pytest.mark.parametrize(
    "path",
    ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/", ".hidden", "a/.git/b", "a\nb", "a\x00b", "a\\b", "a%2e", "a?b",
     "a#b", "a b", "e\u0301.html", "汉" * 67, "\ud800"],
)  # fmt: skip
def test_a_path_that_is_not_plain_is_refused(tree: PublicTree, path: str) -> None:
    with pytest.raises(BadInput, match="不能使用"):
        tree.build("g1", {path: b"x"}, release="L-1", digest=DIGEST, base=None)
    assert tree.leftovers() == []


def test_chinese_file_names_are_fine() -> None:
    assert checked_path("items/附件（一）/统计月报2016-11.pdf") == "items/附件（一）/统计月报2016-11.pdf"


def test_a_path_cannot_be_file_and_folder_at_once(tree: PublicTree, publish: Callable[..., None]) -> None:
    for changes in ({"a": b"x", "a/b": b"y"}, {"a/b": b"y", "a": b"x"}):
        with pytest.raises(BadInput, match="既是文件又是文件夹"):
            tree.build("g0", changes, release="L-0", digest=DIGEST, base=None)
    publish("g1", {"file": b"x", "folder/page": b"y"})
    for changes in ({"file/page": b"z"}, {"folder": b"z"}):
        with pytest.raises(BadInput, match="占用"):
            tree.build("g2", changes, release="L-2", digest=DIGEST, base="g1")
    assert tree.leftovers() == []


def test_a_root_that_is_not_ours_is_left_alone(tree: PublicTree) -> None:
    (tree.folder / "root").mkdir(parents=True)
    with pytest.raises(WorkspaceError, match="not a link made by pubflow"):
        tree.build("g1", {"index.html": b"one"}, release="L-1", digest=DIGEST, base=None)


# --- readers at the switch


def test_readers_see_all_of_a_release_or_nothing_of_it(
    tree: PublicTree, publish: Callable[..., None], web: httpx.Client
) -> None:
    publish("g0", {"index.html": b"", "items/0": b"0"})
    over, torn, rounds = threading.Event(), [], [0]

    def poll() -> None:
        with httpx.Client(base_url=web.base_url, trust_env=False) as client:
            while not over.is_set():
                # Whatever the index lists is there; what is there is listed by an index fetched afterwards.
                listed = client.get("/").text.split()
                missing = [path for path in listed if client.get(f"/{path}").status_code != 200]
                newest = f"items/{len(listed) + 1}"
                if client.get(f"/{newest}").status_code == 200 and newest not in client.get("/").text.split():
                    torn.append(f"{newest} public but not listed")
                torn.extend(f"{path} listed but missing" for path in missing[-1:])
                rounds[0] += 1

    readers = [threading.Thread(target=poll) for _ in range(2)]
    for reader in readers:
        reader.start()
    for n in range(1, 13):
        listed = " ".join(f"items/{m}" for m in range(1, n + 1))
        publish(f"g{n}", {"index.html": listed.encode(), f"items/{n}": b"x"})
        over.wait(0.03)
    over.set()
    for reader in readers:
        reader.join()
    assert torn == []
    assert rounds[0] > 3


def test_only_one_of_two_switchers_built_on_the_same_tree_wins(tree: PublicTree, publish: Callable[..., None]) -> None:
    publish("g0", {"index.html": b"0"})
    names = ["g1", "g2", "g3", "g4"]
    for name in names:
        tree.build(name, {name: b"x"}, release=name, digest=DIGEST, base="g0")
    start, results = threading.Barrier(len(names)), []

    def race(name: str) -> None:
        mine = PublicTree(tree.folder)  # as another process would
        start.wait()
        try:
            results.append(mine.switch(name))
        except StaleBase:
            results.append(None)

    racers = [threading.Thread(target=race, args=(name,)) for name in names]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert sorted(results, key=str) == [None, None, None, True]


def test_the_lock_keeps_other_processes_waiting(tree: PublicTree) -> None:
    code = (
        "import sys; from pathlib import Path; from pubflow.publication.tree import PublicTree\n"
        "PublicTree(Path(sys.argv[1])).build('g1', {'a': b'x'}, release='L', digest='d', base=None)"
    )
    with tree.lock(), tree.lock():
        child = subprocess.Popen([sys.executable, "-c", code, str(tree.folder)])
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(timeout=1)
        assert tree.leftovers() == []
    assert child.wait(timeout=10) == 0
    assert tree.leftovers() == ["g1"]


# --- kills and a full disk


def killed_after(steps: int, work: Callable[[], object]) -> bool:
    """Do `work` in a child that kills itself before its file-system step number `steps`. True when it was killed."""
    child = os.fork()
    if child == 0:
        left = [steps]

        def count(event: str, _: object) -> None:
            if event != "os.kill" and event.startswith(("open", "os.", "fcntl.", "shutil.")):
                left[0] -= 1
                if left[0] < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        try:
            work()
        except PubflowError as error:
            os.write(2, str(error).encode())
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) in (0, -signal.SIGKILL)
    return os.WIFSIGNALED(status)


def whole_or_absent(tree: PublicTree, name: str, changes: dict[str, bytes]) -> bool:
    """A generation's folder without `.part` has all that was given to it."""
    there = (tree.folder / "generations" / name).exists()
    return not there or (tree.manifest_of(name) is not None and tree.new_files(name) == changes)


def test_a_kill_before_any_step_of_build_or_switch_leaves_old_or_new_whole(
    tree: PublicTree, publish: Callable[..., None]
) -> None:
    state = {"index.html": b"0", "items/00/a/index.html": b"A", "items/01/b/index.html": b"B"}
    publish("g", state)
    steps, survived = 0, False
    while not survived:
        name, changes = f"n{steps}", {"index.html": b"%d" % (steps + 1), f"items/00/{steps}/index.html": b"new"}

        def release(name: str = name, changes: dict[str, bytes] = changes) -> None:
            tree.build(name, changes, release=name, digest=DIGEST, base=tree.current())
            tree.switch(name)

        before = tree.current()
        survived = not killed_after(steps, release)
        if tree.current() == name:
            state |= changes
            assert tree.leftovers() == []
        else:
            assert tree.current() == before
            assert tree.leftovers() in ([], [name])
        assert everything(tree) == state
        assert whole_or_absent(tree, name, changes)
        if steps % 3 == 0:  # recovery erases what is left, and may be killed itself
            for left in tree.leftovers():
                killed_after(steps % 11, lambda left=left: tree.discard(left))
                assert whole_or_absent(tree, left, changes)
        for left in tree.leftovers():
            tree.discard(left)
        assert tree.leftovers() == []
        assert everything(tree) == state
        steps += 1
    assert steps > 40
    assert tree.current() == name


def test_a_kill_while_erasing_leaves_nothing_that_looks_whole(tree: PublicTree) -> None:
    changes = {f"items/{n}/index.html": b"x" for n in range(3)}
    steps, survived = 0, False
    while not survived:
        tree.build("g1", changes, release="L-1", digest=DIGEST, base=None)
        survived = not killed_after(steps, lambda: tree.discard("g1"))
        assert whole_or_absent(tree, "g1", changes)
        assert tree.leftovers() == ([] if survived else ["g1"])
        steps += 1


def test_after_a_kill_the_same_release_can_be_built_again_under_its_name(
    tree: PublicTree, publish: Callable[..., None]
) -> None:
    publish("g0", {"index.html": b"0"})
    changes = {"index.html": b"1", "a/b": b"x"}

    def build() -> None:
        tree.build("g1", changes, release="L-1", digest=DIGEST, base="g0")

    for steps in range(8, 60, 3):
        killed_after(steps, build)
        build()
        assert tree.new_files("g1") == changes
    tree.switch("g1")
    assert everything(tree) == changes


def test_everything_is_on_the_disk_before_it_counts(tree: PublicTree, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    real = os.fsync

    def fsync(opened: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{opened}").readlink().relative_to(tree.folder.resolve())))
        real(opened)

    monkeypatch.setattr(os, "fsync", fsync)
    tree.build("g1", {"index.html": b"1", "items/a/b.html": b"x"}, release="L-1", digest=DIGEST, base=None)
    part = "generations/g1.part"
    inside = ["", "/manifest", "/tree", "/tree/index.html", "/tree/items", "/tree/items/a", "/tree/items/a/b.html"]
    assert sorted(synced[:-1]) == [part + path for path in inside]
    assert synced[-1] == "generations"
    synced.clear()
    tree.switch("g1")
    assert synced == ["generations/g1", "."]


FULL_DISK = """
import sys
from pathlib import Path
from pubflow.errors import StorageFailed
from pubflow.publication.tree import PublicTree

tree = PublicTree(Path(sys.argv[1]) / "public")
tree.build("g1", {"index.html": b"one"}, release="L-1", digest="d", base=None)
tree.switch("g1")
try:
    too_much = {"index.html": b"two", "items/a": b"x", "items/z": b"x" * 900_000}
    tree.build("g2", too_much, release="L-2", digest="d", base="g1")
except StorageFailed as error:
    assert "No space left" in str(error), error
else:
    raise SystemExit("the disk was not full")
assert tree.leftovers() == [], tree.leftovers()
assert tree.read("index.html") == b"one" and tree.read("items/a") is None

# A release staged in time is not stopped by a disk that fills up afterwards.
tree.build("g3", {"index.html": b"three"}, release="L-3", digest="d", base="g1")
filler = open(Path(sys.argv[1]) / "filler", "wb", buffering=0)
try:
    while True:
        filler.write(b"x" * 4096)
except OSError:
    pass
assert tree.switch("g3") is True
assert tree.read("index.html") == b"three"
print("ok")
"""


def test_a_full_disk_fails_the_build_whole_and_does_not_stop_a_switch(tmp_path: Path) -> None:
    mount = 'mount -t tmpfs -o size=512k none "$0" && exec "$1" -c "$2" "$0"'
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", mount, str(tmp_path), sys.executable, FULL_DISK],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "ok"), done.stderr
