"""The Julia kernel, through a real jupyter_client. One kernel for the module: each test has names of its own."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

from jupyter_kronkers.languages.julia import capture_source

pytestmark = [
    pytest.mark.skipif(shutil.which("julia") is None, reason="needs julia"),
    pytest.mark.slow,
    pytest.mark.xdist_group("julia_kernel"),
]

ARGV = [sys.executable, "-m", "jupyter_kronkers.languages.julia.kernel", "-f", "{connection_file}"]


class Cell:
    """What a cell answered: its reply, and what it showed, in order."""

    def __init__(self, client: BlockingKernelClient, code: str, **options: Any) -> None:
        self.shown: list[tuple[str, Any]] = []
        reply = client.execute_interactive(code, output_hook=self._note, timeout=60, **options)
        self.reply = reply["content"]

    def _note(self, message: dict[str, Any]) -> None:
        kind, content = message["msg_type"], message["content"]
        if kind == "stream":
            self._stream(content["name"], content["text"])
        elif kind in ("display_data", "execute_result"):
            self.shown.append((kind, content["data"]))
        elif kind == "error":
            self.shown.append((kind, content["evalue"]))

    def _stream(self, name: str, text: str) -> None:
        if self.shown and self.shown[-1][0] == name:
            self.shown[-1] = (name, self.shown[-1][1] + text)
        else:
            self.shown.append((name, text))

    @property
    def result(self) -> str | None:
        return next((data["text/plain"] for kind, data in self.shown if kind == "execute_result"), None)


Run = Callable[..., Cell]


def start_kernel() -> tuple[KernelManager, BlockingKernelClient]:
    manager = KernelManager()
    manager._kernel_spec = KernelSpec(argv=ARGV, display_name="Julia", language="julia")
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    return manager, client


@pytest.fixture(scope="module")
def kernel() -> Iterator[tuple[KernelManager, BlockingKernelClient]]:
    manager, client = start_kernel()
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


@pytest.fixture
def run(kernel: tuple[KernelManager, BlockingKernelClient]) -> Run:
    return lambda code, **options: Cell(kernel[1], code, **options)


def capture(folder: Path, call: str) -> str:
    """A cell that captures, and gives definitions.jl."""
    source = folder / "source.jl"
    source.write_text(capture_source(), encoding="utf-8")
    return (
        f"let home = Module(:Asks)\n"
        f'    Base.include(home, "{source}")\n'
        f"    Base.invokelatest(home.capture, {call.replace('FOLDER', str(folder))})\n"
        f'    print(read("{folder}/model/definitions.jl", String))\n'
        f"end"
    )


def julia_of(manager: KernelManager) -> psutil.Process:
    children = psutil.Process(manager.provisioner.pid).children(recursive=True)
    return next(child for child in children if "julia" in child.name())


def test_a_cell_gives_its_last_value(run: Run) -> None:
    assert run("1 + 1").result == "2"
    assert run("ans * 3").result == "6"
    run("   ")
    assert run("ans").result == "6"


def test_a_semicolon_keeps_the_value_to_itself(run: Run) -> None:
    assert run("40 + 2;").result is None
    assert run("ans").result == "42"


def test_prints_and_displays_come_in_their_order(run: Run) -> None:
    cell = run('println("a"); display(1); print(stderr, "b"); display(2); println("c"); 3')
    kinds = [kind for kind, _ in cell.shown]
    assert kinds == ["stdout", "display_data", "stderr", "display_data", "stdout", "execute_result"]


def test_what_a_subprocess_and_c_print_is_shown(run: Run) -> None:
    cell = run('run(`echo from a shell`); ccall(:puts, Cint, (Cstring,), "from C");')
    assert "from a shell" in cell.shown[0][1]
    assert "from C" in cell.shown[0][1]


def test_text_in_any_script_survives(run: Run) -> None:
    assert run('println("é 漢 😀"); "α → β"').shown[0] == ("stdout", "é 漢 😀\n")


def test_an_error_names_its_class_and_the_users_lines(run: Run) -> None:
    reply = run("deeper(x) = sqrt(x)\ndeeper(-1.0)").reply
    assert (reply["status"], reply["ename"]) == ("error", "DomainError")
    assert any("deeper" in line for line in reply["traceback"])
    assert not any("run_user_code" in line for line in reply["traceback"])


def test_with_a_syntax_error_nothing_of_the_cell_runs(run: Run) -> None:
    assert run("untouched = 1\nx = (").reply["status"] == "error"
    assert run("@isdefined untouched").result == "false"


def test_statements_run_one_by_one(run: Run) -> None:
    assert run('using Dates\ndateformat"y-m-d" isa DateFormat').result == "true"
    assert run("macro seven(); 7; end\n@seven").result == "7"


def test_a_loop_may_assign_globals(run: Run) -> None:
    assert run("total = 0\nfor i in 1:10; total += i; end\ntotal").result == "55"


def test_rich_values_come_as_their_mime_types(run: Run) -> None:
    cell = run('struct Bold end\nBase.show(io::IO, ::MIME"text/html", ::Bold) = print(io, "<b>")\nBold()')
    assert cell.shown[-1][1]["text/html"] == "<b>"


def test_a_silent_request_leaves_no_trace(run: Run) -> None:
    """The way the server asks a live kernel: the count, `ans`, outputs and names stay as they were."""
    before = run("17").reply["execution_count"]
    names = run("string(names(Main; all = true))").result
    cell = run("ans", silent=True, store_history=False, user_expressions={"probe": "let a = 5; a + 6 end"})
    assert cell.reply["user_expressions"]["probe"]["data"]["text/plain"] == "11"
    assert cell.shown == []
    assert run("string(names(Main; all = true)) == ans").result == "true", names
    assert run("0").reply["execution_count"] == before + 3


def test_a_user_expression_that_fails_says_how(run: Run) -> None:
    answer = run("1", user_expressions={"bad": 'error("no")'}).reply["user_expressions"]["bad"]
    assert (answer["status"], answer["ename"], answer["evalue"]) == ("error", "ErrorException", "no")


def test_what_is_not_stored_is_not_counted(run: Run) -> None:
    before = run("1").reply["execution_count"]
    run("2", store_history=False)
    assert run("3").reply["execution_count"] == before + 1


def test_the_kernel_defines_no_name_in_main(run: Run) -> None:
    names = 'filter(n -> occursin("ronkers", string(n)), names(Main; all = true, imported = true))'
    assert run(f"isempty({names})").result == "true"


def test_names_are_completed_in_characters_not_bytes(kernel: tuple[KernelManager, BlockingKernelClient]) -> None:
    reply = kernel[1].complete("é = 1; printl", 13, reply=True, timeout=60)["content"]
    assert reply["matches"] == ["println"]
    assert (reply["cursor_start"], reply["cursor_end"]) == (7, 13)


def test_documentation_is_found_and_nothing_is_run(kernel: tuple[KernelManager, BlockingKernelClient]) -> None:
    reply = kernel[1].inspect("sqrt(2)", 2, reply=True, timeout=60)["content"]
    assert reply["found"]
    assert "square root" in reply["data"]["text/plain"]
    assert not kernel[1].inspect("no_such_name_here", 3, reply=True, timeout=60)["content"]["found"]


@pytest.mark.parametrize(
    ("code", "status"), [("f(x) = 1", "complete"), ("for i in 1:2", "incomplete"), ("x = )", "invalid")]
)
def test_a_cell_is_known_to_be_finished(
    kernel: tuple[KernelManager, BlockingKernelClient], code: str, status: str
) -> None:
    request = kernel[1].is_complete(code)
    reply = kernel[1].get_shell_msg(timeout=60)
    assert reply["parent_header"]["msg_id"] == request
    assert reply["content"]["status"] == status


LOOPS = ["sleep(60)", "while true; rand(); sin(1.0); sleep(0); end", "while true; yield(); end"]


@pytest.mark.parametrize("code", LOOPS)
def test_an_interrupt_stops_a_cell_and_keeps_the_session(
    kernel: tuple[KernelManager, BlockingKernelClient], run: Run, code: str
) -> None:
    manager, client = kernel
    run("kept = 8")
    started = False

    def interrupt_once_started(message: dict[str, Any]) -> None:
        nonlocal started
        if message["msg_type"] == "stream" and not started:
            started = True
            manager.interrupt_kernel()

    reply = client.execute_interactive(f'println("on"); {code}', output_hook=interrupt_once_started, timeout=60)
    assert reply["content"]["ename"] == "InterruptException"
    assert run("kept").result == "8"


def test_a_capture_knows_the_cells_and_takes_the_last_word(run: Run, tmp_path: Path) -> None:
    run("struct Slope\n    a::Float64\nend")
    run("raised(x) = x .+ by_much")
    run("by_much = 1.0; answer(m::Slope, X) = raised(m.a .* X[:, 1]); long_training = sum(rand(10))")
    run("raised(x) = x .+ 2by_much")
    assert run("struct Slope\n    b::Int\nend").reply["status"] == "error"
    call = '(Slope(2.0)), "FOLDER"; data = [1.0 2.0; 3.0 4.0], predict = answer'
    text = run(capture(tmp_path, call)).shown[0][1]
    assert "raised(x) = x .+ 2by_much" in text
    assert "raised(x) = x .+ by_much" not in text
    assert "a::Float64" in text
    assert "by_much = 1.0" in text
    assert "long_training" not in text


def test_an_interrupt_of_an_idle_kernel_does_nothing(
    kernel: tuple[KernelManager, BlockingKernelClient], run: Run
) -> None:
    kernel[0].interrupt_kernel()
    assert run("1 + 2").result == "3"


def wait_until_gone(*processes: psutil.Process) -> None:
    _, alive = psutil.wait_procs(processes, timeout=20)
    assert alive == []


def test_a_dead_julia_is_a_dead_kernel() -> None:
    """faults: 81"""
    manager, client = start_kernel()
    try:
        kernel, julia = psutil.Process(manager.provisioner.pid), julia_of(manager)
        reply = client.execute_interactive("ccall(:abort, Cvoid, ())", output_hook=lambda _: None, timeout=60)
        assert reply["content"]["ename"] == "JuliaEnded"
        wait_until_gone(kernel, julia)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_no_julia_outlives_a_killed_kernel() -> None:
    """faults: 82"""
    manager, client = start_kernel()
    try:
        julia = julia_of(manager)
        os.kill(manager.provisioner.pid, signal.SIGKILL)
        wait_until_gone(julia)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_a_shutdown_ends_what_a_cell_started() -> None:
    """faults: 82"""
    manager, client = start_kernel()
    Cell(client, "helper = run(`sleep 600`; wait = false);")
    julia = julia_of(manager)
    started = time.monotonic()
    helpers = julia.children()
    client.stop_channels()
    manager.shutdown_kernel()
    assert len(helpers) == 1
    wait_until_gone(julia, *helpers)
    assert time.monotonic() - started < 10
