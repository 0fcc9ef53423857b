#include "snac/flow/reproduction.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>
#include <tuple>

#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/flow/published.hpp"
#include "snac/space/arch_spec.hpp"

namespace snac::flow {
namespace {

const std::string kPaperConfig = SNAC_SOURCE_DIR "/configs/jets_paper.yaml";

const ReproductionPart& part_of(const std::vector<ReproductionPart>& parts, const std::string& key) {
  return *std::find_if(parts.begin(), parts.end(), [&](const ReproductionPart& part) { return part.key == key; });
}

std::vector<std::string> objectives(const ReproductionPart& part) {
  std::vector<std::string> names;
  for (const auto& [name, direction] : part.config.search.objectives) names.push_back(name);
  return names;
}

TEST(Published, table_2_is_that_of_the_papers) {
  // arXiv 2512.15998, Table 2; last row arXiv 2605.16138.
  const std::vector<std::tuple<std::string, double, int, double, double>> print{{"Baseline", 63.77, 25916, 7.10, 183.74},
                                                                                {"Optimal NAC", 63.81, 7904, 3.60, 62.69},
                                                                                {"SNAC-Pack", 63.84, 8352, 3.12, 72.24},
                                                                                {"Optimal Resource", 62.30, 4768, 1.96, 56.59}};
  const Json rows = published_experiment("paper")["global"];
  ASSERT_EQ(rows.size(), print.size());
  for (std::size_t i = 0; i < print.size(); ++i) {
    const auto& [model, accuracy, macs, resource, cycles] = print[i];
    EXPECT_EQ(rows[i]["model"], model);
    EXPECT_EQ(rows[i]["accuracy"].get<double>(), accuracy);
    EXPECT_EQ(rows[i]["macs"].get<int>(), macs);
    EXPECT_EQ(rows[i]["average_resource"].get<double>(), resource);
    EXPECT_EQ(rows[i]["clock_cycles"].get<double>(), cycles);
    EXPECT_EQ(space::macs(space::mlp(24, rows[i]["hidden"].get<std::vector<int>>(), 5)), macs) << "the network has the count in print";
  }
}

TEST(Published, table_3_is_that_of_the_papers) {
  struct Row {
    std::string model;
    std::vector<double> figures;  // latency ns, cycles, interval ns, cycles, DSP, LUT, FF, BRAM
  };
  const std::vector<Row> print{{"Baseline", {105, 21, 5, 1, 262, 155080, 25714, 4}},
                               {"Optimal NAC", {125, 25, 60, 12, 0, 54075, 12016, 8}},
                               {"SNAC-Pack", {140, 24, 70, 12, 0, 57728, 12605, 0}},
                               {"Optimal Resource", {50, 10, 5, 1, 0, 34472, 5061, 0}}};
  const Json rows = published_experiment("paper")["synthesis"];
  ASSERT_EQ(rows.size(), print.size());
  const std::vector<std::string> names{"latency_ns", "latency_cycles", "interval_ns", "interval_cycles", "dsp", "lut", "ff", "bram"};
  for (std::size_t i = 0; i < print.size(); ++i) {
    EXPECT_EQ(rows[i]["model"], print[i].model);
    for (std::size_t k = 0; k < names.size(); ++k)
      EXPECT_EQ(rows[i][names[k]].get<double>(), print[i].figures[k]) << print[i].model << " " << names[k];
    // Shares are of the VU13P, as printed: one to two digits.
    EXPECT_NEAR(rows[i]["lut_percent"].get<double>(), 100 * print[i].figures[5] / 1728000, 0.051) << print[i].model;
    EXPECT_NEAR(rows[i]["ff_percent"].get<double>(), 100 * print[i].figures[6] / 3456000, 0.051) << print[i].model;
  }
}

TEST(Published, full_configuration_has_the_published_space_and_budget) {
  const Json published = published_experiment("paper");
  const StudyConfig config = load_config(kPaperConfig);
  const auto texts = [](const YAML::Node& node) { return node.as<std::vector<std::string>>(); };
  for (const char* axis : {"layers", "activation", "batch_norm", "learning_rate", "l1", "dropout"})
    EXPECT_EQ(texts(config.space[axis]), published["space"][axis].get<std::vector<std::string>>()) << axis;
  EXPECT_EQ(config.space["width"].size(), 8U);
  for (const auto& [layer, widths] : published["space"]["width"].items())
    EXPECT_EQ(texts(config.space["width"][layer]), widths.get<std::vector<std::string>>()) << layer;
  const Json& budget = published["budget"];
  EXPECT_EQ(config.search.trials, budget["trials"].get<int>());
  EXPECT_EQ(config.search.nsga2.population, budget["population"].get<int>());
  EXPECT_EQ(config.search.training.epochs, budget["epochs"].get<int>());
  EXPECT_EQ(config.search.training.batch, budget["batch"].get<int>());
  EXPECT_EQ(config.data.folds, budget["folds"].get<int>());
  EXPECT_EQ(config.compress.chain.warmup_epochs, budget["warmup_epochs"].get<int>());
  EXPECT_EQ(config.compress.chain.pruning.iterations, budget["pruning_iterations"].get<int>());
  EXPECT_EQ(config.compress.chain.pruning.epochs, budget["pruning_epochs"].get<int>());
  EXPECT_EQ(config.compress.chain.pruning.fraction, budget["pruning_fraction"].get<double>());
  EXPECT_EQ(config.compress.precisions, budget["precisions"].get<std::vector<std::string>>());
  EXPECT_EQ(config.target.device, budget["device"].get<std::string>());
  EXPECT_EQ(config.target.clock_ns, budget["clock_ns"].get<double>());
  EXPECT_EQ(config.baseline.hidden, published["global"][0]["hidden"].get<std::vector<int>>());
}

TEST(Reproduction, parts_differ_in_what_guides_them_and_in_the_seed) {
  const auto parts = plan_reproduction({.config = kPaperConfig, .overrides = {"seed=7"}, .seeds = 2, .output = "somewhere"});
  ASSERT_EQ(parts.size(), 10U);
  using Names = std::vector<std::string>;
  EXPECT_EQ(objectives(part_of(parts, "accuracy")), Names({"accuracy"}));
  EXPECT_EQ(objectives(part_of(parts, "nac")), Names({"accuracy", "bops_nac_mlp"}));
  EXPECT_EQ(objectives(part_of(parts, "snac_pack")), Names({"accuracy", "average_resource", "clock_cycles"}));
  EXPECT_EQ(objectives(part_of(parts, "circuit")), Names({"accuracy", "average_resource", "clock_cycles"}));
  std::set<std::string> folders;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const StudyConfig& config = parts[i].config;
    folders.insert(config.output);
    EXPECT_EQ(config.seed, i < 5 ? 7U : 8U);
    EXPECT_EQ(config.search.hardware == HardwareFigures::circuit, parts[i].key == "circuit");
    EXPECT_EQ(config.search.trials, parts[i].key == "baseline" ? 4 : 500);
    EXPECT_EQ(config.select.where, parts[i].key == "baseline" ? Names{} : Names{"accuracy >= best - 0.0004"}) << "63.84 - 63.8 %";
    EXPECT_EQ(config.space["layers"].IsSequence(), parts[i].key != "baseline") << "parts do not share a space";
    EXPECT_TRUE(std::filesystem::path(config.data.train).is_absolute());
  }
  EXPECT_EQ(folders.size(), 10U);
  EXPECT_EQ(part_of(parts, "baseline").config.search.training.epochs, load_config(kPaperConfig).baseline.training.epochs);
}

TEST(Reproduction, the_papers_estimator_guides_the_search_if_its_files_are_given) {
  const auto parts = plan_reproduction({.config = kPaperConfig, .overrides = {"target.rule4ml.folder=/weights"}});
  EXPECT_EQ(objectives(part_of(parts, "snac_pack")),
            std::vector<std::string>({"accuracy", "rule4ml_average_resource", "rule4ml_clock_cycles"}));
  EXPECT_EQ(objectives(part_of(parts, "circuit")), std::vector<std::string>({"accuracy", "average_resource", "clock_cycles"}));
  for (const auto& part : parts) EXPECT_EQ(part.config.target.rule4ml.device, "alveo-u200");
  const auto mine = plan_reproduction(
      {.config = kPaperConfig, .overrides = {"target.rule4ml={folder: /weights, device: zcu102}", "select.where=[accuracy >= 0.638]"}});
  EXPECT_EQ(part_of(mine, "nac").config.target.rule4ml.device, "zcu102");
  EXPECT_EQ(part_of(mine, "nac").config.select.where, std::vector<std::string>{"accuracy >= 0.638"});
}

TEST(Reproduction, scales_shrink_budgets_and_leave_data_and_epochs_of_trials) {
  const StudyConfig full = load_config(kPaperConfig);
  StudyConfig same = full, tenth = full, least = full;
  scale_budget(same, 1);
  EXPECT_EQ(YAML::Dump(same.to_yaml()), YAML::Dump(full.to_yaml()));
  scale_budget(tenth, 0.1);
  EXPECT_EQ(tenth.search.trials, 50);
  EXPECT_EQ(tenth.search.nsga2.population, 10);
  EXPECT_EQ(tenth.search.training.epochs, 5);
  EXPECT_EQ(tenth.data.folds, 3);
  EXPECT_EQ(tenth.compress.chain.warmup_epochs, 2);
  EXPECT_EQ(tenth.compress.chain.pruning.iterations, 4);
  EXPECT_EQ(tenth.compress.chain.pruning.epochs, 3);
  EXPECT_EQ(tenth.compress.chain.pruning.fraction, 0.2);
  EXPECT_EQ(tenth.baseline.training.epochs, 32);
  scale_budget(least, 1e-6);
  EXPECT_EQ(least.search.trials, 8);
  EXPECT_EQ(least.search.nsga2.population, 4);
  EXPECT_EQ(least.compress.chain.pruning.iterations, 3) << "half of the weights are gone after the third round";
  EXPECT_EQ(least.compress.chain.pruning.epochs, 1);
}

TEST(Reproduction, refuses_nonsense_and_says_what_is_known) {
  const auto message = [](ReproductionParams params) {
    if (params.config.starts_with("configs")) params.config = kPaperConfig;
    try {
      plan_reproduction(params);
    } catch (const ConfigError& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  const auto expect = [&](const ReproductionParams& params, const std::string& part) {
    EXPECT_NE(message(params).find(part), std::string::npos) << message(params);
  };
  expect({.experiment = "papr"}, "did you mean 'paper'?");
  expect({.experiment = "qubits"}, "paper (The SNAC-Pack jet experiment)");
  for (const double scale : {0.0, -1.0, 1.5, std::nan(""), HUGE_VAL}) expect({.scale = scale}, "--scale");
  for (const int seeds : {0, -3, 101}) expect({.seeds = seeds}, "--seeds");
  expect({.overrides = {"search.objectives={accuracy: max}"}}, "search.objectives");
  expect({.overrides = {"output=elsewhere"}}, "--output");
  expect({.overrides = {"choose.count=2"}}, "choose.count");
  expect({.overrides = {"compress.method=learned"}}, "compress.method");
  expect({.overrides = {"compress.pruning.iterations=0"}}, "compress.pruning.iterations");
  expect({.overrides = {"baseline.hidden=[]"}}, "baseline.hidden");
  expect({.overrides = {"search.trails=9"}}, "trials");
  EXPECT_THROW(plan_reproduction({.config = "no/such.yaml"}), Error);
}

}  // namespace
}  // namespace snac::flow
