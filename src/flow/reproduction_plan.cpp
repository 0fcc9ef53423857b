#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "snac/core/error.hpp"
#include "snac/flow/published.hpp"
#include "snac/flow/reproduction.hpp"

namespace snac::flow {
namespace {

constexpr int kMostSeeds = 100;

/// Keys that say which study a part is: the experiment's own.
const std::vector<std::string> kOwnKeys{"study",     "output",       "models", "search.objectives", "search.hardware", "select.rule",
                                        "select.by", "select.count", "choose"};

void refuse_own_keys(const std::vector<std::string>& overrides) {
  for (const auto& assignment : overrides) {
    const std::string key = assignment.substr(0, assignment.find('='));
    for (const auto& own : kOwnKeys) {
      if (key != own && !key.starts_with(own + ".")) continue;
      throw ConfigError("the experiment sets this key itself",
                        {.where = "--set " + assignment,
                         .found = key,
                         .expected = "a key of data, target, space, budget or tools",
                         .hint = own == "output" ? "use --output" : "for a study of your own: snac run --config FILE"});
    }
  }
}

std::string absolute(const StudyConfig& config, const std::string& path) {
  return path.empty() ? path : std::filesystem::absolute(config.resolve(path)).lexically_normal().string();
}

/// Paths that mean the same from any folder. Two files of one data set are joined by a comma.
void make_paths_absolute(StudyConfig& config) {
  const auto data_path = [&](const std::string& path) {
    std::string result;
    for (std::size_t start = 0; start < path.size();) {
      const std::size_t comma = std::min(path.find(',', start), path.size());
      result += (start ? "," : "") + absolute(config, path.substr(start, comma - start));
      start = comma + 1;
    }
    return result;
  };
  config.data.train = data_path(config.data.train);
  config.data.test = data_path(config.data.test);
  TargetConfig& target = config.target;
  for (std::string* path : {&target.devices, &target.surrogate, &target.calibration, &target.rule4ml.folder})
    *path = absolute(config, *path);
}

void check_usable(const StudyConfig& config) {
  const auto refuse = [&](const char* key, const std::string& found, const std::string& expected) {
    throw ConfigError(
        "the experiment cannot use this configuration",
        {.where = config.file + ": " + key, .found = found, .expected = expected, .hint = "configs/jets_paper.yaml is made for it"});
  };
  if (!config.models.empty()) refuse("models", "imported models", "a search space");
  if (config.compress.method != LocalSearchMethod::pruning)
    refuse("compress.method", "learned precision", "pruning, the published local search");
  if (config.compress.chain.pruning.iterations < 1) refuse("compress.pruning.iterations", "no round of pruning", "at least 1");
  if (config.baseline.hidden.empty()) refuse("baseline.hidden", "no baseline", "widths of the baseline's hidden layers");
}

/// One candidate: the baseline's network and training.
void make_baseline(StudyConfig& config) {
  const std::vector<int> hidden = config.baseline.hidden;
  YAML::Node space(YAML::NodeType::Map);
  space["family"] = "mlp";
  space["layers"] = hidden.size();
  for (std::size_t k = 0; k < hidden.size(); ++k) space["width"][std::to_string(k + 1)] = hidden[k];
  space["activation"] = "relu";
  space["batch_norm"] = false;
  config.space.reset(space);
  config.search.training = config.baseline.training;
  config.baseline = {};
  config.search.sampler = Sampler::random;
  config.search.nsga2.population = 4;
  config.search.trials = 4;
  config.search.objectives = {{"accuracy", "max"}};
  config.search.constraints.clear();
  config.search.early_termination.rule = TerminationRule::none;
  config.select = {.rule = SelectionRule::best, .by = "macs", .where = {}, .count = 1};
}

}  // namespace

void ReproductionParams::validate() const {
  published_experiment(experiment);
  if (!(scale > 0 && scale <= 1)) {
    throw ConfigError("the scale is no share of the budget", {.where = "--scale",
                                                              .found = fmt::format("{}", scale),
                                                              .expected = "a number above 0, at most 1",
                                                              .hint = "0.1 is a first look, 1 the published budget"});
  }
  if (seeds < 1 || seeds > kMostSeeds) {
    throw ConfigError("the number of seeds is not usable", {.where = "--seeds",
                                                            .found = std::to_string(seeds),
                                                            .expected = fmt::format("an integer from 1 to {}", kMostSeeds),
                                                            .hint = "3 give a first spread"});
  }
  refuse_own_keys(overrides);
}

std::string ReproductionParams::output_folder() const {
  if (!output.empty()) return output;
  return "runs/reproduce_" + experiment + (scale < 1 ? fmt::format("-{:g}", scale) : "");
}

void scale_budget(StudyConfig& config, double scale) {
  if (scale == 1) return;
  constexpr int kFewestTrials = 8, kSmallestPopulation = 4, kFewestRounds = 3;
  const double root = std::sqrt(scale);
  const auto shrunk = [&](int full) { return full > 0 ? std::max(1, static_cast<int>(std::lround(full * root))) : full; };
  SearchConfig& search = config.search;
  search.trials = std::max(std::min(search.trials, kFewestTrials), static_cast<int>(std::lround(search.trials * scale)));
  search.nsga2.population = std::min(search.nsga2.population, std::max(kSmallestPopulation, search.trials / 5 / 2 * 2));
  compress::ChainParams& chain = config.compress.chain;
  chain.warmup_epochs = shrunk(chain.warmup_epochs);
  chain.quantise_epochs = shrunk(chain.quantise_epochs);
  chain.pruning.epochs = shrunk(chain.pruning.epochs);
  const int rounds = chain.pruning.iterations;
  chain.pruning.iterations = std::max(std::min(rounds, kFewestRounds), static_cast<int>(std::ceil(rounds * root)));
  config.baseline.training.epochs = shrunk(config.baseline.training.epochs);
}

std::vector<ReproductionPart> plan_reproduction(const ReproductionParams& params) {
  params.validate();
  const Json published = published_experiment(params.experiment);
  StudyConfig base = load_config(params.config, params.overrides);
  check_usable(base);
  make_paths_absolute(base);
  if (params.threads >= 0) base.threads = params.threads;
  if (!base.target.rule4ml.folder.empty() && base.target.rule4ml.device.empty())
    base.target.rule4ml.device = json_get<std::string>(published, "rule4ml_device", "published");
  scale_budget(base, params.scale);
  base.search.hardware = HardwareFigures::estimate;
  base.choose = SelectionConfig{};
  if (base.select.where.empty()) {
    const Json& rule = published["selection"];
    base.select.where = {fmt::format("accuracy >= best - {:.4f}", rule["best"].get<double>() - rule["bar"].get<double>())};
  }
  const std::string theirs = base.target.rule4ml.folder.empty() ? "" : "rule4ml_";
  const auto guided = [](StudyConfig& config, SelectionRule rule, const std::vector<std::string>& costs, const std::string& by) {
    config.search.objectives = {{"accuracy", "max"}};
    for (const auto& cost : costs) config.search.objectives.emplace_back(cost, "min");
    config.select = {.rule = rule, .by = by, .where = config.select.where, .count = 1};
    config.baseline = {};
  };
  struct Kind {
    std::string key, name, title;
    std::function<void(StudyConfig&)> make;
  };
  const std::vector<Kind> kinds{
      {"baseline", "baseline", "the published baseline", make_baseline},
      {"accuracy", "accuracy only", "accuracy only", [&](StudyConfig& c) { guided(c, SelectionRule::best, {}, "macs"); }},
      {"nac", "NAC", "accuracy and bit operations (NAC)",
       [&](StudyConfig& c) { guided(c, SelectionRule::cheapest, {"bops_nac_mlp"}, "bops_nac_mlp"); }},
      {"snac_pack", "SNAC-Pack", "accuracy, estimated resources and cycles (SNAC-Pack)",
       [&](StudyConfig& c) {
         guided(c, SelectionRule::cheapest, {theirs + "average_resource", theirs + "clock_cycles"}, theirs + "average_resource");
       }},
      {"circuit", "circuit in the loop", "circuit in the loop (ours)", [&](StudyConfig& c) {
         guided(c, SelectionRule::cheapest, {"average_resource", "clock_cycles"}, "average_resource");
         c.search.hardware = HardwareFigures::circuit;
         c.search.recalibrate = 0;
       }}};
  std::vector<ReproductionPart> parts;
  const std::string folder = std::filesystem::absolute(params.output_folder()).lexically_normal().string();
  for (int k = 0; k < params.seeds; ++k) {
    for (const Kind& kind : kinds) {
      ReproductionPart part{.key = kind.key, .name = kind.name, .title = kind.title, .config = base};
      part.config.space.reset(YAML::Clone(base.space));
      part.config.seed = base.seed + static_cast<std::uint64_t>(k);
      kind.make(part.config);
      part.config.study = params.experiment + "_" + kind.key;
      part.config.output = fmt::format("{}/{}-seed{}", folder, kind.key, part.config.seed);
      part.config.file = part.config.output + "/study.yaml";
      parts.push_back(std::move(part));
    }
  }
  return parts;
}

}  // namespace snac::flow
