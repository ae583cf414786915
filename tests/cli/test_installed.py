"""The wheel brings the manual and the completions, and puts them where man and the shells look."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from hyponema_cli.cli.shells import OTHER_NAME, SHELLS
from tests import generated
from tests.cli.conftest import PATH
from tests.tools import needed

pytestmark = pytest.mark.skipif("HYP_BIN" not in os.environ, reason="tried on the installed wheel: see .ci/run")
FOLDERS = {"man": "man/man1", ".bash": "bash-completion/completions", "_hyp": "zsh/site-functions"}
FOLDERS |= {".fish": "fish/vendor_completions.d"}


@pytest.fixture
def share() -> Path:
    return Path(os.environ["HYP_BIN"]).parents[1] / "share"


def test_every_generated_file_is_installed(share: Path) -> None:
    for name, text in generated.wanted().items():
        (folder,) = [where for part, where in FOLDERS.items() if name.startswith(part) or name.endswith(part)]
        file = share / folder / Path(name).name.removesuffix(".bash")
        assert file.read_text() == text
    assert {each.name for each in (share / "man" / "man1").glob("hyp*")} == {
        Path(name).name for name in generated.wanted() if name.startswith("man/")
    }


def test_man_finds_the_pages_by_the_programs_place(share: Path) -> None:
    done = subprocess.run(
        [needed("man"), "-w", "hyp-tick"], env={"PATH": PATH}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(share / "man" / "man1" / "hyp-tick.1")


@pytest.mark.parametrize("program", ["hyp", "hyponema"])
@pytest.mark.parametrize("shell", SHELLS)
def test_the_shells_find_the_completions(share: Path, tmp_path: Path, shell: str, program: str) -> None:
    complete = {
        "bash": f". {share}/{FOLDERS['.bash']}/{program}; complete -p {program}",
        "zsh": f"fpath=({share}/{FOLDERS['_hyp']} $fpath); autoload -U compinit; compinit -u -d dump;"
        f"print $_comps[{program}]",
        "fish": f"set -p fish_complete_path {share}/{FOLDERS['.fish']}; complete -C '{program} sched'",
    }[shell]
    quiet = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    done = subprocess.run(
        [needed(shell), *quiet, "-c", complete],
        env={"PATH": PATH, "HOME": str(tmp_path), "LANG": "C.UTF-8"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    said = {
        "bash": f"complete -F _hyp {program}",
        "zsh": "_hyp",
        "fish": "schedules\tthe rules: who calls whom, when",
    }
    assert (done.stdout.strip(), done.stderr) == (said[shell], "")
    assert set(OTHER_NAME) <= {Path(name).name for name in generated.wanted()}
