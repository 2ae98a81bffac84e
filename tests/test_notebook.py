"""What a user meets in the cells of a notebook: a real kernel, driven from a process of its own.

Skipped where the extra `notebook` is not installed.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ipykernel")

DRIVER = r'''
import json, re, sys
from jupyter_client.manager import start_new_kernel

manager, client = start_new_kernel(startup_timeout=100)

def cell(code, interrupt_at=None):
    asked, said = client.execute(code), {"out": "", "error": None, "trace": ""}
    while True:
        message = client.get_iopub_msg(timeout=100)
        if message["parent_header"].get("msg_id") != asked:
            continue
        kind, content = message["msg_type"], message["content"]
        if kind == "stream":
            said["out"] += content["text"]
            if interrupt_at is not None and interrupt_at in said["out"]:
                interrupt_at = manager.interrupt_kernel()
        elif kind == "execute_result":
            said["out"] += content["data"]["text/plain"]
        elif kind in ("display_data", "update_display_data"):
            said.setdefault("shown", []).append(content["data"].get("text/html", ""))
        elif kind == "error":
            said["error"] = content["ename"]
            said["trace"] = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(content["traceback"]))
        elif kind == "status" and content["execution_state"] == "idle":
            return said

try:
    done = {}
    for name, code, *interrupt_at in json.load(sys.stdin):
        done[name] = cell(code, *interrupt_at)
    reply = client.complete("from lava.proc.", len("from lava.proc."), reply=True, timeout=100)
    done["completion"] = reply["content"]["matches"]
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
print(json.dumps(done))
'''

MODEL = """\
import numpy as np
import lava_actor, lava_actor.compat
from lava_actor import *
from lava_actor.proc.lif.process import LIF

class Fragile(AbstractProcess):
    pass

@implements(Fragile, protocol=LoihiProtocol)
class PyFragile(PyLoihiProcessModel):
    def run_spk(self):
        if self.time_step == 1:
            print("the first step")
        if self.time_step == self.proc_params.get("end"):
            [][7]  # the line to be shown
"""

TUTORIAL = [
    "".join(cell["source"])
    for cell in json.loads(
        (Path(__file__).parent.parent / "docs/tutorials/hierarchy.ipynb").read_text("utf-8")
    )["cells"]
    if cell["cell_type"] == "code"
]

CELLS: list[tuple[str, ...]] = [
    ("define", MODEL),
    ("fail", "a = Fragile(end=2, name='a')\na.run(5, Loihi2SimCfg())"),
    ("again", "a.run(RunContinuous(), Loihi1SimCfg()); a.wait()"),
    ("endless", "b = Fragile(name='b')\nb.run(condition=None, run_cfg=Loihi2SimCfg())\nb.wait()",
     "the first step"),
    ("goes on", "before = b.runtime.current_step; b.run(2); b.runtime.current_step - before"),
    ("await", ("import asyncio\nc = Fragile(name='c')\nc.run(condition=None, "
     "run_cfg=Loihi2SimCfg())\nc.wait()\nawait asyncio.sleep(0)"), "the first step"),
    ("handle", "e = Fragile(name='e')\nrun = e.run(None, Loihi2SimCfg())\nawait run",
     "the first step"),
    ("after", "run.done, e.run(2), run.step + 2 == e.runtime.current_step"),
    ("bar", "e.run(50, progress=True, blocking=False)"),
    ("live", ("e.wait(); run = e.run(None)\nview = run.live(0.01)\nwhile run.step < 300: pass\n"
     "run.pause(); view.close(); view")),
    ("pile", ("lava_actor.stop_all()\nkept = [LIF(shape=1) for _ in range(8)]\n"
     "for one in kept: one.run(1, Loihi2SimCfg())")),
    ("stop", "lava_actor.stop_all(); lava_actor.networks()"),
    ("redefine", MODEL.replace("the first step", "the new model")),
    ("new", "d = Fragile(name='d')\nd.run(1, Loihi2SimCfg())\nd.stop()"),
    *[(f"tutorial {n}", text) for n, text in enumerate(TUTORIAL[:-1])],
    ("tutorial endless", ("columns[0].run(None, Loihi2SimCfg(select_sub_proc_model=True))\n"
     "print('it runs'); columns[0].wait()"), "it runs"),
    ("tutorial over", "columns[0].run(2); columns[0].stop(); columns[0].runtime"),
    ("tutorial end", TUTORIAL[-1]),
    ("install", "lava_actor.compat.install()"),
]


@pytest.fixture(scope="module")
def cells() -> Any:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", DRIVER],
        input=json.dumps(CELLS),
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_a_failing_model_shows_cell_line_and_source_in_at_most_25_lines(cells: Any) -> None:
    trace = cells["fail"]["trace"]
    assert len(trace.splitlines()) <= 25, trace
    assert re.search(r"in run_spk\s+\[\]\[7\]  # the line to be shown", trace), trace
    assert trace.count("IndexError") == 2, trace  # in the summary, and below the line
    assert "Cell In[1], line 15" in trace, trace


@pytest.mark.parametrize("name", ["endless", "await"])
def test_a_run_can_be_interrupted(cells: Any, name: str) -> None:
    """In a cell with ``await`` too, where the kernel would wait for the next one."""
    assert cells[name]["error"] == "KeyboardInterrupt", cells[name]


def test_an_interrupted_network_goes_on(cells: Any) -> None:
    assert cells["goes on"] == {"out": "2", "error": None, "trace": ""}


def test_an_interrupted_await_of_a_run_pauses_it(cells: Any) -> None:
    assert cells["handle"]["error"] in ("CancelledError", "KeyboardInterrupt")
    trace = cells["handle"]["trace"]
    assert "rests after step" in trace or cells["handle"]["error"] == "KeyboardInterrupt"
    assert len(trace.splitlines()) <= 25, trace
    assert cells["after"] == {"out": "(True, None, True)", "error": None, "trace": ""}


def test_a_run_with_a_bar_shows_its_handle(cells: Any) -> None:
    assert "<run of e: " in cells["bar"]["out"]


def test_a_live_view_shows_who_does_what_and_how_it_ended(cells: Any) -> None:
    assert cells["live"]["error"] is None, cells["live"]
    assert "live view" not in cells["live"]["out"]  # nor is it shown twice
    first, *_, last = cells["live"]["shown"]
    assert re.search(r"run of e: .* steps, running", first)
    assert re.search(r"<td[^>]*>e</td>", first)
    assert re.search(r"run of e: .* steps, ended", last)


def test_networks_that_pile_up_are_named_and_can_be_ended(cells: Any) -> None:
    assert cells["pile"]["error"] is None
    assert "networks are alive" in cells["pile"]["out"]
    assert cells["stop"]["out"] == "[]"


def test_a_tutorial_that_is_interrupted_in_the_middle_goes_on(cells: Any) -> None:
    said = {name: cells[name] for name in cells if name.startswith("tutorial")}
    assert said.pop("tutorial endless")["error"] == "KeyboardInterrupt"
    assert not [told for told in said.values() if told["error"]]
    assert "with more inhibition" in said["tutorial end"]["out"]


def test_a_model_that_is_defined_again_is_the_one_that_runs(cells: Any) -> None:
    assert cells["new"] == {"out": "[d] the new model\n", "error": None, "trace": ""}


def test_completion_knows_the_modules_of_lava(cells: Any) -> None:
    assert cells["install"]["error"] is None
    assert {"lava.proc.lif", "lava.proc.dense"} <= set(cells["completion"])
