# Models made by PyTorch, scikit-learn and Keras: what we import gives the framework's outputs to 1e-5, quantised files exactly.
import os

os.environ.setdefault("KERAS_BACKEND", "torch")

import json
import warnings

import keras
import numpy as np
import onnx
import skl2onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.util.cleanup import cleanup_model
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from common import Snac

warnings.filterwarnings("ignore")
TOLERANCE = 1e-5


def softmax(logits):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def check_float(snac, title, path, features, expected, after=lambda x: x, more=()):
    model, written = snac.folder / "imported.mlp", snac.folder / "features.txt"
    said = json.loads(snac.run("import", path, "-o", model, "--json", *more))
    np.savetxt(written, features, fmt="%.9g")
    found = after(snac.values(model, "--features", written).astype(np.float64))
    difference = float(np.abs(found - expected).max())
    snac.check(f"{title} [{said['producer']}]", found.shape == expected.shape and difference <= TOLERANCE, f"largest difference {difference:.2g}")


def torch_models(snac, rng):
    torch.manual_seed(1)
    features = rng.normal(size=(300, 16)).astype(np.float32)

    def trained(model):
        """Statistics of batch normalisation that are not 0 and 1."""
        optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
        for _ in range(30):
            optimiser.zero_grad()
            torch.nn.functional.mse_loss(model(torch.from_numpy(features)).flatten(), torch.ones(len(features) * 5)).backward()
            optimiser.step()
        return model.eval()

    nn = torch.nn
    models = {
        "relu, normalised": nn.Sequential(nn.BatchNorm1d(16), nn.Linear(16, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.1),
                                          nn.Linear(32, 16, bias=False), nn.ReLU(), nn.BatchNorm1d(16), nn.Linear(16, 5)),
        "tanh, sigmoid, leaky relu": nn.Sequential(nn.Flatten(), nn.Linear(16, 12), nn.Tanh(), nn.Linear(12, 8), nn.Sigmoid(), nn.Linear(8, 8),
                                                   nn.LeakyReLU(), nn.Linear(8, 5)),
        "softmax": nn.Sequential(nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 5), nn.Softmax(dim=1)),
    }
    for title, model in models.items():
        trained(model)
        with torch.no_grad():
            expected = model(torch.from_numpy(features)).numpy()
        for dynamo in (True, False):
            path = snac.folder / "torch.onnx"
            batch = {"dynamic_shapes": ({0: torch.export.Dim("batch")},)} if dynamo else {"dynamic_axes": {"x": {0: "batch"}}}
            torch.onnx.export(model, (torch.from_numpy(features[:2]),), str(path), input_names=["x"], dynamo=dynamo, **batch)
            after = softmax if title == "softmax" else lambda x: x
            check_float(snac, f"PyTorch, {title}, {'torch.export' if dynamo else 'TorchScript'}", path, features, expected, after)


def sklearn_models(snac, rng):
    features = rng.normal(size=(400, 10)).astype(np.float32)
    labels = np.argmax(features[:, :4] + 0.3 * rng.normal(size=(400, 4)), axis=1)
    initial = [("x", skl2onnx.common.data_types.FloatTensorType([None, 10]))]
    for activation in ("relu", "tanh", "logistic", "identity"):
        model = make_pipeline(StandardScaler(), MLPClassifier(hidden_layer_sizes=(16, 8), activation=activation, max_iter=60, random_state=1)).fit(features, labels)
        for zipmap in (True, False):
            path = snac.folder / "sklearn.onnx"
            path.write_bytes(skl2onnx.convert_sklearn(model, initial_types=initial, options={"zipmap": zipmap}).SerializeToString())
            graph = onnx.load(path).graph
            check_float(snac, f"scikit-learn, classifier, {activation}, zipmap {zipmap}", path, features, model.predict_proba(features), softmax,
                        ("--output-name", graph.output[1].name))
    regressor = MLPRegressor(hidden_layer_sizes=(12,), max_iter=60, random_state=1).fit(features, features[:, 0] * 2)
    path = snac.folder / "sklearn.onnx"
    path.write_bytes(skl2onnx.convert_sklearn(regressor, initial_types=initial).SerializeToString())
    check_float(snac, "scikit-learn, regressor", path, features, regressor.predict(features).reshape(-1, 1))


