"""Replicas that are forked from a seed: as good as fresh ones, there at once, and gone when it goes."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest

from jupyter_kronkers.errors import HostFailed, TimedOut
from jupyter_kronkers.languages import Column, Runtime
from jupyter_kronkers.serving.gateway.hosts.forking import Forked
from jupyter_kronkers.serving.gateway.hosts.hosting import Fresh
from tests.serving.artifacts import ROWS
from tests.serving.conftest import Gateway, gone
from tests.serving.nursery import Nursery, answer, ask, has_died, told

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="seeds fork on Linux only")]


def test_replicas_share_one_seed_and_answer_as_the_model_does(nursery):
    async def story(version):
        replicas = await asyncio.gather(*(version.replica() for _ in range(3)))
        assert [answer(await ask(replica, 4.0)) for replica in replicas] == [8.0, 8.0, 8.0]
        assert len({replica.pid for replica in replicas}) == 3
        assert len({replica._hosted.seed for replica in replicas}) == 1
        watcher = psutil.Process((await version.seed()).watcher.pid)
        assert {replica.pid for replica in replicas} < {p.pid for p in watcher.children(recursive=True)}

    nursery(story)


def test_a_forked_replica_shares_the_memory_of_what_was_loaded(nursery):
    async def story(version):
        replica = await version.replica()
        assert answer(await ask(replica)) == 2.0
        whole = psutil.Process(replica.pid).memory_full_info()
        assert whole.uss < whole.rss / 4

    nursery(story)


def test_a_killed_replica_leaves_its_siblings_and_the_next_is_forked(nursery):
    """faults: 159"""

    async def story(version):
        first, second = await version.replica(), await version.replica()
        os.kill(first.pid, signal.SIGKILL)
        assert await has_died(first)
        assert answer(await ask(second)) == 2.0
        assert (await version.replica())._hosted.seed is second._hosted.seed

    nursery(story)


def test_a_killed_seed_takes_its_replicas_along_and_another_is_sown(nursery):
    """faults: 159"""

    async def story(version):
        replica = await version.replica()
        watcher = psutil.Process((await version.seed()).watcher.pid)
        old = [process.pid for process in watcher.children(recursive=True)]
        os.kill(psutil.Process(replica.pid).ppid(), signal.SIGKILL)
        assert await has_died(replica)
        assert answer(await ask(await version.replica())) == 2.0
        await replica.stopped()
        assert gone(old)

    nursery(story)


def test_a_killed_watcher_takes_seed_and_replicas_along(nursery):
    async def story(version):
        replica = await version.replica()
        seed = await version.seed()
        old = [process.pid for process in psutil.Process(seed.watcher.pid).children(recursive=True)]
        os.kill(seed.watcher.pid, signal.SIGKILL)
        assert await has_died(replica)
        await seed.stopped()
        psutil.wait_procs([psutil.Process(pid) for pid in old if psutil.pid_exists(pid)], 10)
        assert gone(old)

    nursery(story)


def test_a_replica_in_an_endless_loop_is_ended_and_its_siblings_are_not(nursery):
    """faults: 65"""

    async def story(version):
        stuck, other = await version.replica(), await version.replica()
        pid = stuck.pid
        assert isinstance(await ask(stuck, do="loop", limit_s=0.5), TimedOut)
        await stuck.stopped()
        assert gone([pid])
        assert answer(await ask(other)) == 2.0

    nursery(story)


def test_what_a_model_forks_ends_with_its_replica(nursery):
    """faults: 64"""

    async def story(version):
        replica, other = await version.replica(), await version.replica()
        assert answer(await ask(replica, do="fork")) == 2.0
        forked = [child.pid for child in psutil.Process(replica.pid).children()]
        assert len(forked) == 1
        replica.end(replica.died("Enough."))
        await replica.stopped()
        assert gone(forked)
        assert answer(await ask(other)) == 2.0

    nursery(story)


def test_a_model_with_threads_of_its_own_is_not_forked(nursery, makes):
    class Threaded:
        def __setstate__(self, state):
            import threading
            import time

            threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()

        def __getstate__(self):
            return {"x": 1}

    def predict(model, rows):
        return (rows["x"] * 2).tolist()

    async def story(version):
        replicas = [await version.replica() for _ in range(2)]
        assert [answer(await ask(replica, 3.0)) for replica in replicas] == [6.0, 6.0]
        assert all(isinstance(replica._hosted, Fresh) for replica in replicas)
        assert len({replica.log for replica in replicas}) == 2

    nursery(story, makes.python("threaded", 1, Threaded(), ROWS, predict))


def test_a_model_that_cannot_be_loaded_says_why_in_its_own_words(nursery, makes):
    """faults: 188"""
    placed = makes.python("broken", 1, {}, ROWS, lambda model, rows: rows["x"].tolist())
    (Path(placed.folder) / "data/model/model.pkl").write_bytes(b"cno_such_package\nThing\n.")

    async def story(version):
        with pytest.raises(HostFailed, match="no_such_package") as caught:
            await version.replica()
        assert caught.value.class_ == "ModuleNotFoundError"

    nursery(story, placed)


def test_a_seed_that_does_not_load_in_time_is_ended(nursery, makes):
    """faults: 188"""

    class Slow:
        def __setstate__(self, state):
            import time

            time.sleep(600)

        def __getstate__(self):
            return {"x": 1}

    async def story(version):
        with pytest.raises(HostFailed, match=r"not ready within 1\.5 s"):
            await version.replica()

    nursery(story, makes.python("slow", 1, Slow(), ROWS, lambda m, rows: rows["x"].tolist()), start_s=1.5)


def test_replicas_draw_random_numbers_of_their_own(nursery, makes):
    def predict(model, rows):
        import random

        import numpy as np

        return [random.random() + np.random.random() for _ in range(len(rows))]

    async def story(version):
        replicas = [await version.replica() for _ in range(3)]
        assert len({answer(await ask(replica)) for replica in replicas}) == 3

    nursery(story, makes.python("random", 1, {}, ROWS, predict))


def test_a_seed_that_is_told_nonsense_ends(nursery):
    async def story(version):
        replica = await version.replica()
        seed = await version.seed()
        seed.tell("sing")
        await seed.watcher.ended()
        assert await has_died(replica)

    nursery(story)


def test_a_seed_that_does_not_answer_is_ended_and_a_fresh_start_answers(nursery):
    """faults: 65"""

    async def story(version):
        first = await version.replica()
        os.kill(psutil.Process(first.pid).ppid(), signal.SIGSTOP)
        replica = await version.replica()
        assert answer(await ask(replica)) == 2.0
        assert isinstance(replica._hosted, Forked)
        assert await has_died(first)

    nursery(story)


def test_a_model_that_tampers_with_its_pipes_harms_itself_only(nursery, tmp_path):
    """faults: 68"""

    async def story(version):
        await version.replica()
        seed, elsewhere = await version.seed(), tmp_path / "elsewhere"
        elsewhere.mkdir()
        pipes = seed._room / "replicas"
        pipes.rename(seed._room / "moved")
        pipes.symlink_to(elsewhere)
        with pytest.raises(HostFailed):
            await version.replica()
        assert list(elsewhere.iterdir()) == []

    nursery(story)


FOREIGN = """#!{python}
import sys
sys.path.insert(0, {languages!r})
import numpy as np
import frames
said = {{"language": "python", "version": "3.11.0", "pid": 1, "protocol": 2, "load_ms": 0.0, "warm_ms": 0.0}}
kinds = {{str: object, int: np.int64, float: np.float64}}
row = [frames.Column(name, np.array([value], kinds[type(value)])) for name, value in said.items()]
with open(int(sys.argv[-1]), "wb") as answers:
    frames.write(answers, frames.READY, 0, row)
