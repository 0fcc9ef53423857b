"""Keras on TensorFlow as most people write it: Sequential, compile, fit on arrays in memory. See torch_peer.py."""

import json
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
import numpy as np
import tensorflow as tf

tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)


def build(job, inputs, classes):
    kernel = "he_uniform" if job["activation"] == "relu" else "glorot_uniform"
    layers = [keras.Input((inputs,))]
    for units in job["hidden"]:
        regularizer = keras.regularizers.L1(job["l1"]) if job["l1"] > 0 else None
        layers.append(keras.layers.Dense(units, kernel_initializer=kernel, kernel_regularizer=regularizer))
        if job["batch_norm"]:
            layers.append(keras.layers.BatchNormalization())
        layers.append(keras.layers.Activation(job["activation"]))
        if job["dropout"] > 0:
            layers.append(keras.layers.Dropout(job["dropout"]))
    layers.append(keras.layers.Dense(classes))
    model = keras.Sequential(layers)
    model.compile(
        optimizer=keras.optimizers.Adam(job["learning_rate"]),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model


def main(folder):
    x, y = (np.load(f"{folder}/{n}_train.npy") for n in "xy")
    classes = int(y.max()) + 1
    print(json.dumps({"ready": "keras", "version": f"keras {keras.__version__}, tensorflow {tf.__version__}"}), flush=True)
    models = {}  # a graph is traced and compiled once per network: that is not counted
    for line in sys.stdin:
        request = json.loads(line)
        job = request["job"]
        keras.utils.set_random_seed(job["seed"])
        rows = np.random.permutation(len(x))[: request["samples"]]
        some_x, some_y = x[rows], y[rows]
        key = json.dumps(job, sort_keys=True)
        if key not in models:
            models[key] = build(job, x.shape[1], classes)
            models[key].fit(some_x[: 4 * job["batch"]], some_y[: 4 * job["batch"]], batch_size=job["batch"], verbose=0)
        start = time.process_time()
        models[key].fit(some_x, some_y, batch_size=job["batch"], epochs=1, verbose=0)
        print(json.dumps({"cpu_seconds": time.process_time() - start, "samples": len(rows)}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
