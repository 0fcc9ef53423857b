#!/usr/bin/env python3
"""Pages that are right pass; every way of being wrong is found, at its line. Usage: run_snippets_test.py --snac PROGRAM"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

RUNNER = pathlib.Path(__file__).with_name("run_snippets.py")

RIGHT = """# Page
<!-- given: echo one >given.txt; test -x "$SNAC"; test -d "$SNAC_SOURCE" -->
```sh
mkdir folder
cd folder
```
1. In a list:

   ```console
   $ cat ../given.txt; echo "took 3 s" >&2
   one
   took ... s
   $ seq 5; \\
   > echo end
   1
   ...
   5
   end
   ```
<!-- figures vary: for the test -->
```console
$ printf 'a      LUT\\n--------\\n4-8-5  5.6\\n4-16-8-5  1,700\\n'
a LUT
-----
17  1,000.25
```
```yaml
# mine.yaml
study: mine
data: {train: mine.csv}
space: {family: mlp, layers: [1],
  width: [8], activation: [relu],
  learning_rate: [0.001]}
search: {trials: 20}
```
<!-- edit: mine.yaml -->
```yaml
space:
  family: mlp
  layers: [2]
  width: [8]
  activation: [relu]
  learning_rate: [0.001]
seed: 4
```
```sh
test "$(grep -c width mine.yaml)" = 1
grep -q 'layers: .2.' mine.yaml && grep -q 'trials: 20' mine.yaml && grep -q '^seed: 4' mine.yaml
```
<!-- exit: 3 -->
```console
$ exit 3
```
<!-- no-run: needs a laboratory -->
```sh
exit 1
```
"""

# What is wrong, the page, and what the runner must say.
WRONG = [
    ("exit code", "```sh\nfalse\ntrue\n```", "1: exit code 1, expected 0"),
    ("exit code too good", "<!-- exit: 4 -->\n```sh\ntrue\n```", "2: exit code 0, expected 4"),
    ("an early command of a console", "<!-- exit: 1 -->\n```console\n$ false\n$ false\n```", "2: exit code 1, expected 0"),
    ("output", "text\n\n```console\n$ echo two\none\n```", "3: other output than shown"),
    ("missing output", "```console\n$ echo two\n```", "1: other output than shown"),
    ("too much shown", "```console\n$ echo two\ntwo\nthree\n```", "1: other output than shown"),
    ("a wildcard that is one line's", "```console\n$ seq 3\n1...\n3\n```", "1: other output than shown"),
    ("a word where figures vary", "<!-- figures vary: x -->\n```console\n$ echo 5 LUT\n6 FF\n```", "2: other output than shown"),
    ("a word for a figure", "<!-- figures vary: x -->\n```console\n$ echo many LUT\n6 LUT\n```", "2: other output than shown"),
    ("an unknown configuration key", "```yaml\n# mine.yaml\nstudy: mine\nserach: {}\n```", "did you mean 'search'?"),
    ("an edit of nothing", "<!-- edit: mine.yaml -->\n```yaml\nseed: 1\n```", "2: no file 'mine.yaml' to edit"),
    ("a block nobody runs", "```yaml\nseed: 1\n```", "1: a block 'yaml' of no known kind"),
    ("a block without a language", "```\nsnac run\n```", "1: a block '' of no known kind"),
    ("a console without a command", "```console\nsnac run\n```", "1: a console block begins with '$ command'"),
    ("a marker without a reason", "<!-- no-run: -->\n```sh\nfalse\n```", "1: unknown comment"),
    ("a misspelt marker", "<!-- norun: reason -->\n```sh\nfalse\n```", "1: unknown comment"),
    ("a marker without a block", "<!-- exit: 3 -->\ntext\n```sh\nfalse\n```", "1: a marker without a block"),
    ("an open block", "```sh\ntrue", "1: a block is not closed"),
    ("an open comment", "<!-- no-run: x\n", "1: a comment is not closed"),
    ("a given that fails", "<!-- given: false -->", "1: exit code 1, expected 0"),
]


def run(snac, folder, page):
    return subprocess.run([sys.executable, str(RUNNER), "--snac", snac, "--source", str(folder), "--pages", page], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", timeout=120)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--snac", required=True)
    snac = parser.parse_args().snac
    faults = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "right.md").write_text(RIGHT)
        right = run(snac, folder, "right.md")
        if right.returncode == 77:
            print(right.stderr, file=sys.stderr)
            return 77
        if right.returncode != 0:
            faults.append(f"a right page fails: {right.stdout}{right.stderr}")
        for text in ["right.md: 7 blocks run, 1 not run", ": not run: needs a laboratory", "1 blocks not run"]:
            if text not in right.stdout:
                faults.append(f"'{text}' is missing in: {right.stdout}")
        for what, page, message in WRONG:
            (folder / "wrong.md").write_text(page)
            wrong = run(snac, folder, "wrong.md")
            if wrong.returncode != 1 or message not in wrong.stderr:
                faults.append(f"{what}: exit code {wrong.returncode}, '{message}' expected in: {wrong.stderr}")
        (folder / "sections.md").write_text("# Top\n```sh\nfalse\n```\n## My data\n```sh\n# no heading\ntrue\n```\n### Part\n## Next\n```sh\nfalse\n```\n")
        part = run(snac, folder, "sections.md#my-data")
        if part.returncode != 0 or "#my-data: 1 blocks run" not in part.stdout:
            faults.append(f"a section: {part.stdout}{part.stderr}")
        if run(snac, folder, "sections.md#nothing").returncode != 1:
            faults.append("a section that is not there")
    print("\n".join(faults), file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
