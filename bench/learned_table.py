#!/usr/bin/env python3
"""Accuracy against LUTs of learned precision: runs configs/jets_learned.yaml for each seed (studies that are there are only
read), prints the table of docs/results.md and writes every figure to a JSON file. For each budget of LUTs the model is the one
with the highest validation accuracy within it; what is printed is its accuracy on test rows.

  bench/learned_table.py -o bench/results/learned_jets.json
  bench/learned_table.py -o r.json --folder runs/large --set data.train=/data/jets8_large_train.h5 --set data.test=/data/jets8_large_test.h5

Options that are not named below go to 'snac run'."""
import json
import statistics

from studies import changes, parse_options, run_study, spread

BUDGETS = [1500, 2000, 3000, 4000, 5000, 6000, 8000, 10000, 12000, 15000, 20000, 30000]
CONFIG = "configs/jets_learned.yaml"


def figures(model):
    values = model["values"]
    row = {"model": model["model"], "test_accuracy": model["test_accuracy"], "validation_accuracy": values["accuracy"]}
    row.update({name: values[name] for name in ["lut", "ff", "clock_cycles", "stage_ns", "nonzero"]})
    row.update({name: value for name, value in values.items() if name.startswith("yosys_")})
    return row


def within(models, budget):
    """The model that validation chooses, or None."""
    fitting = [m for m in models if m["lut"] <= budget]
    return max(fitting, key=lambda m: m["validation_accuracy"], default=None)


def main():
    options, more = parse_options(__doc__, "runs/jets_learned")
    runs = [run_study(options.snac, CONFIG, options.folder / f"seed{seed}", seed, more) for seed in options.seeds]
    fronts = [[figures(model) for model in run["hardware"]] for run in runs]
    baselines = [run["baseline"]["test_accuracy"] for run in runs]
    print(f"float baseline: {spread(baselines, 100, 2)} % (test)\n")
    print("| LUT at most | accuracy %, integers, test | LUT | FF | cycles | ns at 200 MHz | ns at its own clock |\n|---|---|---|---|---|---|---|")
    for budget in BUDGETS:
        models = [within(front, budget) for front in fronts]
        if None in models or max(m["lut"] for m in models) < 0.7 * budget:
            continue
        cycles = sorted({int(m["clock_cycles"]) for m in models})
        mean = {name: statistics.mean(m[name] for m in models) for name in ["lut", "ff", "clock_cycles"]}
        own = statistics.mean(m["clock_cycles"] * m["stage_ns"] for m in models)
        print(f"| {budget:,} | {spread([m['test_accuracy'] for m in models], 100, 2)} | {mean['lut']:,.0f} | {mean['ff']:,.0f} | "
              f"{'-'.join(map(str, cycles[:1] + cycles[1:][-1:]))} | {5 * mean['clock_cycles']:.0f} | {own:.0f} |")
    result = {"config": CONFIG, "changes": changes(more), "seeds": options.seeds,
              "baseline_test_accuracy": baselines, "fronts": fronts}
    options.output.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
