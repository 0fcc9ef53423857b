"""Starts our program and the peers as processes that answer one request at a time: only one of them ever runs."""

import json
import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
# One thread each, and the processor's own BLAS kernels rather than what the environment may force.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}
ENVIRONMENT.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")


class Peer:
    def __init__(self, name, command):
        self.name = name
        quiet = None if name == "snac" else subprocess.DEVNULL
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=quiet, text=True, env=ENVIRONMENT
        )
        self.info = self.read()

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended (exit code {self.process.wait()})")
        return json.loads(line)

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self.read()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def start_all(arguments, names):
    """The peers that work here; a missing one is named with its reason."""
    snac = [arguments.snac, "--export", arguments.data]
    if arguments.train:
        snac += ["--train", arguments.train, "--test", arguments.test]
    commands = {
        "torch": [sys.executable, f"{HERE}/torch_peer.py", arguments.data],
        "libtorch": [arguments.libtorch or "", arguments.data],
        "keras": [sys.executable, f"{HERE}/keras_peer.py", arguments.data],
    }
    peers = [Peer("snac", snac)]
    for name in names:
        try:
            peers.append(Peer(name, commands[name]))
        except (RuntimeError, OSError) as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
    return peers


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "count": len(values)}


def job(hidden, **changes):
    plain = {
        "hidden": hidden,
        "activation": "relu",
        "batch_norm": False,
        "dropout": 0.0,
        "l1": 0.0,
        "learning_rate": 1e-3,
        "quantized": False,
        "masked": False,
        "batch": 128,
        "seed": 1,
        "precision": "fp32",
    }
    return plain | changes


def widths(hidden):
    return "-".join(map(str, [24, *hidden, 5]))


def add_options(parser):
    parser.add_argument("--snac", required=True, help="our program: build/bench/bench/peer")
    parser.add_argument("--libtorch", help="libtorch_peer, if it was built")
    parser.add_argument("--data", required=True, help="folder for the exported .npy files")
    parser.add_argument("--train", help="training file (default: the repository's)")
    parser.add_argument("--test", help="test file")
    parser.add_argument("--json", help="write the report here")


def write(path, report):
    if path:
        with open(path, "w", encoding="utf-8") as file:
            json.dump(report, file, indent=1)
            file.write("\n")
