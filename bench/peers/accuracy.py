"""Test accuracy after the same training, several seeds each: us and PyTorch. Means and standard deviations over seeds."""

import argparse
import statistics

import peers


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    peers.add_options(parser)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--samples", type=int, default=400000)
    arguments = parser.parse_args()
    programs = peers.start_all(arguments, ["torch"])
    networks = programs[0].ask(task="networks", random=0)
    cases = [
        ("A", peers.job(networks["A"])),
        ("median", peers.job(networks["median"], batch_norm=True)),
        ("B", peers.job(networks["B"], activation="tanh", dropout=0.05, l1=1e-6)),
    ]
    rows = []
    print(f"{'network':8} {'variant':28} {'snac':>20} {'torch':>20} {'difference / its error':>24}")
    for network, one in cases:
        seen = {p.name: [] for p in programs}
        losses = {p.name: [] for p in programs}
        for seed in range(1, arguments.seeds + 1):
            for program in programs:
                answer = program.ask(task="accuracy", job=one | {"seed": seed}, samples=arguments.samples, epochs=arguments.epochs)
                seen[program.name].append(answer["accuracy"])
                losses[program.name].append(answer["loss"])
        mean = {n: statistics.mean(v) for n, v in seen.items()}
        deviation = {n: statistics.stdev(v) for n, v in seen.items()}
        difference = mean["snac"] - mean["torch"]
        error = ((deviation["snac"] ** 2 + deviation["torch"] ** 2) / arguments.seeds) ** 0.5
        variant = " ".join(
            [one["activation"]]
            + (["batch norm"] if one["batch_norm"] else [])
            + ([f"dropout {one['dropout']}"] if one["dropout"] else [])
            + ([f"L1 {one['l1']}"] if one["l1"] else [])
        )
        rows.append(
            {"network": network, "widths": peers.widths(one["hidden"]), "variant": variant, "accuracy": seen, "loss": losses}
            | {"mean": mean, "deviation": deviation, "difference": difference, "standard_error": error}
        )
        both = [f"{mean[n]:.4f} +- {deviation[n]:.4f}" for n in ("snac", "torch")]
        print(f"{network:8} {variant:28} {both[0]:>20} {both[1]:>20} {difference:+12.4f} / {error:.4f}", flush=True)
    report = {
        "benchmark": "peers_accuracy",
        "machine": programs[0].info["machine"],
        "torch": programs[1].info["version"],
        "training_rows": arguments.samples,
        "epochs": arguments.epochs,
        "seeds": arguments.seeds,
        "rows": rows,
    }
    peers.write(arguments.json, report)
    for program in programs:
        program.close()


if __name__ == "__main__":
    main()
