// A small study in a store, filled by hand: what flow records, in the documented form.
#pragma once

#include <cmath>
#include <memory>
#include <string>

#include "snac/core/files.hpp"
#include "snac/store/store.hpp"

namespace snac::report::testing {

inline const std::string kNasty = "</script><script>alert(1)</script><!-- & \"'";

struct ToyStudy {
  TemporaryDirectory folder{"snac_report"};
  std::string name = "toy";
  std::unique_ptr<store::Store> store = store::open_sqlite((folder.path() / "study.sqlite").string());

  explicit ToyStudy(std::string study = "toy") : name(std::move(study)) {
    store->open_study({.name = name,
                       .config_hash = "abc",
                       .config = {{"seed", "1"}, {"search", {{"objectives", {{"accuracy", "max"}, {"lut", "min"}}}}}},
                       .provenance = {{"snac", "0.1.0"}, {"train", {{"file", "train.h5"}, {"sha256", "0123"}, {"rows", 800}}}}});
  }

  static store::Trial trial(int order) {
    store::Trial trial;
    trial.state = store::TrialState::complete;
    trial.values = {
        {"accuracy", 0.5 + 0.01 * order}, {"accuracy_deviation", 0}, {"lut", 1000.0 + 100 * order}, {"clock_cycles", 5.0 + order % 2}};
    trial.attributes = {{"order", order},
                        {"network", "16-8-5 relu"},
                        {"choices", {{"layers", 1 + order % 2}, {"activation", order % 3 ? "relu" : "tanh"}}},
                        {"seconds", 1.5},
                        {"resource_source", "architecture sample"}};
    return trial;
  }
  void add(store::Trial trial) {
    const std::string identity = "trial " + trial.attributes["order"].dump();
    trial.identity = identity;
    trial.number = store->claim(name, {1, 2}, identity).value();
    store->finish(name, trial);
  }
  void add_failed(int order, const std::string& reason) {
    store::Trial failed = trial(order);
    failed.state = store::TrialState::failed;
    failed.values.clear();
    failed.reason = reason;
    add(failed);
  }
  void add_run(Json more = Json::object()) {
    Json run{{"config_file", "toy.yaml"},
             {"config", "study: toy\nseed: 1\n"},
             {"objectives", {"accuracy", "lut"}},
             {"compressed_objectives", {"accuracy", "lut"}},
             {"metrics",
              {{"accuracy", {{"maximise", true}, {"unit", ""}, {"help", ""}}}, {"lut", {{"maximise", false}, {"unit", ""}, {"help", ""}}}}},
             {"device", {{"name", "xcvu13p"}, {"lut", 100000}, {"ff", 200000}, {"dsp", 100}, {"bram18", 100}}},
             {"clock_ns", 5},
             {"stages", {{"baseline", "baseline:1"}, {"local_search", "local_search:1"}, {"hardware", "hardware:1"}}}};
    run.update(more);
    store->put_record(name, "run", "last", run);
  }
  static Json model(double accuracy) {
    return {{"trial", 1},
            {"precision", "w6a6"},
            {"iteration", 2},
            {"resource_source", "circuit, calibrated on Yosys 0.23"},
            {"values",
             {{"accuracy", accuracy},
              {"sparsity", 0.5},
              {"lut", 1234.4},
              {"ff", 777},
              {"clock_cycles", 6},
              {"latency_ns", 30},
              {"macs", 168},
              {"nonzero", 84},
              {"initiation_interval", 1}}}};
  }
  /// Two models, one of them hardware, with a baseline and class names that bite.
  void add_later_stages() {
    store->put_record(name, "baseline:1", "score",
                      {{"validation_accuracy", 0.61}, {"test_accuracy", 0.6}, {"network", "16-32-5 relu"}, {"macs", 672}});
    store->put_record(name, "local_search:1", "m1-w6a6-p2", model(0.58));
    store->put_record(name, "local_search:1", "m1-w6a6-p3", model(0.57));
    const std::string key = "m1-w6a6-p2/";
    store->put_record(name, "hardware:1", key + "test",
                      {{"accuracy", 0.575},
                       {"rows", 4},
                       {"classes", {"a", kNasty}},
                       {"confusion", {{1, 1}, {0, 2}}},
                       {"roc", {{{"class", "a"}, {"area", 0.9}, {"points", {{0, 0}, {0.5, 1}, {1, 1}}}}}}});
    store->put_record(name, "hardware:1", key + "verify",
                      {{"summary", "bit-exact: 4/4"},
                       {"vectors", 4},
                       {"engines", {{{"engine", "FixedNet interpreter"}, {"vectors", 4}, {"mismatches", 0}}}}});
    store->put_record(name, "hardware:1", key + "yosys",
                      {{"tool", "Yosys 0.23 (git sha1 7ce5011c24b)"},
                       {"lut", 1230},
                       {"ff", 770},
                       {"srl", 3},
                       {"carry8", 50},
                       {"dsp", 0},
                       {"bram18", 0},
                       {"script", "read"}});
    store->put_record(name, "hardware:1", key + "circuit",
                      {{"source", "circuit"},
                       {"lut", 1234.4},
                       {"ff", 777},
                       {"dsp", 0},
                       {"bram18", 0},
                       {"latency_cycles", 2},
                       {"initiation_interval", 1},
                       {"layers",
                        {{{"name", "dense_0"},
                          {"lut", 1234.4},
                          {"ff", 777},
                          {"dsp", 0},
                          {"bram18", 0},
                          {"srl", 0},
                          {"first_cycle", 0},
                          {"last_cycle", 1},
                          {"operations", {7, 8}}}}},
                       {"stages", {{{"register_bits", 400}, {"delay_ns", 2.1}}, {{"register_bits", 377}, {"delay_ns", 1.9}}}}});
  }
};

}  // namespace snac::report::testing