def keras_models(snac, rng):
    keras.utils.set_random_seed(1)
    features = rng.normal(size=(300, 16)).astype(np.float32)
    labels = rng.integers(0, 5, size=300)
    layers = keras.layers
    inputs = keras.Input((16,), name="jets")
    x = layers.Dense(24, activation="relu", name="first_layer")(inputs)
    x = layers.BatchNormalization(scale=False)(x)
    x = layers.Dense(12, use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("tanh")(x)
    functional = keras.Model(inputs, layers.Dense(5, activation="softmax")(x))
    models = {
        "sequential": (keras.Sequential([keras.Input((16,)), layers.Dense(16), layers.BatchNormalization(), layers.ReLU(), layers.Dropout(0.1),
                                         layers.Dense(8, activation="sigmoid"), layers.Dense(5)]), lambda x: x),
        "functional": (functional, softmax),
        "leaky, flat": (keras.Sequential([keras.Input((4, 4)), layers.Flatten(), layers.Dense(12), layers.LeakyReLU(),
                                          layers.Dense(5, activation="softmax")]), softmax),
    }
    for title, (model, after) in models.items():
        model.compile(optimizer="adam", loss="mse")
        shaped = features.reshape((300, *model.input_shape[1:]))
        model.fit(shaped, np.eye(5, dtype=np.float32)[labels], epochs=3, verbose=0)
        expected = model.predict(shaped, verbose=0)
        for ending in (".keras", ".h5"):
            path = snac.folder / ("model" + ending)
            model.save(path)
            check_float(snac, f"Keras, {title}, {ending}", path, features, expected, after)
        path = snac.folder / "keras.onnx"
        try:
            model.export(str(path), format="onnx", verbose=False)
        except Exception as error:  # Keras leaves the work to the backend's exporter
            print(f"skipped: Keras, {title}, its own ONNX export: {str(error).splitlines()[0][:120]}", flush=True)
            continue
        if title != "leaky, flat":
            check_float(snac, f"Keras, {title}, its own ONNX export", path, features, expected, after)


def quantised_models(snac, rng):
    """The patterns that Brevitas and QKeras leave, executed by qonnx."""
    def constant(name, value, kind=np.float32):
        return numpy_helper.from_array(np.asarray(value, dtype=kind), name)

    weights = [rng.normal(size=(12, 8)).astype(np.float32), rng.normal(size=(8, 5)).astype(np.float32)]
    bias = rng.normal(size=8).astype(np.float32)
    initial, nodes = [], []

    def quant(source, target, bits, scale, signed, mode="ROUND", narrow=0):
        initial.extend([constant(target + "_s", scale), constant(target + "_z", 0.0), constant(target + "_b", float(bits))])
        nodes.append(helper.make_node("Quant", [source, target + "_s", target + "_z", target + "_b"], [target], name="q_" + target,
                                      domain="qonnx.custom_op.general", signed=signed, narrow=narrow, rounding_mode=mode))

    initial += [constant("w1", weights[0]), constant("w2", weights[1]), constant("b1", bias)]
    quant("x", "xq", 10, 2.0**-6, 1)
    quant("w1", "w1q", 6, 2.0**-4, 1, narrow=1)
    quant("w2", "w2q", 5, np.array([[2.0**-3, 2.0**-2, 2.0**-3, 2.0**-4, 2.0**-3]], np.float32), 1)
    quant("b1", "b1q", 8, 2.0**-5, 1)
    nodes.append(helper.make_node("MatMul", ["xq", "w1q"], ["m1"], name="m1"))
    nodes.append(helper.make_node("Add", ["m1", "b1q"], ["a1"], name="a1"))
    nodes.append(helper.make_node("Relu", ["a1"], ["r1"], name="r1"))
    quant("r1", "r1q", 6, 2.0**-3, 0)
    nodes.append(helper.make_node("MatMul", ["r1q", "w2q"], ["m2"], name="m2"))
    quant("m2", "y", 9, 2.0**-4, 1, mode="FLOOR")
    graph = helper.make_graph(nodes, "quantised", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [64, 12])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [64, 5])], initial)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13), helper.make_opsetid("qonnx.custom_op.general", 1)])
    features = (3 * rng.normal(size=(64, 12))).astype(np.float32)
    for title, wrapped in {"as exported": ModelWrapper(model), "after qonnx's cleanup": cleanup_model(ModelWrapper(model))}.items():
        path, net, written = snac.folder / "quantised.onnx", snac.folder / "quantised.json", snac.folder / "features.txt"
        wrapped.save(str(path))
        cleaned = cleanup_model(ModelWrapper(str(path)))
        expected = execute_onnx(cleaned, {cleaned.graph.input[0].name: features})[cleaned.graph.output[0].name]
        np.savetxt(written, features, fmt="%.9g")
        snac.run("import", path, "-o", net)
        wrong = int((snac.values(net, "--features", written) != expected).any(axis=1).sum())
        snac.check(f"QONNX {title}", wrong == 0, f"{64 - wrong} of 64 rows the same")
        snac.check(f"QONNX {title}: all engines", "bit-exact: 500/500" in snac.run("verify", "-m", net, "--vectors", 500, "--simulator", "none"))


def float_export(snac, rng):
    """A trained float network of ours in onnxruntime."""
    import onnxruntime

    study = snac.folder / "study.yaml"
    study.write_text(f"""
study: peers
output: {snac.folder}/study
data: {{train: {os.path.abspath(snac.options.data)}/jets8_train.h5, constituents: {{count: 8, order: pt}}, max_rows: 4000}}
space: {{layers: [2], width: {{1: [16], 2: [12]}}, activation: [relu, tanh, sigmoid, leaky_relu], batch_norm: [true, false]}}
search: {{sampler: {{name: random, population: 4}}, trials: 8, epochs: 2}}
""")
    trials = json.loads(snac.run("search", "--config", study, "--json"))["trials"]
    features = rng.normal(size=(100, 24)).astype(np.float32)
    for trial in trials:
        path = snac.folder / "float.onnx"
        snac.run("export", "--config", study, "-m", trial["trial"], "--format", "onnx", "-o", path)
        onnx.checker.check_model(onnx.load(path), full_check=True)
        expected = onnxruntime.InferenceSession(str(path)).run(None, {"features": features})[0]
        check_float(snac, f"our float network {trial['network']} in onnxruntime", path, features, expected)


def main():
    snac = Snac()
    rng = np.random.default_rng(1)
    torch_models(snac, rng)
    sklearn_models(snac, rng)
    keras_models(snac, rng)
    quantised_models(snac, rng)
    float_export(snac, rng)
    snac.exit()


main()
