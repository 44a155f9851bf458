"""How fast the hub is (`python -m benchmarks`) and what it survives (`python -m benchmarks.chaos`).

See docs/benchmarks.md for what each row means. Everything runs on 127.0.0.1 in folders of its own.
"""

import os

os.environ["HUB_ENV_FILE"] = os.devnull  # a developer's `.env` must not change a figure
