#include "snac/flow/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "snac/cost/calibration.hpp"
#include "snac/cost/device.hpp"
#include "snac/cost/surrogate.hpp"
#include "snac/flow/early_termination.hpp"
#include "snac/flow/metrics.hpp"
#include "snac/store/store.hpp"

namespace snac::flow {
namespace {

fixed::FixedType input_type_from_string(const std::string& text) {
  fixed::FixedType type = fixed::fixed_type_from_string(text);
  if ((type.rounding != fixed::Rounding::trn && type.rounding != fixed::Rounding::rnd) ||
      (type.overflow != fixed::Overflow::wrap && type.overflow != fixed::Overflow::sat)) {
    throw ConfigError("inputs are always rounded half up and saturated (RND, SAT)");
  }
  constexpr int kFinestStep = 24, kCoarsestStep = 24;  // what training in single precision and 62-bit accumulators hold
  if (type.width > 23) throw ConfigError("an input wider than 23 bits is not supported: training computes in single precision");
  if (type.is_signed && type.width < 2)
    throw ConfigError("a signed input of one bit holds no positive value: at least 2 bits, or ufixed<1,1>");
  if (type.fraction_bits() > kFinestStep || type.fraction_bits() < -kCoarsestStep) {
    throw ConfigError(fmt::format("a step of 2^{} is not supported: from 2^-{} to 2^{}; scale the features (data.scaling)",
                                  -type.fraction_bits(), kFinestStep, kCoarsestStep));
  }
  type.rounding = fixed::Rounding::rnd;
  type.overflow = fixed::Overflow::sat;
  return type;
}

void describe_selection(Fields& f, const char* key, const char* help, SelectionConfig& p) {
  f.section(key, help, [&](Fields& s) {
    s.choice<SelectionRule>("rule", p.rule,
                            {{"best", SelectionRule::best}, {"cheapest", SelectionRule::cheapest}, {"knee", SelectionRule::knee}},
                            "best: highest accuracy; cheapest: smallest 'by'; knee: the bend of the front of both");
    s.text("by", p.by, "Metric that stands for cost");
    s.texts("where", p.where, "Conditions, for instance 'accuracy >= best - 0.01' or 'lut <= 20000'");
    s.integer("count", p.count, {.min = 1, .max = 1000}, "How many are taken");
  });
}

const std::vector<std::pair<std::string, circuit::Effort>> kEfforts{
    {"quick", circuit::Effort::quick}, {"normal", circuit::Effort::normal}, {"high", circuit::Effort::high}};

void describe_circuit(Fields& f, CircuitConfig& p) {
  f.section("circuit", "With hardware: circuit, the short compression to target.precision and target.sparsity", [&](Fields& s) {
    s.integer("warmup_epochs", p.warmup_epochs, {.min = 0, .max = 100000}, "Quantisation-aware epochs before pruning");
    s.integer("rounds", p.rounds, {.min = 1, .max = 1000}, "Rounds of pruning up to target.sparsity; none if that is 0");
    s.integer("epochs", p.epochs, {.min = 0, .max = 100000}, "Quantisation-aware epochs after each round");
    s.integer("batch", p.batch, {.min = 1, .max = 1000000}, "Mini-batch size");
    s.real("learning_rate", p.learning_rate, {.min = 1e-8, .max = 10}, "Adam's learning rate");
    s.choice<nn::Schedule>("schedule", p.schedule,
                           {{"constant", nn::Schedule::constant}, {"cosine", nn::Schedule::cosine}, {"plateau", nn::Schedule::plateau}},
                           "Learning rate over each round's epochs");
    s.choice<compress::PruningScope>("scope", p.scope,
                                     {{"layer", compress::PruningScope::layer}, {"global", compress::PruningScope::global}},
                                     "Smallest magnitudes of each layer, or of the whole network");
    s.integer("logits_bits", p.logits_bits, {.min = 4, .max = 32}, "Width of the network's outputs");
    s.integer("table_index_bits", p.table_index_bits, {.min = 4, .max = 14}, "Index width of tanh, sigmoid and leaky_relu tables");
    s.choice<circuit::Effort>("effort", p.effort, kEfforts, "As target.effort, for the circuits of candidates");
  });
}

}  // namespace

void describe(Fields& f, StudyConfig& p) {
  f.text("study", p.study, "Name of the study: letters, digits, '-', '_', '.'");
  f.text("output", p.output, "Folder of the study; empty = runs/<study>");
  f.text(
      "storage", p.storage,
      "Database of the study: postgresql://user@host:port/database, sqlite:///path or a path; empty = study.sqlite in the output folder");
  f.integer("seed", p.seed, {}, "Every random choice flows from it");
  f.integer("threads", p.threads, {.min = 0, .max = 1024}, "Worker threads; 0 = all; results do not depend on it");
  f.section("data", "The data set", [&](Fields& s) {
    s.text("train", p.data.train, "Training file (HDF5, .npz, 'x.npy,y.npy', CSV); relative to this configuration file");
    s.text("test", p.data.test, "Test file, scored once at the end; empty = test_fraction of the training file");
    s.real("test_fraction", p.data.test_fraction, {.min = 0.01, .max = 0.9}, "Share set aside as test set if there is no test file");
    s.text("label", p.data.read.label_column, "CSV: name of the label column");
    s.integer("max_rows", p.data.max_rows, {.min = 0}, "Read only the first rows of each file; 0 = all");
    data::describe(s, p.data.preprocess);
    s.section("validation", "How candidates are scored", [&](Fields& v) {
      v.integer("folds", p.data.folds, {.min = 0, .max = 100}, "k-fold: mean score over k trainings; 0 = one split");
      v.real("fraction", p.data.fraction, {.min = 0.01, .max = 0.9}, "Validation share of the training file if folds is 0");
    });
  });
  f.section("target", "The hardware", [&](Fields& s) {
    s.text("device", p.target.device, "Part or board");
    s.text("devices", p.target.devices, "YAML file of devices of your own, known beside those of 'snac devices'; empty = none");
    s.quantity("clock", p.target.clock_ns, "ns", {.min = 0.1, .max = 1e6}, "Clock period");
    s.integer("reuse_factor", p.target.reuse_factor, {.min = 1, .max = circuit::kMaxReuseFactor},
              "Multiplications per multiplier; 1 = fully unrolled, a new input every cycle; R = about R cycles per input");
    s.choice<circuit::Multiplier>("multiplier", p.target.multiplier, {{"dsp", circuit::Multiplier::dsp}, {"lut", circuit::Multiplier::lut}},
                                  "What multipliers are made of with a reuse factor above 1: DSP slices or LUTs");
    s.choice<circuit::Effort>("effort", p.target.effort, kEfforts,
                              "How long to look for adders that outputs of a layer can share, after training: high takes seconds per "
                              "network and saves another 2-4 % of the LUTs");
    s.integer("extra_depth", p.target.extra_depth, {.min = -1, .max = 1000},
              "Adder levels a layer may have above the least possible, for fewer LUTs; -1 = no limit");
    s.choice<circuit::Pipelining>(
        "pipelining", p.target.pipelining,
        {{"levels", circuit::Pipelining::levels}, {"clock", circuit::Pipelining::period}, {"stages", circuit::Pipelining::stages}},
        "What decides where registers stand: levels (adders_per_stage), clock (what fits into the clock period "
        "by the delay model), stages (so many, as fast as possible)");
    s.integer("adders_per_stage", p.target.adders_per_stage, {.min = 1, .max = 1000}, "Adder levels between two pipeline registers");
    s.integer("stages", p.target.stages, {.min = 1, .max = 1000}, "Pipeline stages if pipelining is 'stages'; latency in cycles");
    s.flag("keep_latency", p.target.keep_latency,
           "With pipelining: levels, hardware has as many stages as the search saw for its network, whatever compression makes of "
           "its depth");
    s.choice<Estimator>("estimator", p.target.estimator,
                        {{"auto", Estimator::automatic}, {"sample", Estimator::sample}, {"surrogate", Estimator::surrogate}},
                        "Where estimates before training come from: sample (circuits of drawn weights), surrogate (learnt from trained "
                        "networks, with an uncertainty) or auto (the surrogate for what it was trained on, else the sample)");
    s.text("surrogate", p.target.surrogate, "Architecture surrogate, from 'snac surrogate train'; empty = the shipped one");
    s.text("calibration", p.target.calibration, "Calibration of the cost model, from 'snac calibrate'; empty = the shipped one");
    s.section("precision", "Bits assumed by estimates before training, and the input type", [&](Fields& q) {
      q.integer("weights", p.target.precision.weight_bits, {.min = 2, .max = 16}, "Bits of a weight, sign included");
      q.integer("activations", p.target.precision.activation_bits, {.min = 2, .max = 16}, "Bits of an activation");
      q.custom<fixed::FixedType>(
          "input", p.target.input, input_type_from_string, [](const fixed::FixedType& t) { return fixed::to_string(t); }, "fixed<W,I>",
          "Type of the network's inputs; values are rounded half up and saturated");
    });
    s.real("sparsity", p.target.sparsity, {.min = 0, .max = 0.99}, "Share of zero weights assumed by estimates before training");
    s.choice<fixed::OutputKind>(
        "output", p.target.output,
        {{"logits", fixed::OutputKind::logits}, {"argmax", fixed::OutputKind::argmax}, {"softmax", fixed::OutputKind::softmax}},
        "What the hardware gives: logits, the index of the largest (argmax), or probabilities (softmax)");
    s.integer("probability_bits", p.target.probability_bits, {.min = fixed::kMinProbabilityBits, .max = fixed::kMaxProbabilityBits},
              "Bits of a probability with output: softmax");
    s.section("rule4ml", "Predictors of rule4ml as further figures: metrics rule4ml_*, for comparing with published searches",
              [&](Fields& q) {
                Rule4mlConfig& r = p.target.rule4ml;
                q.text("folder", r.folder, "Folder of its predictor files (they do not come with this program); empty = not used");
                q.text("device", r.device, "Board that its predictors know, if another than 'device'");
                q.choice<cost::Rule4mlSetup::Strategy>(
                    "strategy", r.strategy,
                    {{"latency", cost::Rule4mlSetup::Strategy::latency}, {"resource", cost::Rule4mlSetup::Strategy::resource}},
                    "Strategy of hls4ml");
                q.choice<cost::Rule4mlSetup::Model>(
                    "model", r.model,
                    {{"functional", cost::Rule4mlSetup::Model::functional}, {"sequential", cost::Rule4mlSetup::Model::sequential}},
                    "Kind of Keras model that is imitated: they differ by an input layer");
                q.flag("softmax", r.softmax, "A softmax behind the logits");
              });
  });
  f.texts("models", p.models,
          "Models made elsewhere (.onnx, .keras, .h5, .mlp of snac import) instead of a search: they are the trials m0, m1..., space and "
          "search are not used; relative to this configuration file");
  f.raw("space", p.space, "mapping", "The search space: axes of the network and of its training (see docs/configuration.md)");
  f.section("search", "Global search", [&](Fields& s) {
    s.mapping("objectives", p.search.objectives, "metric: max | min", "What is optimised");
    s.mapping("constraints", p.search.constraints, "metric: '<= number' | '>= number'", "Budgets: candidates within them win over others");
    s.section("sampler", "How candidates are proposed", [&](Fields& q) {
      q.choice<Sampler>("name", p.search.sampler, {{"nsga2", Sampler::nsga2}, {"random", Sampler::random}},
                        "nsga2, or random as a baseline");
      search::describe_sampler(q, p.search.nsga2);
    });
    s.integer("trials", p.search.trials, {.min = 1, .max = 10000000}, "Candidates to train");
    s.section("early_termination", "Stops hopeless candidates before their last epoch; not part of published set-ups", [&](Fields& e) {
      EarlyTerminationConfig& rule = p.search.early_termination;
      e.choice<TerminationRule>("rule", rule.rule, {{"none", TerminationRule::none}, {"halving", TerminationRule::halving}},
                                "none, or halving: successive halving among candidates that cost no more");
      e.integer("min_epochs", rule.min_epochs, {.min = 1}, "No candidate is stopped before; first rung");
      search::describe(e, rule.halving);
    });
    s.integer("recalibrate", p.search.recalibrate, {.min = 0, .max = 1000},
              "With hardware: estimate, candidates of each generation's front that are compressed shortly and counted as circuits, so that "
              "all estimates are corrected by what came out; 0 = none");
    s.choice<HardwareFigures>("hardware", p.search.hardware,
                              {{"estimate", HardwareFigures::estimate}, {"circuit", HardwareFigures::circuit}},
                              "Hardware figures: estimate (of the architecture, before training) or circuit (every trained candidate is "
                              "shortly compressed, scored as integers and counted as a circuit)");
    describe_circuit(s, p.search.circuit);
    nn::describe(s, p.search.training);
  });
  f.section("baseline", "A fixed float network to compare with; empty 'hidden' = none", [&](Fields& s) {
    s.integers("hidden", p.baseline.hidden, {.min = 1, .max = 65536}, "Widths of its hidden ReLU layers");
    nn::describe(s, p.baseline.training);
  });
  describe_selection(f, "select", "Which searched networks go into the local search", p.select);
  f.section("compress", "Local search: quantisation-aware training and pruning", [&](Fields& s) {
    s.texts("precisions", p.compress.precisions, "Bits of weights and activations: 8, or w6a8");
    s.integer("folds", p.compress.folds, {.min = 0, .max = 100},
              "k-fold: every network is compressed k times, accuracy is the mean, the first fold's network is kept; 0 = one split");
    s.choice<LocalSearchMethod>(
        "method", p.compress.method,
        {{"pruning", LocalSearchMethod::pruning}, {"learned", LocalSearchMethod::learned}, {"both", LocalSearchMethod::both}},
        "pruning: every precision with iterative magnitude pruning; learned: bits of every weight and activation are trained along, one "
        "run "
        "gives a whole front; or both");
    compress::describe(s, p.compress.chain);
    s.section("learned", "Training with learned precision", [&](Fields& l) { compress::describe(l, p.compress.learned); });
  });
  describe_selection(f, "choose", "Which compressed networks become hardware", p.choose);
  f.section("synth", "Hardware", [&](Fields& s) {
    s.texts("tools", p.synth.tools, "Any of verilator, icarus, yosys, hls (an HLS project, compiled and compared), vivado, vitis, quartus");
    s.integer("vectors", p.synth.vectors, {.min = 1, .max = 10000000}, "Test rows simulated in Verilog");
    s.section("yosys", "Synthesis with Yosys", [&](Fields& y) {
      YosysConfig& yosys = p.synth.yosys;
      y.choice<YosysScope>("scope", yosys.scope, {{"whole", YosysScope::whole}, {"layers", YosysScope::layers}},
                           "whole: the flattened design; layers: every layer on its own, in parallel, and the sum");
      y.quantity("time_limit", yosys.time_limit_s, "s", {.min = 0, .max = 1e7}, "Time limit of a run; 0 = none");
      y.integer("memory_limit", yosys.memory_limit_mib, {.min = 0, .max = 1 << 24}, "Memory limit of a run in MiB; 0 = none");
      y.text("cache", yosys.cache, "Folder of results by content; empty = cache/yosys in the study's folder");
    });
    s.section("hls", "The HLS project, if tools name hls or vitis", [&](Fields& h) { describe(h, p.synth.hls); });
    s.section("vendor", "How vendor tools run, if tools name vivado, vitis or quartus", [&](Fields& v) { describe(v, p.synth.vendor); });
  });
}

namespace {

/// What imported models cannot have: they come without initial weights, and were trained on rows that nobody here knows.
void check_models(const StudyConfig& config) {
  if (config.compress.folds > 0) {
    throw ConfigError("imported models are compressed on one split", {.where = config.file + ": compress.folds",
                                                                      .found = std::to_string(config.compress.folds),
                                                                      .expected = "0 with models",
                                                                      .hint = "folds train every network again, which an import cannot"});
  }
  if (config.compress.chain.pruning.rewind == compress::Rewind::initialisation) {
    throw ConfigError("imported models have no initial weights", {.where = config.file + ": compress.pruning.rewind",
                                                                  .found = "initialisation",
                                                                  .expected = "another value with models",
                                                                  .hint = "rewind to the weights after warm-up"});
  }
}

/// Objectives and constraints of the search need a figure of every candidate.
void require_searchable(const StudyConfig& config, const std::string& metric, const std::string& where) {
  const auto refuse = [&](const char* expected, const char* hint) {
    throw ConfigError("a metric is not known to the search", {.where = where, .found = metric, .expected = expected, .hint = hint});
  };
  if (metric == "sparsity") refuse("a metric known before compression", "use it in 'choose.where'");
  if (metric == "ebops" && config.search.hardware != HardwareFigures::circuit)
    refuse("a metric known before compression, or search.hardware: circuit", "'bops' is the formula for a target precision and sparsity");
  if (metric.starts_with("rule4ml_") && config.target.rule4ml.folder.empty())
    refuse("target.rule4ml.folder: the folder of rule4ml's predictor files",
           "they are in the package: pip download rule4ml==0.1.1 --no-deps");
}

void check(const StudyConfig& config) {
  const auto place = [&](const std::string& key) { return config.file + ": " + key; };
  const auto letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
  if (config.study.empty() || config.study.find_first_not_of(letters) != std::string::npos || config.study[0] == '.') {
    throw ConfigError(
        "the study's name is not usable",
        {.where = place("study"), .found = "'" + config.study + "'", .expected = "letters, digits, '-', '_', '.'", .hint = {}});
  }
  if (config.data.train.empty()) {
    throw ConfigError("no training data",
                      {.where = place("data.train"), .found = "nothing", .expected = "the path of a data set", .hint = {}});
  }
  if (!config.models.empty()) {
    check_models(config);
  } else if (!config.space.IsDefined() || config.space.IsNull()) {
    throw ConfigError("no search space", {.where = place("space"),
                                          .found = "nothing",
                                          .expected = "axes: layers, width, activation...; or models made elsewhere",
                                          .hint = "configs/jets_quick.yaml shows one"});
  }
  for (const auto& [key, folds] : {std::pair{"data.validation.folds", config.data.folds}, {"compress.folds", config.compress.folds}}) {
    if (folds != 1) continue;
    throw ConfigError("one fold is no cross-validation",
                      {.where = place(key), .found = "1", .expected = "0 (one split) or >= 2", .hint = {}});
  }
  const cost::Device& device = cost::find_device(config.target.device);
  if (config.target.pipelining == circuit::Pipelining::period &&
      config.target.clock_ns * 1000 <= cost::delay_model(device).register_ps + 1) {
    throw ConfigError(
        "the clock period leaves no time for logic",
        {.where = place("target.clock"),
         .found = fmt::format("{} ns", config.target.clock_ns),
         .expected = fmt::format("more than the {} ns of a register on {}", cost::delay_model(device).register_ps / 1000.0, device.name),
         .hint = "2 to 5 ns is usual"});
  }
  if (config.target.reuse_factor > 1 && config.target.pipelining != circuit::Pipelining::levels) {
    throw ConfigError("a network with a reuse factor above 1 is pipelined by levels only",
                      {.where = place("target.pipelining"),
                       .found = fmt::format("another way, with reuse_factor {}", config.target.reuse_factor),
                       .expected = "pipelining: levels, or reuse_factor: 1",
                       .hint = "adders_per_stage sets how much logic stands between two registers"});
  }
  if (config.target.keep_latency && (config.target.pipelining != circuit::Pipelining::levels || config.target.reuse_factor > 1)) {
    throw ConfigError(
        "keep_latency is for unrolled networks that are pipelined by levels",
        {.where = place("target.keep_latency"),
         .found = config.target.reuse_factor > 1 ? fmt::format("reuse_factor {}", config.target.reuse_factor) : "another pipelining",
         .expected = "pipelining: levels and reuse_factor: 1",
         .hint = "with pipelining: stages the latency is 'stages' anyway"});
  }
  if (config.target.estimator == Estimator::surrogate && !config.target.surrogate.empty())
    cost::ArchitectureSurrogate::load(config.resolve(config.target.surrogate));
  if (!config.target.calibration.empty()) cost::load_calibration(config.resolve(config.target.calibration));
  if (config.search.objectives.empty()) {
    throw ConfigError(
        "nothing to optimise",
        {.where = place("search.objectives"), .found = "no objective", .expected = "at least one, for instance accuracy: max", .hint = {}});
  }
  for (const auto& [name, direction] : config.search.objectives) {
    const Metric& metric = find_metric(name, place("search.objectives"));
    const std::string right = metric.maximise ? "max" : "min";
    require_searchable(config, name, place("search.objectives." + name));
    if (direction != right) {
      throw ConfigError(
          "an objective is not usable",
          {.where = place("search.objectives." + name), .found = "'" + direction + "'", .expected = "'" + right + "'", .hint = {}});
    }
  }
  for (const auto& [name, text] : config.search.constraints) {
    const std::string where = place("search.constraints." + name);
    const Condition condition = parse_condition(name + " " + text, where);
    require_searchable(config, name, where);
    if (condition.relative_to_best) {
      throw ConfigError("a constraint is not usable",
                        {.where = where, .found = text, .expected = "a fixed number", .hint = "use 'best' in select.where"});
    }
    if (!condition.at_least && condition.limit <= 0) {
      throw ConfigError(
          "a budget leaves nothing",
          {.where = where, .found = text, .expected = "a limit above zero", .hint = "remove the constraint if it was meant as 'any'"});
    }
    if (name == "accuracy" && condition.at_least && condition.limit > 1) {
      throw ConfigError("a constraint can never be met",
                        {.where = where, .found = text, .expected = "an accuracy from 0 to 1", .hint = "60 % is 0.60"});
    }
  }
  for (const auto* selection : {&config.select, &config.choose}) {
    const std::string key = selection == &config.select ? "select" : "choose";
    find_metric(selection->by, place(key + ".by"));
    for (const auto& text : selection->where) parse_condition(text, place(key + ".where"));
  }
  if (config.compress.precisions.empty()) {
    throw ConfigError("no precision",
                      {.where = place("compress.precisions"), .found = "an empty list", .expected = "for instance [8, 6]", .hint = {}});
  }
  std::set<std::string> seen;
  for (const auto& text : config.compress.precisions) {
    if (!seen.insert(compress::to_string(compress::precision_from_string(text))).second) {
      throw ConfigError("a precision stands twice",
                        {.where = place("compress.precisions"), .found = text, .expected = "each once", .hint = {}});
    }
  }
  if (config.compress.method == LocalSearchMethod::learned && config.compress.folds > 0) {
    throw ConfigError("learned precision trains on one split", {.where = place("compress.folds"),
                                                                .found = std::to_string(config.compress.folds),
                                                                .expected = "0 with method: learned",
                                                                .hint = "with method: both the folds are those of pruning"});
  }
  const nn::PrecisionParams& learned = config.compress.learned.training;
  if (learned.cost_end < learned.cost_start) {
    throw ConfigError("the cost of learned precision falls",
                      {.where = place("compress.learned.cost_end"),
                       .found = fmt::format("{:g}", learned.cost_end),
                       .expected = fmt::format("at least compress.learned.cost_start, {:g}", learned.cost_start),
                       .hint = "from 1e-6 to 3e-5 is usual"});
  }
  const std::vector<std::string> tools{"verilator", "icarus", "yosys", "hls", "vivado", "vitis", "quartus"};
  for (const auto& tool : config.synth.tools) {
    if (std::find(tools.begin(), tools.end(), tool) == tools.end()) {
      throw ConfigError("unknown tool", {.where = place("synth.tools"),
                                         .found = "'" + tool + "'",
                                         .expected = "verilator, icarus, yosys, hls, vivado, vitis or quartus",
                                         .hint = suggest(tool, tools)});
    }
  }
  hls_job(config.synth.hls, config.target.device, config.target.clock_ns);
  check(config.synth.vendor, place("synth.vendor"));
  const search::Nsga2Params& sampler = config.search.nsga2;
  if (config.models.empty() && config.search.trials < sampler.population) {
    throw ConfigError("fewer trials than one population has",
                      {.where = place("search.trials"),
                       .found = std::to_string(config.search.trials),
                       .expected = "at least search.sampler.population, " + std::to_string(sampler.population),
                       .hint = "raise search.trials or lower the population (4 or more)"});
  }
  sampler.validate();
  config.search.training.validate();
  check_early_termination(config);
}

}  // namespace

std::string StudyConfig::resolve(const std::string& path) const {
  // "x.npy,y.npy" names two files.
  std::string result;
  for (std::size_t start = 0; start <= path.size();) {
    const std::size_t comma = std::min(path.find(',', start), path.size());
    const std::filesystem::path part = path.substr(start, comma - start);
    result += (start ? "," : "") + (part.is_absolute() ? part : std::filesystem::path(directory) / part).lexically_normal().string();
    start = comma + 1;
  }
  return result;
}

YAML::Node StudyConfig::to_yaml() const {
  YAML::Node out(YAML::NodeType::Map);
  StudyConfig copy = *this;
  copy.space = YAML::Clone(space);
  copy.storage = store::shown_address(storage);
  Fields writer = Fields::writer(out);
  describe(writer, copy);
  return out;
}

namespace {

Json yaml_to_json(const YAML::Node& node) {
  if (node.IsMap()) {
    Json object = Json::object();
    for (const auto& item : node) object[item.first.Scalar()] = yaml_to_json(item.second);
    return object;
  }
  if (node.IsSequence()) {
    Json array = Json::array();
    for (const auto& item : node) array.push_back(yaml_to_json(item));
    return array;
  }
  return node.IsScalar() ? Json(node.Scalar()) : Json();
}

}  // namespace

Json StudyConfig::to_json() const { return yaml_to_json(to_yaml()); }

StudyConfig load_config(const std::string& path, const std::vector<std::string>& overrides) {
  YAML::Node root = load_yaml_file(path);
  for (const auto& assignment : overrides) apply_override(root, assignment);
  StudyConfig config;
  config.file = path;
  config.directory = std::filesystem::absolute(path).parent_path().string();
  Fields reader = Fields::reader(root, path);
  describe(reader, config);
  reader.finish();
  config.search.nsga2.seed = config.seed;
  config.search.nsga2.evaluations = config.search.trials;
  config.data.preprocess.seed = config.seed;
  config.data.read.max_rows = config.data.max_rows;
  if (!config.target.devices.empty()) cost::add_devices(config.resolve(config.target.devices));
  check(config);
  return config;
}

std::vector<Fields::Entry> config_reference() {
  std::vector<Fields::Entry> entries;
  StudyConfig defaults;
  Fields documenter = Fields::documenter(entries);
  describe(documenter, defaults);
  return entries;
}

}  // namespace snac::flow
