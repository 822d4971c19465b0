"""Makes the virtual environment that moto runs in, once for this clone, and prints the path of its python.

It lives in .cache/ of the clone and not in node_modules/, which `npm ci` empties, so that installing npm packages anew
does not cost half a minute here too. Its name is a digest of what it is made of: other pins or another Python make
another one, and the old one is removed.

Many may call at once (`npm test` runs a test file per worker). A lock of the operating system makes the others wait;
unlike a lock file, it goes with the process that held it, so that a killed installation blocks nobody.

Standard library only: this is what runs before anything is installed.
"""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
CACHE = HERE.parents[2] / ".cache"
OLDEST_PYTHON = (3, 10)


def main() -> None:
    if sys.version_info < OLDEST_PYTHON:
        sys.exit(
            f"Python {sys.version.split()[0]} is too old for moto: it needs {OLDEST_PYTHON[0]}.{OLDEST_PYTHON[1]} or newer"
        )
    requirements = HERE / "requirements.txt"
    digest = hashlib.sha256(requirements.read_bytes() + sys.version.encode() + sys.executable.encode()).hexdigest()[:12]
    environment = CACHE / f"moto-{digest}"
    python = environment / "bin" / "python"
    finished = environment / "finished"
    if not finished.exists():
        CACHE.mkdir(exist_ok=True)
        with open(CACHE / "moto.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not finished.exists():
                make(environment, python, requirements)
                finished.touch()
    print(python)


def make(environment: Path, python: Path, requirements: Path) -> None:
    print("installing moto, the AWS endpoint of the tests", file=sys.stderr)
    for old in CACHE.glob("moto-*"):
        shutil.rmtree(old)
    run([sys.executable, "-m", "venv", str(environment)], "Debian: apt-get install python3-venv")
    # No dependencies are resolved: the file lists every package, so that all clones test against the same moto.
    options = ["--no-deps", "--only-binary", ":all:", "--quiet", "--disable-pip-version-check", "--no-input"]
    install = [str(python), "-m", "pip", "install", *options, "-r", str(requirements)]
    run(install, "pip must reach its package index, and that must have these versions for this platform")


def run(command: list[str], advice: str) -> None:
    try:
        subprocess.run(command, check=True, stdout=sys.stderr)
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"{' '.join(command)} failed with {getattr(error, 'returncode', error)}. {advice}")


main()
