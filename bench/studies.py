"""What the tables of docs/results.md share: running a study for a seed, and a mean with its spread."""
import json
import pathlib
import statistics
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent


def run_study(snac, config, output, seed, more):
    """'snac run' with a configuration of the repository; a study that is there is only read. @returns its JSON."""
    command = [snac, "run", "--config", str(ROOT / config), "--json", "--output", str(output), "--set", f"seed={seed}", *more]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def spread(values, scale=1.0, digits=0):
    """Mean and sample standard deviation."""
    values = [scale * v for v in values]
    deviation = statistics.stdev(values) if len(values) > 1 else 0
    return f"{statistics.mean(values):,.{digits}f} ± {deviation:,.{digits}f}"
