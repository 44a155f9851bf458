"""Write the digests of our base images into Compose files and the Dockerfile: `name:tag@sha256:…`.

Needs a registry, and `docker buildx`, `crane` or `skopeo` to query it; review the difference, commit it, and repeat for
each newer image. Until then a publisher may change what a tag refers to."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

FILES = (Path("docker-compose.yml"), Path("docker-compose.dev.yml"), Path("deploy/Dockerfile"))
IMAGE = re.compile(
    r"^(?P<before>\s*image:\s+|FROM\s+)(?P<name>[\w./-]+:[\w.-]+)(?:@(?P<digest>sha256:[0-9a-f]{64}))?(?=\s|$)",
    re.MULTILINE,
)
TOOLS = {
    "crane": ["crane", "digest"],
    "docker": ["docker", "buildx", "imagetools", "inspect", "--format", "{{.Manifest.Digest}}"],
    "skopeo": ["skopeo", "inspect", "--format", "{{.Digest}}"],
}


def pinned(text: str, digests: dict[str, str]) -> str:
    """Return the file with each image at its digest."""
    return IMAGE.sub(lambda found: f"{found['before']}{found['name']}@{digests[found['name']]}", text)


def unpinned(text: str) -> list[str]:
    """Return the images that are named by a tag alone."""
    return [found["name"] for found in IMAGE.finditer(text) if not found["digest"]]


def digest_of(image: str) -> str:
    tool = next((words for name, words in TOOLS.items() if shutil.which(name)), None)
    if tool is None:
        sys.exit("docker (with buildx), crane or skopeo is needed to ask a registry")
    name = f"docker://{image}" if tool[0] == "skopeo" else image
    asked = subprocess.run([*tool, name], capture_output=True, text=True)
    digest = asked.stdout.strip()
    if asked.returncode or not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        sys.exit(f"no digest for {image}: {asked.stderr.strip() or digest}")
    return digest


def main() -> None:
    texts = {file: file.read_text() for file in FILES}
    names = sorted({found["name"] for text in texts.values() for found in IMAGE.finditer(text)})
    digests = {name: digest_of(name) for name in names}  # all of them before anything is written
    for file, text in texts.items():
        file.write_text(pinned(text, digests))
    print("\n".join(f"{name}@{digest}" for name, digest in digests.items()))


if __name__ == "__main__":
    main()
