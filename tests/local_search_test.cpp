// The local search as its users run it: orders, folds, rewinding, fronts, budgets, and every compressed model as hardware.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "program.hpp"
#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/core/json.hpp"
#include "snac/core/rng.hpp"

namespace snac::program {
namespace {

std::vector<std::string> with(std::vector<std::string> arguments, const std::vector<std::string>& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

class LocalSearch : public testing::Test {
 protected:
  void SetUp() override { config_ = write_toy_study(folder_.path()); }

  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  /// The compressed models of a study with changes.
  Json compress(const std::vector<std::string>& more) {
    const Outcome outcome = run(with({"--quiet", "compress", "--config", config_, "--json"}, more));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return parse_json(outcome.out, "compress --json")["compressed"];
  }
  /// The same as printed from the store, without the mark of the front.
  Json stored(const std::vector<std::string>& more) {
    const Outcome outcome = run(with({"front", "--config", config_, "--stage", "compress", "--all", "--json"}, more));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return parse_json(outcome.out, "front --json");
  }

  TemporaryDirectory folder_;
  std::string config_;
};

const std::vector<std::string> kFloatFirst{
    "--set",
    "compress={precisions: [6, w3a4], order: prune_then_quantise, warmup_epochs: 1, quantise_epochs: 1, "
    "pruning: {iterations: 2, fraction: 0.3, epochs: 1}}"};
const std::vector<std::string> kFoldsFromTheStart{
    "--set",
    "compress={precisions: [6, w3a4], folds: 2, warmup_epochs: 1, pruning: {iterations: 2, fraction: 0.3, epochs: 1, "
    "rewind: initialisation}}"};

void expect_sound(const Json& models, std::size_t count) {
  ASSERT_EQ(models.size(), count);
  for (const Json& model : models) {
    const double ladder = 1 - std::pow(0.7, model["iteration"].get<int>());
    // Weights that round to zero are zeros as well.
    EXPECT_GE(model["values"]["sparsity"].get<double>(), ladder - 0.04) << model["model"];
    for (const auto& [name, value] : model["values"].items()) {
      ASSERT_TRUE(value.is_number()) << model["model"] << " " << name;
      EXPECT_TRUE(std::isfinite(value.get<double>())) << name;
    }
  }
}

TEST_F(LocalSearch, prunes_in_float_and_quantises_every_round_at_every_precision) {
  const Json models = compress(kFloatFirst);
  expect_sound(models, 2U * 2U * 3U);
  EXPECT_EQ(models[0]["model"].get<std::string>().substr(2), "-w6a6-p0");
  EXPECT_EQ(models[3]["model"].get<std::string>().substr(2), "-w3a4-p0");
  EXPECT_NE(models, compress({"--set", "compress.precisions=[6, w3a4]", "--output", path("combined")}));
}

TEST_F(LocalSearch, both_orders_and_folds_are_the_same_at_any_thread_count_and_after_kill_9) {
  int variant = 0;
  for (const auto& settings : {kFloatFirst, kFoldsFromTheStart}) {
    const auto in = [&](const std::string& name) { return with(settings, {"--output", path(name + std::to_string(variant))}); };
    Json calm;
    const auto time = time_of([&] { calm = compress(with(in("one"), {"--threads", "1"})); });
    expect_sound(calm, 2U * 2U * 3U);
    EXPECT_EQ(calm, compress(with(in("two"), {"--threads", "2"})));
    const auto wild = in("wild");
    EXPECT_GT(disturb(with({"--quiet", "compress", "--config", config_}, wild), path("wild" + std::to_string(variant)), time), 0);
    EXPECT_EQ(calm, compress(wild));
    EXPECT_EQ(stored(wild), stored(in("one"))) << "the record does not depend on who wrote first";
    const Outcome again = run(with({"compress", "--config", config_}, wild));
    EXPECT_EQ(again.err.find("took"), std::string::npos) << "progress shows work:\n" << again.err;
    ++variant;
  }
}

TEST_F(LocalSearch, folds_are_reported_with_their_spread) {
  const Json models = compress(kFoldsFromTheStart);
  for (const Json& model : models) {
    ASSERT_EQ(model["folds"].size(), 2U);
    const double a = model["folds"][0]["accuracy"], b = model["folds"][1]["accuracy"];
    EXPECT_DOUBLE_EQ(model["values"]["accuracy"].get<double>(), (a + b) / 2);
    EXPECT_NEAR(model["values"]["accuracy_deviation"].get<double>(), std::abs(a - b) / std::sqrt(2), 1e-12);
    EXPECT_EQ(model["values"]["lut"], model["folds"][0]["lut"]) << "hardware is that of the network that is kept";
  }
  const Outcome table = run(with({"front", "--config", config_, "--stage", "compress"}, kFoldsFromTheStart));
  EXPECT_NE(table.out.find(" +- "), std::string::npos) << table.out;
}

TEST_F(LocalSearch, every_compressed_model_can_be_loaded_verified_and_synthesised_by_name) {
  for (const Json& model : compress(kFloatFirst)) {
    const std::string name = model["model"];
    const auto study = with({"--config", config_, "--model", name}, kFloatFirst);
    const Outcome verified = run(with({"verify", "--simulator", "none", "--vectors", "300"}, study));
    EXPECT_EQ(verified.exit_code, 0) << name << verified.err;
    EXPECT_NE(verified.out.find("bit-exact: 300/300"), std::string::npos) << verified.out;
    const Outcome synth = run(with({"synth", "--no-yosys", "--json", "--output", path("rtl")}, study));
    ASSERT_EQ(synth.exit_code, 0) << name << synth.err;
    const Json json = parse_json(synth.out, "synth --json");
    EXPECT_EQ(json["circuit"]["lut"], model["values"]["lut"]) << name;
    EXPECT_EQ(json["circuit"]["ff"], model["values"]["ff"]) << name;
    EXPECT_EQ(json["latency_cycles"].get<double>(), model["values"]["clock_cycles"].get<double>()) << name;
    EXPECT_TRUE(std::filesystem::exists(path("rtl") + "/snac_top.v"));
  }
  const std::string last = stored(kFloatFirst).back()["name"];
  const auto study = with({"--config", config_, "--model", last, "--vectors", "300"}, kFloatFirst);
  const Outcome simulated = run(with({"verify", "--simulator", "icarus", "--data", path("test.h5")}, study));
  EXPECT_EQ(simulated.exit_code, 0) << simulated.err;
  EXPECT_NE(simulated.out.find("bit-exact: 300/300"), std::string::npos) << simulated.out;
  // The command line has the last word on the target.
  const Outcome folded =
      run(with({"synth", "--no-yosys", "--json", "--output", path("folded"), "--reuse-factor", "4", "--config", config_, "--model", last},
               kFloatFirst));
  EXPECT_EQ(folded.exit_code, 0) << folded.err;
  EXPECT_TRUE(parse_json(folded.out, "synth --json").contains("folded"));
  const Outcome unknown = run(with({"verify", "--config", config_, "--model", "m99-w6a6-p1"}, kFloatFirst));
  EXPECT_EQ(unknown.exit_code, static_cast<int>(ExitCode::config));
  EXPECT_NE(unknown.err.find("-w6a6-p1"), std::string::npos) << unknown.err;
}

TEST_F(LocalSearch, fronts_hold_what_nothing_dominates_in_the_metrics_asked_for) {
  compress(kFloatFirst);
  for (const char* metrics : {"accuracy,lut,clock_cycles", "accuracy,lut", "accuracy,ff,latency_ns", "sparsity,accuracy", "lut"}) {
    const Json rows = stored(with(kFloatFirst, {"--metrics", metrics}));
    const std::string names = std::string(metrics) + ",";
    const auto dominates = [&](const Json& a, const Json& b) {
      bool better = false;
      for (std::size_t begin = 0; begin < names.size(); begin = names.find(',', begin) + 1) {
        const std::string name = names.substr(begin, names.find(',', begin) - begin);
        const double sign = name == "accuracy" || name == "sparsity" ? -1 : 1;
        const double x = sign * a["values"][name].get<double>(), y = sign * b["values"][name].get<double>();
        if (x > y) return false;
        better = better || x < y;
      }
      return better;
    };
    int on_front = 0;
    for (const Json& row : rows) {
      const bool dominated = std::any_of(rows.begin(), rows.end(), [&](const Json& other) { return dominates(other, row); });
      if (row["front"].get<bool>()) {
        EXPECT_FALSE(dominated) << metrics << ": " << row["name"];
        ++on_front;
      } else if (!dominated) {
        // Of equal points the first stands for all.
        EXPECT_TRUE(
            std::any_of(rows.begin(), rows.end(),
                        [&](const Json& other) { return other["front"].get<bool>() && !dominates(row, other) && !dominates(other, row); }))
            << metrics << ": " << row["name"];
      }
    }
    EXPECT_GE(on_front, 1) << metrics;
  }
  const auto front = with({"front", "--config", config_, "--stage", "compress"}, kFloatFirst);
  const Outcome table = run(with(front, {"--metrics", "accuracy,dsp"}));
  EXPECT_NE(table.out.find("  dsp"), std::string::npos) << "a metric of the front has a column:\n" << table.out;
  const Outcome searched = run(with({"front", "--config", config_, "--metrics", "accuracy,parameters"}, kFloatFirst));
  EXPECT_NE(searched.out.find("  parameters"), std::string::npos) << searched.out;
  const Outcome unmeasured = run(with(front, {"--metrics", "accuracy,bops"}));
  EXPECT_EQ(unmeasured.exit_code, static_cast<int>(ExitCode::config));
  EXPECT_NE(unmeasured.err.find("was not measured"), std::string::npos) << unmeasured.err;
  const Outcome unknown = run(with(front, {"--metrics", "acuracy"}));
  EXPECT_NE(unknown.err.find("did you mean 'accuracy'?"), std::string::npos) << unknown.err;
}

TEST_F(LocalSearch, the_user_s_budgets_choose_and_the_choice_is_explained) {
  const Json models = compress(kFloatFirst);
  // Budgets that some but not all meet, from the models themselves.
  const auto median = [&](const char* metric) {
    std::vector<double> values;
    for (const Json& model : models) values.push_back(model["values"][metric].get<double>());
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
  };
  const auto budgets = "accuracy >= " + std::to_string(median("accuracy") - 0.1) + "', 'lut <= " + std::to_string(median("lut") + 1) +
                       "', 'ff <= " + std::to_string(median("ff") + 1) + "', 'latency_ns <= " + std::to_string(median("latency_ns") + 1);
  for (const std::string rule : {"best", "cheapest", "knee"}) {
    const auto choice = with(kFloatFirst, {"--set", "choose={rule: " + rule + ", by: lut, where: ['" + budgets + "'], count: 1}"});
    const Outcome outcome = run_toy(config_, with(choice, {"--json"}));
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    const Json json = parse_json(outcome.out, "run --json");
    const Json& chosen = json["hardware"][0];
    EXPECT_LE(chosen["values"]["lut"].get<double>(), median("lut") + 1);
    EXPECT_LE(chosen["values"]["ff"].get<double>(), median("ff") + 1);
    EXPECT_LE(chosen["values"]["latency_ns"].get<double>(), median("latency_ns") + 1);
    const std::string reason = json["choose_reason"];
    EXPECT_NE(reason.find(chosen["model"].get<std::string>() + " (accuracy "), std::string::npos) << reason;
    EXPECT_NE(reason.find("lut <= "), std::string::npos) << reason;
    EXPECT_NE(reason.find("latency_ns "), std::string::npos) << reason;
    EXPECT_EQ(reason.find('\n'), std::string::npos) << reason;
    for (const Json& model : models) {
      const Json& v = model["values"];
      if (v["accuracy"].get<double>() < median("accuracy") - 0.1 || v["lut"].get<double>() > median("lut") + 1 ||
          v["ff"].get<double>() > median("ff") + 1 || v["latency_ns"].get<double>() > median("latency_ns") + 1)
        continue;
      if (rule == "best") {
        EXPECT_LE(v["accuracy"].get<double>(), chosen["values"]["accuracy"].get<double>());
      }
      if (rule == "cheapest") {
        EXPECT_GE(v["lut"].get<double>(), chosen["values"]["lut"].get<double>());
      }
    }
  }
  const Outcome nothing = run_toy(config_, with(kFloatFirst, {"--set", "choose.where=['latency_ns <= 1']"}));
  EXPECT_EQ(nothing.exit_code, static_cast<int>(ExitCode::no_result));
  EXPECT_NE(nothing.err.find("best latency_ns"), std::string::npos) << nothing.err;
  EXPECT_EQ(run_toy(config_, with(kFloatFirst, {"--set", "choose.by=bops"})).exit_code, static_cast<int>(ExitCode::config));
}

TEST_F(LocalSearch, pruning_to_one_weight_per_layer_still_ends_in_verilog) {
  for (const std::string order : {"combined", "prune_then_quantise"}) {
    const Outcome outcome = run_toy(
        config_, {"--json", "--output", path(order), "--set", "synth.tools=[icarus]", "--set", "choose={rule: cheapest, by: lut}", "--set",
                  "compress={precisions: [2], order: " + order +
                      ", warmup_epochs: 1, quantise_epochs: 1, pruning: {iterations: 3, fraction: 0.999, epochs: 1}}"});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    const Json json = parse_json(outcome.out, "run --json");
    for (const Json& model : json["compressed"]) {
      for (const auto& [name, value] : model["values"].items()) EXPECT_TRUE(value.is_number()) << model["model"] << " " << name;
      if (model["iteration"] == 3) {
        EXPECT_LE(model["values"]["nonzero"].get<int>(), 3) << "at most two hidden layers";
      }
    }
    EXPECT_EQ(json["hardware"][0]["verification"]["summary"], "bit-exact: 1000/1000");
  }
}

TEST_F(LocalSearch, values_that_no_grid_holds_end_the_search_with_the_reason) {
  std::string csv = "a,b,label\n";
  Rng rng(1);
  for (int i = 0; i < 400; ++i) {
    const double a = rng.normal();
    csv += std::to_string(a * 1e12) + "," + std::to_string(rng.normal()) + (a > 0 ? ",up\n" : ",down\n");
  }
  write_text(path("large.csv"), csv);
  const std::vector<std::string> study{"--config", config_,
                                       "--set",    "data={train: large.csv, scaling: none}",
                                       "--set",    "space.activation=relu",
                                       "--set",    "space.batch_norm=false"};
  const Outcome first = run(with({"compress"}, study));
  EXPECT_EQ(first.exit_code, static_cast<int>(ExitCode::no_result)) << first.err;
  EXPECT_NE(first.err.find("which no grid holds"), std::string::npos) << first.err;
  EXPECT_NE(first.err.find("scale the features"), std::string::npos) << first.err;
  EXPECT_EQ(run(with({"compress"}, study)).exit_code, static_cast<int>(ExitCode::no_result));
}

TEST_F(LocalSearch, inputs_that_saturate_are_pointed_out) {
  const Outcome outcome = run({"compress", "--config", config_, "--set", "target.precision.input=fixed<8,1>"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("of the input values lie outside fixed<8,1"), std::string::npos) << outcome.err;
}

}  // namespace
}  // namespace snac::program
