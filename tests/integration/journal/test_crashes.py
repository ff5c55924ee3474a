"""kill -9 at any moment: what was said to be durable is there, whole groups only, and the chain holds."""

import random
import subprocess
import sys
from pathlib import Path

from observability.journal.verifying import verify
from tests.journals import numbers, opened

ROOT = Path(__file__).parents[3]
SIZE = 5
KILLS = 12


def write_until_killed(file: Path, first: int, lines: int) -> int:
    """The last event that the process said to be durable; it is killed after so many lines."""
    command = [sys.executable, "-m", "tests.integration.journal.writing_child", str(file), str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as child:
        assert child.stdout is not None
        for _ in range(lines):
            assert child.stdout.readline()
        child.kill()
        said = [int(line) for line in child.stdout if line.endswith("\n")]
        return max(said, default=first + lines * SIZE - 1)


async def test_a_killed_process_loses_nothing_that_it_reported(tmp_path: Path) -> None:
    file, first, chance = tmp_path / "journal.db", 1, random.Random(4)
    for _ in range(KILLS):
        durable = write_until_killed(file, first, chance.randint(1, 40))
        async with opened(file) as journal:
            restored = journal.restore()
            (last,) = {
                int(restored.values["last"]),
                int(next(cursor.version for cursor in restored.cursors.values())),
                *[int(state) for _, name, state in restored.states() if name.name == "shop-prod"],
            }
            assert last >= durable
            assert (last - first + 1) % SIZE == 0
            assert sum(1 for _ in restored.states()) == last // SIZE + 1
            rows = await journal.next("a", 100_000)
            expected = [number for number in range(1, last + 1) for _ in range(1 if number % SIZE else 2)]
            assert numbers([row.record for row in rows]) == expected[-len(rows) :]
            assert not restored.clean
        verdict = verify(file)
        assert verdict.fault is None
        assert verdict.rows == last
        first = last + 1
