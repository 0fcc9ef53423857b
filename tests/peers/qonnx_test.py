# Our QONNX files in the real qonnx executor and the real hls4ml: the same integers as our interpreter, the types that we declared.
import json
import os
import pathlib
import subprocess

import numpy as np
import onnx
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.util.cleanup import cleanup_model

from common import Snac

STUDY = """
study: peers
output: {folder}/study
data: {{train: {data}/jets8_train.h5, test: {data}/jets8_test.h5, constituents: {{count: 8, order: pt}}, scaling: robust, max_rows: 6000}}
target: {{precision: {{weights: 8, activations: 8, input: "fixed<12,4>"}}}}
space: {{layers: [2], width: {{1: [16, 24], 2: [16]}}, activation: [relu, tanh, sigmoid, leaky_relu], batch_norm: [true, false]}}
search: {{sampler: {{name: random, population: 4}}, trials: 12, epochs: 3}}
select: {{rule: best, count: 8}}
compress:
  method: both
  precisions: [8, w5a6]
  warmup_epochs: 2
  pruning: {{iterations: 2, fraction: 0.7, epochs: 2, rewind: warmup}}
  learned: {{epochs: 40, cycle_epochs: 20, points: 3, descent_rounds: 1}}
synth: {{tools: []}}
"""


def execute(model, features):
    name = model.graph.output[0].name
    return execute_onnx(model, {"global_in": features.astype(np.float32)})[name]


def qonnx_outputs(path, features):
    """Row by row as the file stands, its batch is 1, for some rows; then all rows at once, with the batch changed."""
    model = ModelWrapper(str(path))
    some = np.concatenate([execute(model, row.reshape(1, -1)) for row in features[:20]])
    constants = {tensor.name for tensor in model.graph.initializer} | {node.output[0] for node in model.graph.node if node.input[0] in
                                                                       {tensor.name for tensor in model.graph.initializer}}
    for info in [*model.graph.input, *model.graph.output, *model.graph.value_info]:
        if info.name not in constants:
            info.type.tensor_type.shape.dim[0].dim_value = len(features)
    everything = execute(model, features)
    assert np.array_equal(everything[:20], some)
    return everything


def hls_type(net_type):
    """ap_fixed text of hls4ml to (signed, width, integer bits)."""
    return (bool(net_type.signed), int(net_type.width), int(net_type.integer))


def parse_type(text):
    signed = not text.startswith("u")
    width, integer = text[text.index("<") + 1:-1].split(",")[:2]
    return (signed, int(width), int(integer))


def hls4ml_outputs(path, net, features, folder):
    import hls4ml

    model = cleanup_model(ModelWrapper(str(path)))
    config = hls4ml.utils.config_from_onnx_model(model, granularity="name", backend="Vitis", default_precision="fixed<40,16>")
    first = parse_type(net["input"]["types"][0]) if len(net["input"]["types"]) == 1 else None
    if first:
        signed, width, integer = first
        config["LayerName"]["global_in"]["Precision"]["result"] = f"{'' if signed else 'u'}fixed<{width},{integer},RND_CONV,SAT>"
    hls = hls4ml.converters.convert_from_onnx_model(model, output_dir=str(folder), backend="Vitis", hls_config=config, project_name="jets")
    hls.compile()
    types = [hls_type(layer.get_output_variable().type.precision) for layer in hls.get_layers()]
    return hls.predict(np.ascontiguousarray(features, dtype=np.float32)).reshape(len(features), -1), types


