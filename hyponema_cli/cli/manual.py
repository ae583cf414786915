"""What do the manual pages say? hyp(1), and a page for each command, written from the tree of commands.

The sections and their order are those of man-pages(7).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hyponema_cli import __version__
from hyponema_cli.cli import tree, usage
from hyponema_cli.cli.topics import ENVIRONMENT, FILES, TOPICS
from hyponema_cli.cli.tree import Command
from hyponema_cli.render import page as pages
from hyponema_cli.render import roff
from hyponema_cli.render.page import Block, Lines, Paragraph, Section, Terms

MANUAL = "hyp manual"
_OF_EVERY_COMMAND = ("HYP_DEBUG", "HYP_NO_INPUT")


def name_of(path: Sequence[str]) -> str:
    """Return what a page is called: `hyp-schedules-add`."""
    return "-".join(path)


def written(it: Command) -> str:
    """Write the page of a command as roff."""
    return roff.page(name_of(it.path), source=f"hyp {__version__}", manual=MANUAL, sections=sections(it))


def as_text(it: Command, width: int) -> str:
    """Write the page of a command for a machine without man."""
    return pages.text(sections(it), width)


def all_pages() -> dict[str, str]:
    """Return every page by its file's name."""
    found = {f"{name_of(it.path)}.1": written(it) for it in tree.whole().walk()}
    # The same program under its other name.
    return {**found, "hyponema.1": ".so man1/hyp.1\n"}


def sections(it: Command) -> list[Section]:
    """Return the sections of a page."""
    return [section for section in _sections(it) if section.blocks]


def _sections(it: Command) -> Iterator[Section]:
    is_whole = len(it.path) == 1
    summary = it.summary[:1].lower() + it.summary[1:]
    yield Section("NAME", [Paragraph(f"{name_of(it.path)} - {summary}")])
    yield Section("SYNOPSIS", [Lines([f"{it.name} {it.usage}"])])
    yield Section("DESCRIPTION", [Paragraph(each) for each in it.about])
    # All that is in the program is told by what it is for; what is in a group has no headings of its own.
    for_what = [[Paragraph(f"{each.heading}:")] if is_whole else [] for each in usage.contents(it)]
    told = [each.blocks for each in usage.contents(it)]
    yield Section("COMMANDS", [block for both in zip(for_what, told, strict=True) for part in both for block in part])
    if it.arguments:
        yield Section("ARGUMENTS", [Terms([(each.usage, each.help) for each in it.arguments])])
    for each in usage.options(it):
        yield Section(each.heading.upper(), each.blocks)
    yield Section("EXIT STATUS", TOPICS["exit-codes"][1]())
    yield Section("ENVIRONMENT", TOPICS["environment"][1]() if is_whole else _environment_of(it))
    yield Section("FILES", TOPICS["files"][1]() if is_whole else _files())
    if is_whole:
        yield Section("OUTPUT", TOPICS["formatting"][1]())
        yield Section("TIMES", TOPICS["times"][1]())
    yield Section("EXAMPLES", [Lines(it.examples or _first_examples(it))])
    yield Section("SEE ALSO", [Paragraph(", ".join(f"{name}(1)" for name in _see_also(it)))])


def _environment_of(it: Command) -> Sequence[Block]:
    own = [each.environment for each in it.options if each.environment is not None]
    named = [name for name in ENVIRONMENT if name in own or name in _OF_EVERY_COMMAND]
    return [
        Terms([(name, ENVIRONMENT[name]) for name in named]),
        Paragraph("The others are listed in hyp(1), and by hyp help environment."),
    ]


def _files() -> Sequence[Block]:
    first, said = next(iter(FILES.items()))
    return [Terms([(first, said)]), Paragraph("What stands beside it is listed in hyp(1), and by hyp help files.")]


def _first_examples(it: Command) -> Sequence[str]:
    """Return an example of each command in a group."""
    return [each.examples[0] for each in it.commands if each.examples]


def _see_also(it: Command) -> Sequence[str]:
    above = [name_of(it.path[:index]) for index in range(1, len(it.path))]
    return [*above, *(name_of(each.path) for each in it.commands)] or ["crontab"]
