#!/usr/bin/env python3
"""Runs the snippets of documentation pages as a reader would: block after block, every page in a fresh folder.

  run_snippets.py --snac PROGRAM --source REPOSITORY [--folders FOLDER ...] [--pages PAGE.md[#heading] ...]
Folders stand for all their pages; a heading's anchor restricts a page to its section.

Blocks, by the language of the fence:
  sh        one script (bash -euo pipefail); exit code 0
  console   "$ command" lines ("> " continues one) with what they print on both streams, exit code 0. "..." in the shown output stands
            for any text of that line, a line "..." for any lines.
  others    a file, named by a comment in its first line: "# mine.yaml", "// top.v". A study's configuration must be readable by snac.
A comment before a block says what is special about it:
  <!-- exit: 3 -->              exit code of the last command
  <!-- figures vary: reason --> numbers ("1,234", "4-8-5"), widths of columns and how many lines are alike may differ, words may not
  <!-- edit: mine.yaml -->      the top-level keys of this block replace those of the file, or are added to it
  <!-- no-run: reason -->       not run; counted and listed
<!-- given: command --> stands alone and does what the reader of a page has done before, with $SNAC and $SNAC_SOURCE at hand.
Anything else is a fault: a block of no known kind, a marker without a block, an unknown comment.

Exit code 0: all good; 1: faults, on standard error; 77: a tool that pages need is not installed.
"""
import argparse
import difflib
import itertools
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TOOLS = ["bash", "awk", "g++", "verilator", "yosys"]
TIME_LIMIT = 240  # seconds for one block: against hanging, not a measurement
MARKERS = {"exit", "figures vary", "edit", "no-run"}


class Fault(Exception):
    def __init__(self, line, text):
        super().__init__(text)
        self.line = line


class Block:
    def __init__(self, line, language, text, markers):
        self.line, self.language, self.text, self.markers = line, language, text, markers


def anchor(heading):
    return re.sub(r"\s+", "-", re.sub(r"[^\w\s-]", "", heading.strip().lower()))


def section(lines, wanted):
    """The lines of a section as (number, text): from its heading to the next of the same or a higher level."""
    numbered = list(enumerate(lines, 1))
    if not wanted:
        return numbered
    start = level = None
    fenced = False
    for i, (_, text) in enumerate(numbered):
        fenced ^= text.startswith("```")
        heading = re.match(r"(#+) (.*)", text)
        if fenced or not heading:
            continue
        if start is not None and len(heading[1]) <= level:
            return numbered[start:i]
        if start is None and anchor(heading[2]) == wanted:
            start, level = i, len(heading[1])
    if start is None:
        raise Fault(1, f"there is no section '#{wanted}'")
    return numbered[start:]


def parse(lines, wanted=""):
    """@returns the blocks of a page, "given" commands among them."""
    blocks, markers, marker_line = [], {}, 0
    rest = iter(section(lines, wanted))
    for number, text in rest:
        opened = number
        if text.lstrip().startswith("<!--"):
            comment = text.strip()
            while "-->" not in comment:
                _, more = next(rest, (0, None))
                if more is None:
                    raise Fault(opened, "a comment is not closed")
                comment += "\n" + more
            key, colon, value = comment[4:comment.index("-->")].partition(":")
            key, value = key.strip(), value.strip()
            if key == "given" and value:
                blocks.append(Block(opened, "given", value, {}))
            elif key not in MARKERS or not value:
                raise Fault(opened, f"unknown comment '{comment}': given, {', '.join(sorted(MARKERS))}, each with a value")
            else:
                markers[key], marker_line = value, opened
            continue
        fence = re.match(r"(\s*)(`{3,})\s*(\S*)", text)
        if not fence:
            if text.strip() and markers:
                raise Fault(marker_line, "a marker without a block behind it")
            continue
        indent, ticks, language = fence.groups()
        body = []
        while True:
            _, line = next(rest, (0, None))
            if line is None:
                raise Fault(opened, "a block is not closed")
            if line.strip() == ticks:
                break
            body.append(line[len(indent):] if line.startswith(indent) else line.lstrip())
        blocks.append(Block(opened, language, "\n".join(body), markers))
        markers = {}
    if markers:
        raise Fault(marker_line, "a marker without a block behind it")
    return blocks


def console_commands(block):
    """@returns pairs of a command and the lines shown below it."""
    commands = []
    for line in block.text.split("\n"):
        if line.startswith("$ "):
            commands.append((line[2:], []))
        elif not commands:
            raise Fault(block.line, "a console block begins with '$ command'")
        elif line.startswith("> ") and not commands[-1][1]:
            commands[-1] = (commands[-1][0] + "\n" + line[2:], [])
        else:
            commands[-1][1].append(line)
    return commands


def line_pattern(line, figures_vary):
    if line == "...":
        return r"(?:.*\n)*?"
    if not figures_vary:
        return ".*".join(re.escape(part) for part in line.split("...")) + r"\n"
    text = ""
    for token in re.findall(r"\.\.\.|\d+(?:[-,.]\d+)*|-{3,}|\s+|.", line):
        if token == "...":
            text += ".*"
        elif token[0].isdigit():
            text += r"\d+(?:[-,.]\d+)*"
        elif token.startswith("---"):
            text += "-{3,}"
        elif token.isspace():
            text += r"\s+"
        else:
            text += re.escape(token)
    return text + r"\n"


