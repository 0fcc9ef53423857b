#include "reproduction_tables.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>

#include "snac/core/text_table.hpp"
#include "snac/cost/device.hpp"
#include "snac/flow/reproduction.hpp"
#include "snac/space/arch_spec.hpp"

namespace snac::flow {
namespace {

constexpr const char* kChoices = "choices";

using Rows = std::vector<std::vector<std::string>>;

Json table(const std::string& id, const std::string& title, const std::vector<std::string>& header, const Rows& rows,
           const std::vector<std::string>& notes) {
  return {{"id", id}, {"title", title}, {"header", header}, {"rows", rows}, {"notes", notes}};
}

std::string count(double value) { return with_thousands(static_cast<long long>(std::llround(value))); }

/// "57.12", over seeds "57.12 ± 0.20" (sample standard deviation).
std::string spread(const std::vector<double>& values, const std::function<std::string(double)>& text) {
  if (values.empty()) return "–";
  const std::string mean = text(mean_of(values));
  return values.size() < 2 ? mean : mean + " ± " + text(deviation_of(values));
}
std::function<std::string(double)> digits(int number) {
  return [number](double value) { return fmt::format("{:.{}f}", value, number); };
}

/// The records of one part, seed by seed.
std::vector<Json> seeds_of(const Json& document, const std::string& part) {
  std::vector<Json> records;
  for (const Json& item : document["parts"]) {
    if (item["part"] == part) records.push_back(item);
  }
  return records;
}

std::vector<std::string> part_keys(const Json& document) {
  std::vector<std::string> keys;
  for (const Json& item : document["parts"]) {
    const auto key = item["part"].get<std::string>();
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
  }
  return keys;
}

/// One figure of every record.
std::vector<double> figures(const std::vector<Json>& records, const std::function<std::optional<double>(const Json&)>& figure) {
  std::vector<double> values;
  for (const Json& record : records) {
    if (const auto value = figure(record)) values.push_back(*value);
  }
  return values;
}

std::optional<double> value_of(const Json& values, const std::string& name) {
  return values.contains(name) ? std::optional<double>(values[name].get<double>()) : std::nullopt;
}

/// What all records say, or the first and how many others there are.
std::string common(const std::vector<Json>& records, const std::function<std::string(const Json&)>& text) {
  std::set<std::string> all;
  for (const Json& record : records) all.insert(text(record));
  if (records.empty()) return "–";
  return all.size() == 1 ? *all.begin()
                         : fmt::format("{} (seed {}; others differ)", text(records.front()), records.front()["seed"].get<std::uint64_t>());
}

std::string published_network(const Json& row, int inputs, int outputs) {
  std::vector<std::string> sizes{std::to_string(inputs)};
  for (const Json& width : row["hidden"]) sizes.push_back(std::to_string(width.get<int>()));
  sizes.push_back(std::to_string(outputs));
  return fmt::format("{}", fmt::join(sizes, "-"));
}

/// The choices of an axis as the configuration writes them: "4, 5, 6".
std::string choices(const YAML::Node& node) {
  if (!node.IsDefined()) return "–";
  if (node.IsScalar()) return node.Scalar();
  if (!node.IsSequence()) return YAML::Dump(node);
  std::vector<std::string> texts;
  for (const auto& item : node) texts.push_back(item.IsScalar() ? item.Scalar() : YAML::Dump(item));
  return fmt::format("{}", fmt::join(texts, ", "));
}
std::string choices(const Json& list) { return fmt::format("{}", fmt::join(list.get<std::vector<std::string>>(), ", ")); }

std::string budget_text(const Json& value) {
  if (value.is_null()) return "–";
  return value.is_string() ? value.get<std::string>() : fmt::format("{:g}", value.get<double>());
}

Json table_1(const Json& document, const StudyConfig& config) {
  const Json& published = document["published"]["space"];
  Rows rows;
  const auto row = [&](const std::string& label, const std::string& theirs, const std::string& ours) {
    rows.push_back({label, theirs, ours == theirs ? "the same" : ours});
  };
  row("hidden layers", choices(published["layers"]), choices(config.space["layers"]));
  const YAML::Node width = config.space["width"];
  for (const auto& [layer, widths] : published["width"].items())
    row("width of layer " + layer, choices(widths), choices(width.IsMap() ? width[layer] : width));
  for (const auto& [key, label] : {std::pair{"activation", "activation"},
                                   {"batch_norm", "batch normalisation"},
                                   {"learning_rate", "learning rate"},
                                   {"l1", "L1 regularisation"},
                                   {"dropout", "dropout"}})
    row(label, choices(published[key]), choices(config.space[key]));
  std::vector<std::string> notes{published["source"].get<std::string>() + "; below: the budget."};
  for (const Json& item : document["budget"]) {
    const std::string theirs = budget_text(item["published"]), full = budget_text(item["full"]), used = budget_text(item["used"]);
    rows.push_back(
        {item["what"].get<std::string>(), theirs, used == full ? (full == theirs ? "the same" : full) : used + " (full: " + full + ")"});
  }
  if (document["scale"].get<double>() < 1)
    notes.push_back(fmt::format(
        "Scaled to {:g} of the full budget: trials by that share, rounds of pruning and epochs of compression and baseline by its "
        "square root; epochs of the searches, folds and data as in full.",
        document["scale"].get<double>()));
  return table("table-1", "Table 1: search space and budget", {"", "published", "ours"}, rows, notes);
}

Json table_2(const Json& document) {
  const std::string resource = document["metrics"]["resource"], cycles = document["metrics"]["cycles"];
  Rows rows;
  for (const std::string& key : part_keys(document)) {
    const auto records = seeds_of(document, key);
    for (const Json& row : document["published"]["global"]) {
      if (row["part"] != key) continue;
      rows.push_back({row["model"].get<std::string>(), "published", published_network(row, 24, 5), digits(2)(row["accuracy"].get<double>()),
                      count(row["macs"].get<double>()), digits(2)(row["average_resource"].get<double>()),
                      digits(2)(row["clock_cycles"].get<double>()), "rule4ml, " + row["source"].get<std::string>()});
    }
    const auto selected = [](const std::string& name) {
      return [name](const Json& record) { return value_of(record["selected"]["values"], name); };
    };
    const auto accuracy = [](const Json& record) -> std::optional<double> {
      const Json& values = record["selected"]["values"];
      return 100 * value_of(values, "float_accuracy").value_or(values["accuracy"].get<double>());
    };
    rows.push_back({records.front()["name"].get<std::string>(), "ours",
                    common(records, [](const Json& r) { return r["selected"]["network"].get<std::string>(); }),
                    spread(figures(records, accuracy), digits(2)), spread(figures(records, selected("macs")), count),
                    spread(figures(records, selected(resource)), digits(2)), spread(figures(records, selected(cycles)), digits(2)),
                    resource.starts_with("rule4ml") ? "rule4ml, the files given" : common(records, [](const Json& r) {
                      return r["selected"]["source"].get<std::string>();
                    })});
  }
  std::vector<std::string> notes{
      "Accuracy of the float network on validation rows (mean over folds). Multiply-accumulates are what the published table calls BOPs.",
      "Estimates are made before compression for 8 bits and half of the weights; with the circuit in the loop they are counted on the "
      "candidate's circuit after a short compression."};
  return table("table-2", "Table 2: global search",
               {"model", "", "network", "accuracy %", "MACs", "est. average resource %", "est. cycles", "estimate by"}, rows, notes);
}

Json table_3(const Json& document, const cost::Device& device) {
  const auto with_cycles = [](double ns, double cycles) { return fmt::format("{:g} ({:g})", ns, cycles); };
  Rows rows;
  for (const std::string& key : part_keys(document)) {
    const auto records = seeds_of(document, key);
    for (const Json& row : document["published"]["synthesis"]) {
      if (row["part"] != key) continue;
      const auto share = [&](const char* name) {
        return fmt::format("{} ({:g} %)", count(row[name].get<double>()), row[std::string(name) + "_percent"].get<double>());
      };
      rows.push_back({row["model"].get<std::string>(), "published", "–", "50",
                      with_cycles(row["latency_ns"].get<double>(), row["latency_cycles"].get<double>()),
                      with_cycles(row["interval_ns"].get<double>(), row["interval_cycles"].get<double>()), share("dsp"), share("lut"),
                      share("ff"), count(row["bram"].get<double>()), "Vivado, " + row["source"].get<std::string>()});
    }
    const auto hardware = [&](const std::string& name, double factor = 1) {
      return figures(records, [&](const Json& record) -> std::optional<double> { return factor * record["hardware"][name].get<double>(); });
    };
    const auto circuit = [&](const std::string& name) {
      return figures(records, [&](const Json& record) { return value_of(record["hardware"]["values"], name); });
    };
    const auto share = [&](const std::string& name, double available) {
      const auto values = hardware(name);
      return fmt::format("{} ({:.2f} %)", spread(values, count), 100 * mean_of(values) / available);
    };
    const auto cycles = circuit("clock_cycles"), ns = circuit("latency_ns");
    auto interval = circuit("initiation_interval");
    if (interval.empty()) interval.assign(records.size(), 1);
    const double clock = mean_of(ns) / mean_of(cycles);
    const auto plain = [](double value) { return fmt::format("{:g}", std::round(10 * value) / 10); };
    rows.push_back({records.front()["name"].get<std::string>(), "ours", spread(hardware("test_accuracy", 100), digits(2)),
                    spread(hardware("pruned", 100), digits(1)), fmt::format("{} ({})", spread(ns, plain), spread(cycles, plain)),
                    with_cycles(clock * mean_of(interval), mean_of(interval)), share("dsp", device.dsp), share("lut", device.lut),
                    share("ff", device.ff), spread(hardware("bram18"), count),
                    common(records, [](const Json& r) { return r["hardware"]["source"].get<std::string>(); })});
  }
  std::vector<std::string> notes{
      "Accuracy: of the integers that become hardware, on the test set, once. Latency and interval of ours are exact (schedule, measured "
      "in "
      "simulation) at the target clock, which no open tool can time; LUT, FF, DSP and BRAM18 by the tool named."};
  double vectors = 0, mismatches = 0;
  for (const Json& part : document["parts"]) {
    vectors += part["hardware"]["vectors"].get<double>();
    mismatches += part["hardware"]["mismatches"].get<double>();
  }
  if (vectors > 0)
    notes.push_back(fmt::format("All engines agree on every one of {} test rows ({} mismatches).", count(vectors), count(mismatches)));
  return table(
      "table-3", "Table 3: synthesis on " + device.name,
      {"model", "", "accuracy %", "pruned %", "latency ns (cycles)", "interval ns (cycles)", "DSP", "LUT", "FF", "BRAM", "counted by"},
      rows, notes);
}

Json choice_table(const Json& document) {
  Rows rows;
  for (const Json& part : document["parts"]) {
    if (part["part"] == "baseline") continue;
    rows.push_back({part["name"].get<std::string>(), std::to_string(part["seed"].get<std::uint64_t>()),
                    std::to_string(part["trials"]["name"].size()), part["selected"]["network"].get<std::string>(),
                    part["select_reason"].get<std::string>()});
  }
  return table(kChoices, "What was chosen, and why", {"search", "seed", "trials", "network", "reason"}, rows, {});
}

}  // namespace

Json budget_of(const Json& published, const BudgetConfigs& used, const BudgetConfigs& full) {
  const Json& theirs = published["budget"];
  Json budget = Json::array();
  const auto add = [&](const char* what, const Json& in_print, double in_full, double now) {
    budget.push_back({{"what", what}, {"published", in_print}, {"full", in_full}, {"used", now}});
  };
  const auto search = [&](const char* what, const char* key, auto&& of) { add(what, theirs[key], of(full.search), of(used.search)); };
  search("trials of each search", "trials", [](const StudyConfig& c) { return c.search.trials; });
  search("population", "population", [](const StudyConfig& c) { return c.search.nsga2.population; });
  search("epochs per trial", "epochs", [](const StudyConfig& c) { return c.search.training.epochs; });
  search("batch", "batch", [](const StudyConfig& c) { return c.search.training.batch; });
  search("folds", "folds", [](const StudyConfig& c) { return std::max(1, c.data.folds); });
  search("warm-up epochs", "warmup_epochs", [](const StudyConfig& c) { return c.compress.chain.warmup_epochs; });
  search("rounds of pruning", "pruning_iterations", [](const StudyConfig& c) { return c.compress.chain.pruning.iterations; });
  search("epochs per round", "pruning_epochs", [](const StudyConfig& c) { return c.compress.chain.pruning.epochs; });
  search("share pruned per round", "pruning_fraction", [](const StudyConfig& c) { return c.compress.chain.pruning.fraction; });
  add("epochs of the baseline at most", nullptr, full.baseline.search.training.epochs, used.baseline.search.training.epochs);
  return budget;
}

Json differences_of(const Json& document, const StudyConfig& config) {
  Json texts = Json::array();
  const Json made = document["parts"].front()["provenance"];
  const auto rows = [&](const char* set) { return made.is_object() ? count(made[set].value("rows", 0.0)) : std::string("?"); };
  texts.push_back(fmt::format(
      "Data: {} jets to train and validate on, {} to test on, from {}. Accuracies compare with the published ones only if this is "
      "the published data set; the project's own jets imitate it and are another task.",
      rows("train"), rows("test"), std::filesystem::path(config.data.train).filename().string()));
  const Json& bar = document["published"]["selection"];
  texts.push_back(
      fmt::format("Selection: the paper takes networks with an accuracy above {:g}, {:.2f} points below its best. Here: the cheapest by "
                  "what guided the "
                  "search among those with {} (the most accurate one where accuracy alone guides it).",
                  bar["bar"].get<double>(), 100 * (bar["best"].get<double>() - bar["bar"].get<double>()),
                  fmt::format("{}", fmt::join(config.select.where, " and "))));
  texts.push_back(
      config.target.rule4ml.folder.empty()
          ? "Estimates: the paper's are rule4ml's of an HLS flow; ours are of our own back-end, so that they compare in rank, not in "
            "size. With target.rule4ml.folder the search is guided by rule4ml's predictors."
          : "Estimates: rule4ml's predictors, the files given, as in the paper; the search with the circuit in the loop is guided by its "
            "own "
            "counts.");
  texts.push_back(
      "Hardware: the paper's is HLS by hls4ml and Vivado; ours is unrolled RTL of shared adder graphs without multipliers. LUTs of the two "
      "compare in order of magnitude.");
  texts.push_back(
      "Search: NSGA-II breeds over the whole conditional space, with seeds, and trains no candidate twice; the published one evolves only "
      "what "
      "all candidates have in common, without a seed.");
  texts.push_back(
      "Local search: starts from the weights of the global search, the published one from random weights. Accuracies after compression are "
      "those "
      "of integers.");
  texts.push_back(
      "Baseline: trained, compressed by the same local search and built by the same back-end here; in print its hardware is another "
      "paper's.");
  const std::size_t seeds = document["seeds"].size();
  texts.push_back(
      seeds < 2
          ? "Spread: one seed, as in print; differences below its unknown spread mean nothing (--seeds 3 shows it)."
          : fmt::format("Spread: ± is the sample standard deviation over {} seeds, where a seed stands for split, order of constituents, "
                        "initial weights, batches and search.",
                        seeds));
  if (document["scale"].get<double>() < 1)
    texts.push_back(
        fmt::format("Budget: this is a run at {:g} of the full budget, not the experiment itself.", document["scale"].get<double>()));
  return texts;
}

Json tables_of(const Json& document, const StudyConfig& config) {
  return Json::array(
      {table_1(document, config), table_2(document), table_3(document, cost::find_device(config.target.device)), choice_table(document)});
}

std::string duration_text(double seconds) {
  const auto whole = static_cast<long long>(seconds + 0.5);
  if (whole < 120) return fmt::format("{} s", whole);
  return whole < 7200 ? fmt::format("{} min", (whole + 30) / 60) : fmt::format("{:.1f} h", static_cast<double>(whole) / 3600);
}

std::string reproduction_text(const Json& document) {
  std::string text = document["study"].get<std::string>() + "\n";
  for (const Json& item : document["tables"]) {
    if (item["id"] == kChoices) {  // sentences are no columns
      text += "\n" + item["title"].get<std::string>() + "\n";
      for (const Json& row : item["rows"])
        text += fmt::format("- {}, seed {}: {}\n", row[0].get<std::string>(), row[1].get<std::string>(), row[4].get<std::string>());
      continue;
    }
    TextTable table(item["header"].get<std::vector<std::string>>());
    for (const Json& row : item["rows"]) table.add_row(row.get<std::vector<std::string>>());
    text += "\n" + item["title"].get<std::string>() + "\n" + table.str();
    for (const Json& note : item["notes"]) text += note.get<std::string>() + "\n";
  }
  text += fmt::format("\nWall-clock of all parts: {}.", duration_text(document["seconds"].get<double>()));
  if (document["scale"].get<double>() < 1)
    text += fmt::format(" The full budget would take about {}.", duration_text(document["seconds_full_estimate"].get<double>()));
  text += "\n\nWhat differs\n";
  for (const Json& difference : document["differences"]) text += "- " + difference.get<std::string>() + "\n";
  text += "\nAbout the published figures\n";
  for (const Json& remark : document["published"]["remarks"]) text += "- " + remark.get<std::string>() + "\n";
  return text;
}

}  // namespace snac::flow
