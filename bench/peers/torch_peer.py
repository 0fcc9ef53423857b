"""PyTorch as most people write it: nn.Sequential, Adam, cross-entropy, data in memory, batches by permutation.

Answers the requests of bench/peer.cpp, one JSON line each. Initial weights, Adam's and batch norm's constants are ours
(Keras' defaults), so that only the speed of the same training differs.
"""

import json
import sys
import time

import numpy as np
import torch
from torch import nn

torch.set_num_threads(1)
torch.set_num_interop_threads(1)

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}


def build(job, inputs, classes):
    layers, width = [], inputs
    for units in job["hidden"]:
        layers.append(nn.Linear(width, units))
        if job["batch_norm"]:
            layers.append(nn.BatchNorm1d(units, eps=1e-3, momentum=0.01))
        layers.append(ACTIVATIONS[job["activation"]]())
        if job["dropout"] > 0:
            layers.append(nn.Dropout(job["dropout"]))
        width = units
    layers.append(nn.Linear(width, classes))
    model = nn.Sequential(*layers)
    linear = [m for m in model if isinstance(m, nn.Linear)]
    for layer in linear:
        if job["activation"] == "relu" and layer is not linear[-1]:
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
        else:
            nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
    return model


def train(model, job, x, y, rows, epochs):
    optimizer = torch.optim.Adam(model.parameters(), lr=job["learning_rate"], eps=1e-7)
    loss_of = nn.CrossEntropyLoss()
    kernels = [m.weight for m in model if isinstance(m, nn.Linear)]
    model.train()
    for _ in range(epochs):
        order = rows[torch.randperm(len(rows))]
        for begin in range(0, len(order), job["batch"]):
            index = order[begin : begin + job["batch"]]
            optimizer.zero_grad()
            loss = loss_of(model(x[index]), y[index])
            if job["l1"] > 0:
                loss = loss + job["l1"] * sum(w.abs().sum() for w in kernels)
            loss.backward()
            optimizer.step()


def main(folder):
    x, y = (torch.from_numpy(np.load(f"{folder}/{n}_train.npy")) for n in "xy")
    x_test, y_test = (torch.from_numpy(np.load(f"{folder}/{n}_test.npy")) for n in "xy")
    y, y_test = y.long(), y_test.long()
    classes = int(y.max()) + 1
    info = {"ready": "torch", "version": torch.__version__, "capability": torch.backends.cpu.get_cpu_capability()}
    print(json.dumps(info), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        job = request["job"]
        torch.manual_seed(job["seed"])
        model = build(job, x.shape[1], classes)
        rows = torch.randperm(len(x))[: request["samples"]]
        start = time.process_time()
        train(model, job, x, y, rows, request.get("epochs", 1))
        answer = {"cpu_seconds": time.process_time() - start, "samples": len(rows) * request.get("epochs", 1)}
        if request["task"] == "accuracy":
            model.eval()
            with torch.no_grad():
                logits = model(x_test)
                answer["accuracy"] = (logits.argmax(1) == y_test).double().mean().item()
                answer["loss"] = nn.functional.cross_entropy(logits, y_test).item()
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