def pattern(shown, figures_vary):
    """A regular expression for shown lines. Where figures vary, like lines (rows of a table) may be more or fewer."""
    lines = [line_pattern(line.rstrip(), figures_vary) for line in shown]
    if not figures_vary:
        return re.compile("".join(lines))
    return re.compile("".join(line if line.startswith("(?:.*") else f"(?:{line})+" for line, _ in itertools.groupby(lines)))


def same(shown, printed, figures_vary):
    while shown and not shown[-1].strip():
        shown = shown[:-1]
    printed = "".join(line.rstrip() + "\n" for line in printed.rstrip("\n").split("\n")) if printed.strip() else ""
    return pattern(shown, figures_vary).fullmatch(printed) is not None


class Reader:
    """Somebody who follows a page, in a folder of their own."""

    def __init__(self, folder, snac, source):
        self.folder = folder
        self.here = folder
        self.environment = dict(os.environ, PATH=f"{snac.parent}:{os.environ['PATH']}", LC_ALL="C.UTF-8", HOME=str(folder), SNAC=str(snac),
                                SNAC_SOURCE=str(source))

    def run(self, script):
        """@returns exit code and output. The next command stands where this one ended."""
        end = self.folder / ".here"
        result = subprocess.run(["bash", "-euo", "pipefail", "-c", f"trap 'pwd >\"{end}\"' EXIT\n{script}"], cwd=self.here, env=self.environment,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=TIME_LIMIT,
                                encoding="utf-8", errors="replace")
        self.here = pathlib.Path(end.read_text().rstrip("\n"))
        return result.returncode, result.stdout

    def expect(self, script, line, code=0):
        found, printed = self.run(script)
        if found != code:
            raise Fault(line, f"exit code {found}, expected {code}\n$ {script}\n{printed}")
        return printed

    def check_configuration(self, name, text, line):
        if re.search(r"^study:", text, re.M):
            self.expect(f"snac show-config --config '{name}'", line)

    def write(self, block):
        name = re.match(r"(?:#|//) ([\w./-]+\.\w+)$", block.text.split("\n")[0])
        if not name:
            raise Fault(block.line, f"a block '{block.language}' of no known kind: sh, console, a file name as its first line, or a marker")
        path = self.here / name[1]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text + "\n")
        self.check_configuration(name[1], block.text, block.line)

    def edit(self, block):
        path = self.here / block.markers["edit"]
        if not path.is_file():
            raise Fault(block.line, f"no file '{path.name}' to edit")

        def parts(text):
            return re.split(r"^(?=\w)", text, flags=re.M)

        def key(part):
            return part.partition(":")[0]

        new = {key(part): part.rstrip("\n") + "\n" for part in parts(block.text) if re.match(r"\w", part)}
        kept = [new.pop(key(part), part) for part in parts(path.read_text())]
        text = "".join(kept).rstrip("\n") + "\n" + "".join(new.values())
        path.write_text(text)
        self.check_configuration(path.name, text, block.line)

    def follow(self, block):
        code = int(block.markers.get("exit", 0))
        if block.language == "given":
            self.expect(block.text, block.line)
        elif block.language == "sh":
            self.expect(block.text, block.line, code)
        elif block.language == "console":
            commands = console_commands(block)
            for number, (command, shown) in enumerate(commands):
                printed = self.expect(command, block.line, code if number + 1 == len(commands) else 0)
                if not same(shown, printed, "figures vary" in block.markers):
                    difference = "\n".join(difflib.unified_diff(shown, printed.rstrip("\n").split("\n"), "shown", "printed", lineterm=""))
                    raise Fault(block.line, f"other output than shown\n$ {command}\n{difference}")
        elif "edit" in block.markers:
            self.edit(block)
        else:
            self.write(block)


def check(page, wanted, snac, source):
    """Follows one page. @returns the number of blocks run, and those not run as (line, reason)."""
    blocks = parse(page.read_text().split("\n"), wanted)
    not_run = [(block.line, block.markers["no-run"]) for block in blocks if "no-run" in block.markers]
    run = 0
    with tempfile.TemporaryDirectory(prefix="snac_docs_") as folder:
        reader = Reader(pathlib.Path(folder).resolve(), snac, source)
        for block in blocks:
            if "no-run" in block.markers:
                continue
            try:
                reader.follow(block)
            except subprocess.TimeoutExpired:
                raise Fault(block.line, f"no end after {TIME_LIMIT} s\n{block.text}") from None
            run += block.language != "given"
    return run, not_run


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--snac", required=True, type=pathlib.Path)
    parser.add_argument("--source", required=True, type=pathlib.Path)
    parser.add_argument("--folders", nargs="+", default=[])
    parser.add_argument("--pages", nargs="+", default=[])
    arguments = parser.parse_args()
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing:
        print(f"not installed: {', '.join(missing)}", file=sys.stderr)
        return 77
    found = [str(page.relative_to(arguments.source)) for folder in arguments.folders for page in sorted((arguments.source / folder).glob("*.md"))]
    if not found + arguments.pages:
        parser.error("no pages")
    faults = skipped = 0
    for name in found + arguments.pages:
        path, _, wanted = name.partition("#")
        page = arguments.source / path
        try:
            run, not_run = check(page, wanted, arguments.snac.resolve(), arguments.source.resolve())
            print(f"{name}: {run} blocks run, {len(not_run)} not run", flush=True)
            skipped += len(not_run)
            for line, reason in not_run:
                print(f"  {path}:{line}: not run: {reason}")
        except Fault as fault:
            faults += 1
            print(f"{page}:{fault.line}: {fault}", file=sys.stderr)
    print(f"{skipped} blocks not run")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
