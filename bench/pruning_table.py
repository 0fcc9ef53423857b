#!/usr/bin/env python3
"""Accuracy against sparsity of three networks: runs configs/jets_pruning.yaml for each network and seed (studies that are
there are only read), prints the table of docs/results.md and writes every figure to a JSON file.

  bench/pruning_table.py -o bench/results/pruning_jets.json
  bench/pruning_table.py -o r.json --set data.train=/data/jets8_large_train.h5 --set data.test=/data/jets8_large_test.h5

Options that are not named below go to 'snac run'."""
import json
import statistics

from studies import changes, parse_options, run_study, spread

NETWORKS = {
    "24-120-60-32-64-64-64-32-44-5": [120, 60, 32, 64, 64, 64, 32, 44],
    "24-128-32-16-32-5": [128, 32, 16, 32],
    "24-64-32-16-32-5": [64, 32, 16, 32],
}
FIGURES = ["sparsity", "lut", "ff", "clock_cycles", "accuracy"]


def study(snac, folder, widths, seed, more):
    layers = ", ".join(f"{i + 1}: {width}" for i, width in enumerate(widths))
    name = "-".join(map(str, widths))
    return run_study(snac, "configs/jets_pruning.yaml", folder / f"{name}-seed{seed}", seed,
                     ["--set", f"space.layers={len(widths)}", "--set", f"space.width={{{layers}}}", *more])


def rows_of(runs):
    """A row per pruning round, in order: the figures of every seed."""
    rows = []
    for iteration in range(len(runs[0]["hardware"])):
        models = [next(h for h in run["hardware"] if h["model"].endswith(f"-p{iteration}")) for run in runs]
        row = {"iteration": iteration, "test_accuracy": [m["test_accuracy"] for m in models]}
        row.update({name: [m["values"][name] for m in models] for name in FIGURES})
        rows.append(row)
    return rows


def main():
    options, more = parse_options(__doc__, "runs/jets_pruning")
    result = {"config": "configs/jets_pruning.yaml", "changes": changes(more), "seeds": options.seeds, "networks": {}}
    for network, widths in NETWORKS.items():
        runs = [study(options.snac, options.folder, widths, seed, more) for seed in options.seeds]
        floats = [run["trials"][0]["values"]["accuracy"] for run in runs]
        rows = rows_of(runs)
        result["networks"][network] = {"float_validation_accuracy": floats, "rows": rows}
        print(f"\n{network}: float network {spread(floats, 100, 2)} % (validation)\n")
        print("| round | zero weights % | accuracy %, integers, test | LUT | FF | cycles |\n|---|---|---|---|---|---|")
        for row in rows:
            cycles = sorted({int(c) for c in row["clock_cycles"]})
            print(f"| {row['iteration']} | {100 * statistics.mean(row['sparsity']):.1f} | {spread(row['test_accuracy'], 100, 2)} | "
                  f"{spread(row['lut'])} | {spread(row['ff'])} | {cycles[0]}{'' if len(cycles) == 1 else f'-{cycles[-1]}'} |")
    options.output.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
