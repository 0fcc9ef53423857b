"""What the tables of docs/results.md share: their options, running a study for a seed, and a mean with its spread."""
import argparse
import json
import pathlib
import statistics
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent


def parse_options(description, folder):
    """@returns the options, and what is for 'snac run'."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--snac", default=str(ROOT / "build/release/apps/snac/snac"), help="the program")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / folder, help="of the studies")
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True, help="JSON file with all figures")
    return parser.parse_known_args()


def changes(more):
    """The settings among the options of 'snac run'; of files the names."""
    settings = [text.partition("=") for text in more if "=" in text]
    return [f"{key}={pathlib.PurePath(value).name if key.startswith('data.') else value}" for key, _, value in settings]


def run_study(snac, config, output, seed, more):
    """'snac run' with a configuration of the repository; a study that is there is only read. @returns its JSON."""
    command = [snac, "run", "--config", str(ROOT / config), "--json", "--output", str(output), "--set", f"seed={seed}", *more]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def spread(values, scale=1.0, digits=0):
    """Mean and sample standard deviation."""
    values = [scale * v for v in values]
    deviation = statistics.stdev(values) if len(values) > 1 else 0
    return f"{statistics.mean(values):,.{digits}f} ± {deviation:,.{digits}f}"