def compare(snac, title, net_path, arguments, with_hls4ml, more=()):
    exported = snac.folder / "model.onnx"
    said = json.loads(snac.run("export", "-m", net_path, "-o", exported, "--json", *more))
    onnx.checker.check_model(onnx.load(exported))
    written = snac.folder / "features.txt"
    net = pathlib.Path(net_path)
    if more:  # with another output stage our values come from the imported file, which is checked against the same network elsewhere
        net = snac.folder / "imported.json"
        snac.run("import", exported, "-o", net)
        original = snac.values(net_path, *arguments, "--write", written)
        ours = snac.values(net, "--features", written)
        snac.check(f"{title}: class index of the imported file", np.array_equal(ours.ravel(), original.argmax(axis=1)))
    else:
        ours = snac.values(net, *arguments, "--write", written)
    features = np.loadtxt(written, ndmin=2)
    theirs = qonnx_outputs(exported, features)
    wrong = int((theirs != ours).any(axis=1).sum())
    snac.check(f"{title}: qonnx", wrong == 0, f"{len(ours) - wrong} of {len(ours)} rows the same")
    imported = snac.folder / "round_trip.json"
    snac.run("import", exported, "-o", imported)
    wrong = int((snac.values(imported, "--features", written) != ours).any(axis=1).sum())
    snac.check(f"{title}: export and import", wrong == 0, f"{len(ours) - wrong} of {len(ours)} rows the same")
    if not with_hls4ml or not said["for_hls4ml"]:
        return
    description = json.loads(net.read_text())
    theirs, types = hls4ml_outputs(exported, description, features, snac.folder / ("hls4ml_" + title.replace(" ", "_")))
    wrong = int((theirs != ours).any(axis=1).sum())
    snac.check(f"{title}: hls4ml", wrong == 0, f"{len(ours) - wrong} of {len(ours)} rows the same")
    declared = [parse_type(node["output"]["types"][0]) for node in description["nodes"] if len(node["output"]["types"]) == 1]
    missing = [t for t in declared if t not in types]
    if not declared:  # every value has a type per element
        return
    snac.check(f"{title}: types in hls4ml", not missing, f"{len(declared) - len(missing)} of {len(declared)} declared types")


def random_networks(snac, count):
    """Every rounding, overflow and mixture of types, as far as QONNX can say it."""
    net, exported, written = snac.folder / "random.json", snac.folder / "random.onnx", snac.folder / "features.txt"
    compared = wrong = 0
    for seed in range(count):
        subprocess.run([snac.options.values, str(net), "--random-net", str(seed)], check=True)
        if subprocess.run([snac.options.snac, "--quiet", "export", "-m", str(net), "-o", str(exported)], capture_output=True).returncode:
            continue
        ours = snac.values(net, "--random", "--rows", 60, "--write", written)
        compared += 1
        wrong += not np.array_equal(qonnx_outputs(exported, np.loadtxt(written, ndmin=2)), ours)
    snac.check("random networks: qonnx", compared > count // 5 and wrong == 0, f"{compared - wrong} of {compared} networks the same")


def main():
    snac = Snac()
    study = snac.folder / "study.yaml"
    study.write_text(STUDY.format(folder=snac.folder, data=os.path.abspath(snac.options.data)))
    models = json.loads(snac.run("compress", "--config", study, "--json"))["compressed"]
    jets = ("--data", os.path.join(snac.options.data, "jets8_test.h5"), "--rows", snac.options.rows)
    seen = set()
    for model in models:
        name, network = model["model"], model["network"]
        activation = network.split()[1]
        kind = (activation, model["precision"], model["iteration"] if model["precision"] != "learned" else 0)
        if kind in seen:
            continue
        seen.add(kind)
        folder = snac.folder / name
        snac.run("synth", "--config", study, "-m", name, "--no-yosys", "-o", folder)
        title = f"{name} {network}"
        last = model["iteration"] == 2 or model["precision"] == "learned"
        compare(snac, title + ", jets", folder / "fixed_net.json", jets, with_hls4ml=last and activation == "relu")
        compare(snac, title + ", random vectors", folder / "fixed_net.json", ("--random", "--rows", 200), with_hls4ml=False)
        compare(snac, title + ", argmax", folder / "fixed_net.json", jets, with_hls4ml=False, more=("--output-stage", "argmax"))
    random_networks(snac, 150)
    snac.exit()


main()
