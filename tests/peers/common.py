# What the comparisons share: our program and its values.
import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy as np


class Snac:
    def __init__(self):
        parser = argparse.ArgumentParser()
        parser.add_argument("--snac", required=True, help="our program")
        parser.add_argument("--values", required=True, help="exchange_values, built with SNAC_PEER_TESTS")
        parser.add_argument("--data", required=True, help="folder of the shipped jets")
        parser.add_argument("--rows", type=int, default=1000)
        self.options = parser.parse_args()
        self._folder = tempfile.TemporaryDirectory(prefix="snac-peers-")
        self.folder = pathlib.Path(self._folder.name)
        self.failures = 0

    def run(self, *arguments):
        """Our program's standard output; its complaint ends the test."""
        done = subprocess.run([self.options.snac, "--quiet", *map(str, arguments)], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"snac {' '.join(map(str, arguments))}\n{done.stderr}")
        return done.stdout

    def values(self, model, *arguments):
        outputs = self.folder / "outputs.txt"
        subprocess.run([self.options.values, str(model), str(outputs), *map(str, arguments)], check=True)
        return np.loadtxt(outputs, ndmin=2)

    def check(self, what, good, figures=""):
        print(f"{'ok' if good else 'FAILED'}: {what}{': ' if figures else ''}{figures}", flush=True)
        self.failures += not good

    def exit(self):
        sys.exit(1 if self.failures else 0)