sys.stdin.read()
"""


@pytest.mark.parametrize("forks", [True, False])
def test_a_host_of_another_release_is_refused_in_words(tmp_path, double, forks):
    """faults: 187"""
    from jupyter_kronkers.languages.commands import HERE

    program = tmp_path / "python"
    program.write_text(FOREIGN.format(python=sys.executable, languages=str(HERE)))
    program.chmod(0o755)

    async def story(version):
        version.hosting._forks = forks
        with pytest.raises(HostFailed, match="speaks protocol 2"):
            await version.replica()

    nursery = Nursery(Path(double.folder) / "data", tmp_path, Runtime("python", "3.11", str(program)))
    asyncio.run(told(story, nursery))


def test_a_data_frame_of_many_rows_goes_through_named_pipes(nursery):
    async def story(version):
        replica = await version.replica()
        answered = asyncio.get_running_loop().create_future()
        x = np.arange(200_000, dtype=float)
        columns = [Column("x", x), Column("do", np.array(["answer"] * len(x), object))]
        replica.ask(columns, 60, answered.set_result)
        (column,) = await answered
        pd.testing.assert_series_equal(pd.Series(column.values), pd.Series(x * 2))

    nursery(story)


def test_a_killed_gateway_without_a_supervisor_leaves_nothing(tmp_path_factory, makes, double, monkeypatch):
    """faults: 160, 165"""
    place = tmp_path_factory.mktemp("g")
    monkeypatch.setenv("TMPDIR", str(place))
    gateway = Gateway(makes.folders, place)
    gateway.start()
    gateway.serve("double", double)
    processes = gateway.hosts()
    assert len(processes) >= 3
    assert list(place.glob("kronkers-host-*"))
    gateway.process.kill()
    gateway.process.wait()
    psutil.wait_procs(processes, 20)
    assert gone([process.pid for process in processes])
    assert list(place.glob("kronkers-host-*")) == []
    gateway.socket.close()
