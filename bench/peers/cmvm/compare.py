"""da4ml on the matrices of bench/cmvm, at the same depth limit; prints ratios as JSON.

In a virtual environment outside the tree:
  pip install -r requirements.txt
  build/bench/bench/cmvm --net fixed_net.json --matrices matrices.json > ours.json
  OMP_NUM_THREADS=1 python compare.py ours.json matrices.json > comparison.json
"""

import json
import sys
import time
from statistics import median

import numpy as np
from da4ml.cmvm import solve

REPEATS = 3


def da4ml(matrix, depth):
    kernel = np.array(matrix["weights"], dtype=np.float32).reshape(matrix["outputs"], matrix["inputs"]).T.copy()
    intervals = [(float(low), float(high), 1.0) for low, high in matrix["intervals"]]
    times = []
    for _ in range(REPEATS if kernel.size <= 1024 else 1):
        start = time.process_time()
        solution = solve(kernel, hard_dc=depth, adder_size=1, carry_size=-1, qintervals=intervals)
        times.append(1e3 * (time.process_time() - start))
    adders = sum(1 for stage in solution.solutions for op in stage.ops if op.opcode in (0, 1))
    return {"cost": float(solution.cost), "adders": adders, "depth": max(solution.latency), "cpu_ms": median(times)}


def main():
    with open(sys.argv[1]) as file:
        ours = json.load(file)
    with open(sys.argv[2]) as file:
        matrices = json.load(file)
    rows = []
    for row, matrix in zip(ours["results"], matrices, strict=True):
        assert row["matrix"] == matrix["matrix"]
        row["da4ml"] = da4ml(matrix, ours["extra_depth"])
        cost = row["da4ml"]["cost"]
        row["ratio_to_da4ml"] = {name: round(row[name]["cost"] / cost, 4) for name in row if name.startswith("shared")}
        row["ratio_to_csd"] = {name: round(row[name]["cost"] / row["csd"]["cost"], 4) for name in row if name.startswith("shared")}
        rows.append(row)
    json.dump(ours | {"peer": "da4ml 0.6.0", "results": rows}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
