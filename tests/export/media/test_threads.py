"""A decoder with threads that is put away in the middle of damage ends, every time.

FFmpeg's messages must never be handed to Python in a child: a decoder's thread would wait for
the interpreter's lock, which the thread that closes the decoder holds, and both for ever.
"""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from export.media import ffmpeg
from tests.polling import PATIENCE_S

ROUNDS = 60
LOOK = """
import os, sys
from pathlib import Path
from export.media import child_compare, child_examine
for clip in sorted(Path(sys.argv[1]).glob("*.mkv")):
    child_examine.main(str(clip), "4")
    task = {
        "way": "remux", "source_frames": "none.csv", "frame_count": 50, "threads": 4,
        "sheet": None,
    }
    Path("copy.mp4").unlink(missing_ok=True)
    os.symlink(clip, "copy.mp4")
    child_compare.main(child_compare.json.dumps(task))
print("ended")
"""


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """Return a folder of clips with bytes turned round all over their pictures."""
    whole, folder = tmp_path / "whole.mkv", tmp_path / "damaged"
    folder.mkdir()
    tool = str(ffmpeg.find_tool().path)
    source = ("-f", "lavfi", "-i", "testsrc2=s=320x180:d=2", "-c:v", "libx265")
    quiet = ("-x265-params", "log-level=none", str(whole))
    subprocess.run([tool, "-v", "error", *source, *quiet], check=True)
    data = whole.read_bytes()
    for n in range(ROUNDS):
        chance, worse = random.Random(n), bytearray(data)  # noqa: S311 - the same damage each time
        for _ in range(40):
            worse[chance.randrange(4000, len(worse))] ^= 255
        (folder / f"{n:02}.mkv").write_bytes(worse)
    return folder


def test_a_threaded_decoder_of_a_damaged_clip_can_always_be_put_away(
    damaged: Path, tmp_path: Path
) -> None:
    (tmp_path / "none.csv").write_text("n,pts,timebase,sha256\n")
    argv = [sys.executable, "-c", LOOK, str(damaged)]
    ran = subprocess.run(
        argv, check=False, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.endswith("ended\n")
