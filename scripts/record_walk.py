"""Record what a hub answers on a fixed walk through all of its routes and socket events, and compare two recordings.

.venv/bin/python scripts/record_walk.py record CHECKOUT FILE     # starts that checkout's hub, with its own .venv
.venv/bin/python scripts/record_walk.py compare BEFORE AFTER     # 1 if anything but additions differs
"""

import argparse
import asyncio
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.walk.compare import compare, told
from tests.walk.walk import record


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, dest="command")
    recording = commands.add_parser("record")
    recording.add_argument("checkout", type=Path)
    recording.add_argument("file", type=Path)
    comparing = commands.add_parser("compare")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    given = parser.parse_args()
    if given.command == "record":
        given.file.write_text(asyncio.run(record(given.checkout.resolve())))
        return 0
    found = compare(*(json.loads(file.read_text()) for file in (given.before, given.after)))
    print("\n".join(told(found)))
    return 1 if found.differences else 0


if __name__ == "__main__":
    sys.exit(main())
