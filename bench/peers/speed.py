"""Time per training sample of the same networks, data, batch and optimiser: us, PyTorch, libtorch, Keras.

Alternating rounds: for every network each program trains in turn, one at a time, in an order that rotates; process CPU
time, one thread each. Medians over the rounds; ratios of medians.
"""

import argparse

import peers

SAMPLES = {"snac": 51200, "torch": 6400, "libtorch": 6400, "keras": 6400}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    peers.add_options(parser)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--random", type=int, default=12, help="random candidates of the paper's space")
    parser.add_argument("--peers", nargs="*", default=["torch", "libtorch", "keras"])
    arguments = parser.parse_args()
    programs = peers.start_all(arguments, arguments.peers)
    networks = programs[0].ask(task="networks", random=arguments.random)

    cases = []  # name, variant, job, programs: the framework comparison in full, random candidates against PyTorch only
    everyone = [p.name for p in programs]
    for name in ("smallest", "A", "median", "B"):
        for batch in (128, 1024):
            for variant, changes in (("float", {}), ("batch norm", {"batch_norm": True})):
                names = everyone if batch == 128 else [n for n in everyone if n != "keras"]
                cases.append((name, variant, peers.job(networks[name], batch=batch, **changes), names))
    for index, one in enumerate(networks["random"], 1):
        cases.append((f"random {index}", "of the space", one, [n for n in everyone if n in ("snac", "torch")]))

    times = [{name: [] for name in case[3]} for case in cases]
    for round_number in range(-1, arguments.rounds):  # round -1 warms up
        for case, seen in zip(cases, times):
            turn = round_number % len(case[3])
            for name in case[3][turn:] + case[3][:turn]:
                program = next(p for p in programs if p.name == name)
                samples = SAMPLES[name] if round_number >= 0 else 2048
                answer = program.ask(task="time", job=case[2], samples=samples)
                if round_number >= 0:
                    seen[name].append(1e9 * answer["cpu_seconds"] / answer["samples"])
        print(f"round {round_number + 1} of {arguments.rounds}", flush=True)

    rows = []
    for (network, variant, one, names), seen in zip(cases, times):
        row = {"network": network, "variant": variant, "widths": peers.widths(one["hidden"]), "job": one}
        row["ns_per_sample"] = {name: peers.spread(values) for name, values in seen.items()}
        ours = row["ns_per_sample"]["snac"]["median"]
        row["ratio"] = {n: row["ns_per_sample"][n]["median"] / ours for n in names if n != "snac"}
        rows.append(row)
    report = {
        "benchmark": "peers_speed",
        "machine": programs[0].info["machine"],
        "peers": {p.name: {k: v for k, v in p.info.items() if k != "ready"} for p in programs[1:]},
        "clock": "CPU time of the process, one thread each",
        "samples_per_run": SAMPLES,
        "rows": rows,
    }
    others = [p.name for p in programs[1:]]
    print(f"{'network':10} {'batch':>5} {'variant':12} {'snac':>8}" + "".join(f" {n:>9} {'ratio':>6}" for n in others))
    for row in rows:
        line = f"{row['network']:10} {row['job']['batch']:5} {row['variant']:12} {row['ns_per_sample']['snac']['median']:8.0f}"
        for name in others:
            if name in row["ratio"]:
                line += f" {row['ns_per_sample'][name]['median']:9.0f} {row['ratio'][name]:6.1f}"
        print(line)
    peers.write(arguments.json, report)
    for program in programs:
        program.close()


if __name__ == "__main__":
    main()
