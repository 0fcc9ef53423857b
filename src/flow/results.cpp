#include "snac/flow/results.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <tuple>

#include "snac/core/log.hpp"
#include "snac/core/text_table.hpp"
#include "snac/flow/imported_models.hpp"
#include "snac/flow/run_record.hpp"
#include "snac/flow/selection.hpp"

namespace snac::flow {
namespace {

bool folds(const StudyConfig& config) { return config.target.reuse_factor > 1; }

/// Where figures of compressed networks come from.
std::string circuit_source(const StudyConfig& config) { return folds(config) ? "folded circuit" : "circuit"; }

std::string count(double value) { return with_thousands(static_cast<long long>(value + 0.5)); }
std::string percent(double share, int digits = 2) { return fmt::format("{:.{}f}", 100 * share, digits); }
std::string with_share(double used, double available) {
  return available > 0 ? fmt::format("{} ({:.2f} %)", count(used), 100 * used / available) : count(used);
}

/// "63.20", with folds "63.20 +- 0.31".
std::string accuracy_cell(const Values& values) {
  const auto deviation = values.find("accuracy_deviation");
  const std::string mean = percent(values.at("accuracy"));
  return deviation == values.end() ? mean : mean + " +- " + percent(deviation->second);
}

std::string bits_text(const CompressedModel& model) {
  return model.precision ? fmt::format("{}/{}", model.precision->weight_bits, model.precision->activation_bits) : precision_text(model);
}

/// Records of unrolled circuits do not name it where they are older than folding.
double interval_of(const HardwareResult& hardware) {
  const auto it = hardware.values.find("initiation_interval");
  return it == hardware.values.end() ? 1 : it->second;
}

template <class T>
std::vector<Values> values_of(const std::vector<T>& items) {
  std::vector<Values> values;
  for (const auto& item : items) values.push_back(item.values);
  return values;
}

/// The trials that ended well: their positions and figures.
struct Finished {
  explicit Finished(const std::vector<TrialResult>& trials) {
    for (std::size_t i = 0; i < trials.size(); ++i) {
      if (trials[i].failed) continue;
      positions.push_back(i);
      values.push_back(trials[i].values);
    }
  }
  /// Positions of the trials on the front of the metrics.
  std::vector<std::size_t> front(const std::vector<std::string>& metrics) const {
    std::vector<std::size_t> front;
    for (const std::size_t k : front_of(values, metrics)) front.push_back(positions[k]);
    return front;
  }
  std::vector<std::size_t> positions;
  std::vector<Values> values;
};

Json values_json(const Values& values) {
  Json json = Json::object();
  for (const auto& [name, value] : values) json[name] = value;
  return json;
}

}  // namespace

std::vector<std::string> compressed_metrics(const StudyConfig& config) {
  if (folds(config)) return {"accuracy", "lut", "dsp", "clock_cycles"};
  return {"accuracy", "lut", "clock_cycles"};
}

RunResult run(Study& study, Stage last) {
  const StudyConfig& config = study.config();
  if (last == Stage::hardware) require_tools(config);
  RunRecord record(study);
  RunResult result;
  result.trials = config.models.empty() ? global_search(study) : imported_trials(study);
  const Finished finished(result.trials);
  if (finished.positions.empty()) {
    throw Error(ExitCode::no_result, "every trial failed",
                {.where = config.models.empty() ? "global search" : "models",
                 .found = result.trials.empty() ? "no trial" : result.trials.front().reason,
                 .expected = "at least one trained network",
                 .hint = config.models.empty() ? "lower the learning rates of the space" : ""});
  }
  result.search_metrics = objective_names(config);
  result.search_front = finished.front(result.search_metrics);
  if (last == Stage::search) return result;

  result.baseline = train_baseline(study);
  std::vector<std::string> names;
  for (const std::size_t k : finished.positions) names.push_back(fmt::format("m{}", result.trials[k].order));
  const Selection selected = select(finished.values, config.select, "select", names);
  result.select_reason = selected.reason;
  spdlog::info("local search: {}", selected.reason);
  std::vector<TrialResult> trials;
  record.selected(selected.reason);
  for (const std::size_t k : selected.chosen) trials.push_back(result.trials[finished.positions[k]]);
  std::sort(trials.begin(), trials.end(), [](const TrialResult& a, const TrialResult& b) { return a.order < b.order; });
  result.compressed = local_search(study, trials);
  const auto compressed_values = values_of(result.compressed);
  result.compressed_metrics = compressed_metrics(config);
  result.compressed_front = front_of(compressed_values, result.compressed_metrics);
  if (last == Stage::compress) return result;

  names.clear();
  for (const auto& model : result.compressed) names.push_back(model.name);
  const Selection chosen = select(compressed_values, config.choose, "choose", names);
  result.choose_reason = chosen.reason;
  spdlog::info("hardware: {}", chosen.reason);
  std::vector<CompressedModel> models;
  for (const std::size_t k : chosen.chosen) models.push_back(result.compressed[k]);
  record.chosen(chosen.reason, models);
  result.hardware = hardware(study, models);
  return result;
}

namespace {

std::unique_ptr<store::Store> open_existing(const StudyConfig& config) {
  const std::string storage = storage_of(config);
  const auto missing = [&](const std::string& found) {
    return ConfigError("there is no such study yet", {.where = shown_storage(config),
                                                      .found = found,
                                                      .expected = "study '" + config.study + "'",
                                                      .hint = "start it with: snac run --config " + config.file});
  };
  std::error_code code;
  if (!store::is_server(storage) && !std::filesystem::exists(store::sqlite_path(storage), code)) throw missing("no file");
  auto store = store::open(storage);
  if (!store->find_study(config.study)) throw missing("another study");
  return store;
}

/// In the order of local_search(), whatever order they were written in.
std::vector<CompressedModel> stored_models(const store::Store& store, const StudyConfig& config) {
  std::vector<std::string> precisions;
  for (const auto& text : config.compress.precisions) precisions.push_back(compress::to_string(compress::precision_from_string(text)));
  const auto place = [&](const CompressedModel& model) {
    const auto precision = std::find(precisions.begin(), precisions.end(), precision_text(model));
    return std::tuple(!model.precision, model.trial_order, precision - precisions.begin(), model.iteration);
  };
  std::vector<CompressedModel> models;
  for (const auto& [name, record] : store.records(config.study, local_search_stage(config)))
    models.push_back(compressed_model(name, record));
  std::stable_sort(models.begin(), models.end(), [&](const auto& a, const auto& b) { return place(a) < place(b); });
  return models;
}

}  // namespace

namespace {

CompressedModel stored_model(const store::Store& store, const StudyConfig& config, const std::string& name) {
  std::vector<std::string> names;
  for (auto& model : stored_models(store, config)) {
    if (model.name == name) return std::move(model);
    names.push_back(model.name);
  }
  throw ConfigError("there is no such compressed model",
                    {.where = shown_storage(config),
                     .found = "'" + name + "' among " + std::to_string(names.size()) + " models",
                     .expected = "a name of 'snac front --stage compress --all --csv'",
                     .hint = names.empty() ? "run the local search first: snac compress --config " + config.file : suggest(name, names)});
}

}  // namespace

nn::Mlp stored_float_network(const StudyConfig& config, const std::string& name) {
  const auto store = open_existing(config);
  std::vector<std::string> names;
  for (const auto& trial : store->trials(config.study)) {
    if (trial.state != store::TrialState::complete) continue;
    const TrialResult result = trial_result(trial);
    names.push_back(fmt::format("m{}", result.order));
    if (names.back() != name) continue;
    const std::string bytes = store->artefact(result.weights);
    return nn::deserialize_mlp(std::as_bytes(std::span(bytes)), name);
  }
  throw ConfigError("there is no such trained network", {.where = shown_storage(config),
                                                         .found = "'" + name + "' among " + std::to_string(names.size()) + " trials",
                                                         .expected = "a trial of 'snac front --all --csv', for instance m0",
                                                         .hint = suggest(name, names)});
}

fixed::FixedNet stored_network(const StudyConfig& config, const std::string& name) {
  const auto store = open_existing(config);
  const CompressedModel model = stored_model(*store, config, name);
  return fixed::fixed_net_from_json(parse_json(store->artefact(model.fixed_net), name), name);
}

Values stored_values(const StudyConfig& config, const std::string& name) {
  return stored_model(*open_existing(config), config, name).values;
}

TrainedModel stored_weights(const StudyConfig& config, const std::string& name) {
  const auto store = open_existing(config);
  const CompressedModel model = stored_model(*store, config, name);
  const std::string bytes = store->artefact(model.mlp);
  return {nn::deserialize_mlp(std::as_bytes(std::span(bytes)), "weights of " + name), compress::quantizer_from_json(model.quantizer, name)};
}

RunResult stored_results(const StudyConfig& config, const FrontMetrics& metrics) {
  const auto store = open_existing(config);
  RunResult result;
  for (const auto& trial : store->trials(config.study)) {
    if (trial.state != store::TrialState::running) result.trials.push_back(trial_result(trial));
  }
  std::sort(result.trials.begin(), result.trials.end(), [](const TrialResult& a, const TrialResult& b) { return a.order < b.order; });
  const Finished finished(result.trials);
  result.search_metrics = metrics.search.empty() ? objective_names(config) : metrics.search;
  result.search_front = finished.front(result.search_metrics);
  result.compressed = stored_models(*store, config);
  result.compressed_metrics = metrics.compressed.empty() ? compressed_metrics(config) : metrics.compressed;
  result.compressed_front = front_of(values_of(result.compressed), result.compressed_metrics);
  return result;
}

double TrainingEffort::saved_share() const {
  const std::int64_t planned = epochs + saved_epochs;
  return planned > 0 ? static_cast<double>(saved_epochs) / static_cast<double>(planned) : 0;
}

TrainingEffort training_effort(std::span<const TrialResult> trials, const StudyConfig& config) {
  TrainingEffort effort;
  for (const auto& trial : trials) {
    effort.epochs += trial.epochs;
    if (!trial.stopped) continue;
    ++effort.stopped;
    effort.saved_epochs += static_cast<std::int64_t>(config.search.training.epochs) * std::max(1, config.data.folds) - trial.epochs;
  }
  return effort;
}

std::string trials_table(const RunResult& result, const StudyConfig& config) {
  std::vector<std::string> header{"trial", "network"};
  auto names = result.search_metrics;
  std::vector<std::string> always{"accuracy", "lut", "clock_cycles", "macs"};
  if (folds(config)) always.insert(always.end() - 2, {"dsp", "bram18"});
  for (const std::string& name : always) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  header.insert(header.end(), names.begin(), names.end());
  TextTable table(header);
  for (const std::size_t i : result.search_front) {
    const auto& trial = result.trials[i];
    std::vector<std::string> row{fmt::format("m{}", trial.order), space::summary(trial.arch)};
    for (const auto& name : names) {
      const double value = trial.values.at(name);
      row.push_back(name == "accuracy"                           ? fmt::format("{:.4f}", value)
                    : value >= 100 || value == std::floor(value) ? count(value)
                                                                 : fmt::format("{:.3g}", value));
    }
    table.add_row(row);
  }
  const bool measured = config.models.empty() && config.search.hardware == HardwareFigures::circuit;
  const TargetConfig& target = config.target;
  const std::string accuracy =
      measured ? fmt::format("integers at {} and {:.0f} % zeros", compress::to_string(target.precision), 100 * target.sparsity) : "float";
  const std::string source =
      measured || result.search_front.empty() ? circuit_source(config) : result.trials[result.search_front.front()].resource_source;
  std::string text = fmt::format("Pareto front of {} ({} of {} trials; accuracy: {}, validation; resources: estimate '{}')\n{}",
                                 config.models.empty() ? "the global search" : "the imported models", result.search_front.size(),
                                 result.trials.size(), accuracy, source, table.str());
  if (config.search.early_termination.rule != TerminationRule::none) {
    const TrainingEffort effort = training_effort(result.trials, config);
    text += fmt::format("early termination: {} of {} trials were stopped; {} of {} epochs ({:.1f} %) were not trained\n", effort.stopped,
                        result.trials.size(), effort.saved_epochs, effort.epochs + effort.saved_epochs, 100 * effort.saved_share());
  }
  return text;
}

std::string compressed_table(const RunResult& result, const StudyConfig& config) {
  std::vector<std::string> header{"model", "network", "bits w/a", "sparsity %", "accuracy %", "LUT", "FF", "cycles", "ns"};
  if (folds(config)) header.insert(header.end() - 2, {"DSP", "BRAM18", "interval"});
  std::vector<std::string> more;  // metrics of the front that have no column yet
  for (const auto& metric : result.compressed_metrics) {
    static const std::vector<std::string> shown{"sparsity", "accuracy", "lut", "ff", "clock_cycles", "latency_ns"};
    const bool has_column =
        std::find(shown.begin(), shown.end(), metric) != shown.end() || (folds(config) && (metric == "dsp" || metric == "bram18"));
    if (!has_column) more.push_back(metric);
  }
  header.insert(header.end(), more.begin(), more.end());
  TextTable table(header);
  for (const std::size_t i : result.compressed_front) {
    const auto& m = result.compressed[i];
    std::vector<std::string> row{m.name,
                                 space::summary(m.arch),
                                 bits_text(m),
                                 percent(m.values.at("sparsity"), 1),
                                 accuracy_cell(m.values),
                                 count(m.values.at("lut")),
                                 count(m.values.at("ff")),
                                 count(m.values.at("clock_cycles")),
                                 fmt::format("{:g}", m.values.at("latency_ns"))};
    if (folds(config)) {
      row.insert(row.end() - 2, {count(m.values.at("dsp")), count(m.values.at("bram18")), count(m.values.at("initiation_interval"))});
    }
    for (const auto& metric : more) row.push_back(fmt::format("{:.6g}", m.values.at(metric)));
    table.add_row(row);
  }
  return fmt::format(
      "Pareto front of the local search ({} of {} models; accuracy: integers, validation; resources: estimate '{}', {} ns clock)\n{}",
      result.compressed_front.size(), result.compressed.size(), circuit_source(config), config.target.clock_ns, table.str());
}

std::string final_table(const RunResult& result, const Study& study) {
  const StudyConfig& config = study.config();
  const cost::Device& device = study.device();
  std::vector<std::string> header{""};
  if (result.baseline) header.emplace_back("baseline (float)");
  for (const auto& h : result.hardware) header.push_back(h.model.name);
  TextTable table(header);
  const auto row = [&](const std::string& label, const std::string& baseline,
                       const std::function<std::string(const HardwareResult&)>& cell) {
    std::vector<std::string> cells{label};
    if (result.baseline) cells.push_back(baseline);
    for (const auto& h : result.hardware) cells.push_back(cell(h));
    table.add_row(cells);
  };
  const auto* base = result.baseline ? &*result.baseline : nullptr;
  row("network", base ? space::summary(base->arch) : "", [](const auto& h) { return space::summary(h.model.arch); });
  row("accuracy % (test set, integers)", base ? percent(base->test_accuracy) + " float" : "",
      [](const auto& h) { return percent(h.test_accuracy); });
  row("accuracy % (validation)", base ? percent(base->validation_accuracy) + " float" : "",
      [](const auto& h) { return percent(h.values.at("accuracy")); });
  row("bits, weights/activations", "32/32", [](const auto& h) { return bits_text(h.model); });
  row("sparsity %", base ? "0" : "", [](const auto& h) { return percent(h.values.at("sparsity"), 1); });
  row("MACs", base ? count(static_cast<double>(space::macs(base->arch))) : "", [](const auto& h) { return count(h.values.at("macs")); });
  row("non-zero weights", base ? count(static_cast<double>(space::macs(base->arch))) : "",
      [](const auto& h) { return count(h.values.at("nonzero")); });
  row("latency, cycles (exact)", "-", [](const auto& h) { return count(h.values.at("clock_cycles")); });
  row(fmt::format("latency, ns at {:g} ns clock", config.target.clock_ns), "-",
      [](const auto& h) { return fmt::format("{:g}", h.values.at("latency_ns")); });
  if (config.target.pipelining != circuit::Pipelining::levels) {
    row("slowest stage, ns (delay model, not timing)", "-", [](const auto& h) { return fmt::format("{:.2f}", h.values.at("stage_ns")); });
  }
  row("initiation interval, cycles (exact)", "-", [](const auto& h) { return count(interval_of(h)); });
  if (folds(config)) {
    row("multipliers (folded circuit)", "-", [](const auto& h) { return count(h.values.at("multipliers")); });
    row("LUT (folded circuit, estimate)", "-", [&](const auto& h) { return with_share(h.values.at("lut"), device.lut); });
    row("FF (folded circuit, estimate)", "-", [&](const auto& h) { return with_share(h.values.at("ff"), device.ff); });
    row("DSP (folded circuit, estimate)", "-", [&](const auto& h) { return with_share(h.values.at("dsp"), device.dsp); });
    row("BRAM18 (folded circuit, estimate)", "-", [&](const auto& h) { return with_share(h.values.at("bram18"), device.bram18); });
  } else {
    row("LUT (circuit, calibrated)", "-", [&](const auto& h) { return with_share(h.values.at("lut"), device.lut); });
    row("FF (circuit, from schedule)", "-", [&](const auto& h) { return with_share(h.values.at("ff"), device.ff); });
  }
  if (!result.hardware.empty() && !result.hardware.front().synthesis.is_null()) {
    std::string tool = json_get<std::string>(result.hardware.front().synthesis, "tool", "synthesis");
    tool = tool.substr(0, tool.find(" ("));  // the full version stands in the record
    row("LUT (" + tool + ")", "-", [&](const auto& h) { return with_share(h.values.at("yosys_lut"), device.lut); });
    row("LUT as shift register (" + tool + ")", "-", [&](const auto& h) { return count(h.values.at("yosys_srl")); });
    row("FF (" + tool + ")", "-", [&](const auto& h) { return with_share(h.values.at("yosys_ff"), device.ff); });
    row("CARRY8 (" + tool + ")", "-", [&](const auto& h) { return count(h.values.at("yosys_carry8")); });
    row("DSP (" + tool + ")", "-", [&](const auto& h) { return with_share(h.values.at("yosys_dsp"), device.dsp); });
    row("BRAM18 (" + tool + ")", "-", [&](const auto& h) { return with_share(h.values.at("yosys_bram18"), device.bram18); });
  }
  for (const toolchain::VendorTool tool : vendor_tools(config.synth.tools)) {
    const std::string name = toolchain::to_string(tool);
    const auto record_of = [&](const auto& h) { return h.vendor.value(name, Json::object()); };
    std::string source;  // all models are of one run of the study; a tool may have been updated in between
    for (const auto& h : result.hardware) {
      const std::string each = record_of(h).value("source", "");
      if (!each.empty() && source.find(each) == std::string::npos) source += (source.empty() ? "" : "; ") + each;
    }
    if (source.empty()) continue;
    const auto resource = [&](const char* label, const char* key, double available) {
      const bool any =
          std::any_of(result.hardware.begin(), result.hardware.end(), [&](const auto& h) { return record_of(h).contains(key); });
      if (!any) return;
      row(fmt::format("{} ({})", label, source), "-", [&](const auto& h) {
        const Json record = record_of(h);
        return record.contains(key) ? with_share(record[key].template get<double>(), available) : std::string("-");
      });
    };
    const bool amd = tool != toolchain::VendorTool::quartus;  // a share of another vendor's device says nothing
    resource("LUT", "lut", amd ? device.lut : 0);
    resource("LUT as shift register", "srl", 0);
    resource("ALM", "alm", 0);
    resource("logic elements", "le", 0);
    resource("FF", "ff", amd ? device.ff : 0);
    resource("DSP", "dsp", amd ? device.dsp : 0);
    resource("BRAM18", "bram18", amd ? device.bram18 : 0);
    resource("RAM blocks", "ram_blocks", 0);
  }
  std::string text = fmt::format("Study {}: {} trials, {} compressed models, {} as hardware; target {}\n\n{}\n", study.name(),
                                 result.trials.size(), result.compressed.size(), result.hardware.size(), device.name, table.str());
  for (const auto& h : result.hardware) {
    std::string engines;
    for (const Json& engine : h.verification["engines"]) engines += (engines.empty() ? "" : " = ") + engine["engine"].get<std::string>();
    text += fmt::format("{}: {} test rows ({})\n", h.model.name, h.verification["summary"].get<std::string>(), engines);
    text += fmt::format("{}: Verilog in {}\n", h.model.name, h.directory);
    for (const auto& [name, record] : h.vendor.items()) {
      if (const std::string timing = timing_text(record); !timing.empty()) text += fmt::format("{}: {}\n", h.model.name, timing);
    }
  }
  return text;
}

Json to_json(const RunResult& result, const Study& study) {
  Json json{{"study", study.name()}, {"device", study.device().name}, {"clock_ns", study.config().target.clock_ns}};
  Json trials = Json::array();
  for (const auto& t : result.trials) {
    Json item{{"trial", fmt::format("m{}", t.order)},
              {"network", space::summary(t.arch)},
              {"choices", t.choices},
              {"failed", t.failed},
              {"stopped_early", t.stopped},
              {"epochs", t.epochs}};
    if (t.failed) {
      item["reason"] = t.reason;
    } else {
      item["values"] = values_json(t.values);
      item["resource_source"] = t.resource_source;
    }
    const auto position = std::find(result.search_front.begin(), result.search_front.end(), static_cast<std::size_t>(t.order));
    item["front"] = position != result.search_front.end();
    trials.push_back(std::move(item));
  }
  json["trials"] = std::move(trials);
  const TrainingEffort effort = training_effort(result.trials, study.config());
  json["training"] = {{"epochs", effort.epochs}, {"stopped_early", effort.stopped}, {"saved_epochs", effort.saved_epochs}};
  if (result.baseline) {
    json["baseline"] = {{"network", space::summary(result.baseline->arch)},
                        {"macs", space::macs(result.baseline->arch)},
                        {"validation_accuracy", result.baseline->validation_accuracy},
                        {"test_accuracy", result.baseline->test_accuracy}};
  }
  Json compressed = Json::array();
  for (std::size_t i = 0; i < result.compressed.size(); ++i) {
    const auto& m = result.compressed[i];
    compressed.push_back(
        {{"model", m.name},
         {"precision", precision_text(m)},
         {"iteration", m.iteration},
         {"network", space::summary(m.arch)},
         {"values", values_json(m.values)},
         {"resource_source", circuit_source(study.config())},
         {"front", std::find(result.compressed_front.begin(), result.compressed_front.end(), i) != result.compressed_front.end()}});
    if (!m.folds.empty()) compressed.back()["folds"] = m.folds;
  }
  json["compressed"] = std::move(compressed);
  Json hardware = Json::array();
  for (const auto& h : result.hardware) {
    hardware.push_back({{"model", h.model.name},
                        {"directory", h.directory},
                        {"test_accuracy", h.test_accuracy},
                        {"values", values_json(h.values)},
                        {"verification", h.verification},
                        {"synthesis", h.synthesis}});
    if (!h.vendor.empty()) hardware.back()["vendor"] = h.vendor;
  }
  json["hardware"] = std::move(hardware);
  json["select_reason"] = result.select_reason;
  json["choose_reason"] = result.choose_reason;
  return json;
}

}  // namespace snac::flow
