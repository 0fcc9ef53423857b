# A study of ours in the real Optuna: it loads, says the same as our program, and goes on; our program then goes on as well.
import csv
import io
import json
import os
import sqlite3
import sys
import warnings

import optuna

from common import Snac

STUDY = """
study: peers
output: {folder}/study
{storage}
seed: 3
data: {{train: {data}/jets8_train.h5, test: {data}/jets8_test.h5, constituents: {{count: 8, order: pt}}, scaling: robust, max_rows: 2000}}
space:
  layers: [1, 2, 3]
  width: {{1: [8, 16, 24], 2: [4, 8, 32], 3: 8}}
  activation: [relu, tanh]
  batch_norm: [true, false]
  dropout: {{values: [0, 0.1, 0.2], when: {{activation: relu}}}}
  learning_rate: [0.001, 0.003, 0.01]
search:
  sampler: {{name: nsga2, population: 4}}
  trials: {trials}
  epochs: 1
  objectives: {{accuracy: max, lut: min}}
  constraints: {{ff: "<= 900"}}
synth: {{tools: []}}
"""


def suggested(trial):
    """The space above, written for Optuna."""
    layers = trial.suggest_int("layers", 1, 3)
    trial.suggest_int("width_1", 8, 24, step=8)
    if layers >= 2:
        trial.suggest_categorical("width_2", [4, 8, 32])
    if layers >= 3:
        trial.suggest_categorical("width_3", [8])
    if trial.suggest_categorical("activation", ["relu", "tanh"]) == "relu":
        trial.suggest_float("dropout", 0, 0.2, step=0.1)
    trial.suggest_categorical("batch_norm", [True, False])
    trial.suggest_categorical("learning_rate", [0.001, 0.003, 0.01])
    return 0.3 + 0.01 * trial.number, 1000.0 * layers


def main():
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    snac = Snac()
    config = snac.folder / "study.yaml"
    path = snac.folder / "shared.db"
    storage = os.environ.get("SNAC_PEER_STORAGE", f"sqlite:///{path}")

    def write(trials):
        config.write_text(STUDY.format(folder=snac.folder, data=snac.options.data, trials=trials, storage=f"storage: \"{storage}\""))

    write(10)
    ours = json.loads(snac.run("run", "--config", config, "--json"))["trials"]
    study = optuna.load_study(study_name="peers", storage=storage)
    trials = study.trials
    snac.check("as many trials", len(trials) == len(ours) == 10, f"{len(trials)} and {len(ours)}")
    snac.check("directions", [d.name for d in study.directions] == ["MAXIMIZE", "MINIMIZE"])
    snac.check("names of objectives", study.metric_names == ["accuracy", "lut"], study.metric_names)
    same_values = all(t.values == [o["values"]["accuracy"], o["values"]["lut"]] for t, o in zip(trials, ours))
    snac.check("values of objectives, to the last bit", same_values)
    snac.check("parameters", all(t.params == o["choices"] for t, o in zip(trials, ours)), trials[0].params)
    snac.check("all figures as user attributes", all(t.user_attrs == o["values"] for t, o in zip(trials, ours)))
    snac.check("times", all(t.datetime_start <= t.datetime_complete for t in trials))
    generations = [t.system_attrs["NSGAIISampler:generation"] for t in trials]
    snac.check("generations", generations == [0] * 4 + [1] * 4 + [2] * 2, generations)
    feasible = [all(c <= 0 for c in t.system_attrs["constraints"]) for t in trials]
    snac.check("constraints", feasible == [o["values"]["ff"] <= 900 for o in ours], feasible)
    front = {t.number for t in study.best_trials}
    rows = csv.DictReader(io.StringIO(snac.run("front", "--config", config, "--csv")))
    expected = {int(row["trial"].lstrip("m")) if "trial" in row else int(next(iter(row.values())).lstrip("m")) for row in rows}
    snac.check("the same front", front == expected or not all(feasible), f"{sorted(front)} and {sorted(expected)}")
    frame = study.trials_dataframe()
    snac.check("a data frame", len(frame) == 10 and set(frame["state"]) == {"COMPLETE"} and "params_width_1" in frame)
    optuna.importance.get_param_importances(study, target=lambda t: t.values[0], evaluator=optuna.importance.PedAnovaImportanceEvaluator())

    # Optuna goes on with its own sampler and its own spelling of the space.
    study.sampler = optuna.samplers.NSGAIISampler(population_size=4, seed=1)
    study.optimize(suggested, n_trials=3)
    states = [t.state.name for t in optuna.load_study(study_name="peers", storage=storage).trials]
    snac.check("Optuna continues it", states == ["COMPLETE"] * 13, states)
    study.enqueue_trial({"layers": 1})
    # So do we: numbers go on behind those of Optuna, whose trials we leave alone.
    write(14)
    more = json.loads(snac.run("run", "--config", config, "--json"))["trials"]
    snac.check("our program continues it", len(more) == 14 and more[:10] == ours)
    after = optuna.load_study(study_name="peers", storage=storage).trials
    snac.check("numbers", [t.number for t in after] == list(range(18)))
    snac.check("a trial in the queue is still there", after[13].state.name == "WAITING" and after[13].system_attrs["fixed_params"] == {"layers": 1})

    # A file that Optuna made takes our study beside its own.
    if storage.startswith("sqlite"):
        theirs = f"sqlite:///{snac.folder}/theirs.db"
        optuna.create_study(study_name="other", storage=theirs, directions=["maximize"]).optimize(lambda t: t.suggest_float("x", 0, 1), 3)
        config.write_text(config.read_text().replace(storage, theirs))
        snac.run("run", "--config", config, "--output", snac.folder / "second")
        names = sorted(optuna.get_all_study_names(theirs))
        snac.check("a file that Optuna made", names == ["other", "peers"] and len(optuna.load_study(study_name="peers", storage=theirs).trials) == 14)
        verdict = sqlite3.connect(path).execute("PRAGMA integrity_check").fetchone()[0]
        snac.check("the file is intact", verdict == "ok", verdict)
    snac.exit()


if __name__ == "__main__":
    sys.exit(main())
