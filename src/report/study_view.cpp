#include "snac/report/study_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include "snac/core/error.hpp"
#include "snac/core/statistics.hpp"

namespace snac::report {
namespace {

/// Keeps pages small; figures and tool tips show fewer digits.
Json rounded(double value) { return std::strtod(fmt::format("{:.7g}", value).c_str(), nullptr); }

/// Rows with differing sets of figures as columns.
class Columns {
 public:
  explicit Columns(std::size_t rows) : rows_(rows) {}
  Json& at(const std::string& name, std::size_t row) {
    auto [it, is_new] = columns_.try_emplace(name);
    if (is_new) {
      order_.push_back(name);
      it->second.resize(rows_);
    }
    return it->second[row];
  }
  Json json() const {
    Json object = Json::object();
    for (const auto& name : order_) object[name] = columns_.at(name);
    return object;
  }

 private:
  std::size_t rows_;
  std::vector<std::string> order_;
  std::map<std::string, std::vector<Json>> columns_;
};

/// A member that must be an object.
Json object_at(const Json& object, const char* key, const std::string& where) {
  Json member = json_get<Json>(object, key, where);
  if (!member.is_object()) {
    throw DataError("a record is damaged",
                    {.where = where + ": " + key, .found = member.dump().substr(0, 60), .expected = "an object", .hint = {}});
  }
  return member;
}

std::string place(const store::Trial& trial) { return "trial " + std::to_string(trial.number); }

Json trials_table(std::vector<const store::Trial*> trials) {
  std::map<const store::Trial*, int> order;
  for (const auto* trial : trials) order[trial] = json_get<int>(trial->attributes, "order", place(*trial));
  std::sort(trials.begin(), trials.end(), [&](const auto* a, const auto* b) { return order[a] < order[b]; });
  Columns values(trials.size()), choices(trials.size());
  Json names = Json::array(), networks = Json::array(), sources = Json::array(), seconds = Json::array();
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const store::Trial& trial = *trials[i];
    const std::string where = place(trial);
    names.push_back(fmt::format("m{}", order[&trial]));
    networks.push_back(trial.attributes.contains("network") ? json_get<std::string>(trial.attributes, "network", where) : "");
    sources.push_back(json_get<std::string>(trial.attributes, "resource_source", where));
    seconds.push_back(rounded(json_get<double>(trial.attributes, "seconds", where)));
    for (const auto& [name, value] : trial.values) values.at(name, i) = rounded(value);
    const Json chosen = object_at(trial.attributes, "choices", where);
    for (const auto& [axis, choice] : chosen.items()) choices.at(axis, i) = choice;
  }
  return {{"name", std::move(names)},      {"network", std::move(networks)}, {"source", std::move(sources)},
          {"seconds", std::move(seconds)}, {"values", values.json()},        {"choices", choices.json()}};
}

/// Models are named by their trial; so are their networks.
std::string network_of(const Json& trials, const std::string& trial) {
  const Json& names = trials["name"];
  const auto row = std::find(names.begin(), names.end(), trial);
  return row == names.end() ? "" : trials["network"][static_cast<std::size_t>(row - names.begin())].get<std::string>();
}

Json models_table(const std::vector<std::pair<std::string, Json>>& records, const Json& trials_shown) {
  Columns values(records.size());
  Json names = Json::array(), networks = Json::array(), sources = Json::array(), precisions = Json::array(), trials = Json::array(),
       iterations = Json::array();
  for (std::size_t i = 0; i < records.size(); ++i) {
    const auto& [name, record] = records[i];
    names.push_back(name);
    sources.push_back(json_get<std::string>(record, "resource_source", name));
    precisions.push_back(json_get<std::string>(record, "precision", name));
    trials.push_back(fmt::format("m{}", json_get<int>(record, "trial", name)));
    networks.push_back(network_of(trials_shown, trials.back().get<std::string>()));
    iterations.push_back(json_get<int>(record, "iteration", name));
    const auto figures = json_get<std::map<std::string, double>>(record, "values", name);
    for (const auto& [metric, value] : figures) values.at(metric, i) = rounded(value);
  }
  return {{"name", std::move(names)},     {"network", std::move(networks)},
          {"source", std::move(sources)}, {"precision", std::move(precisions)},
          {"trial", std::move(trials)},   {"iteration", std::move(iterations)},
          {"values", values.json()}};
}

/// Figures draw what they find: shapes are checked here. Records of older programs lack some members.
void check_test(const Json& test, const std::string& where) {
  if (!test.contains("confusion")) return;
  const auto classes = json_get<std::vector<std::string>>(test, "classes", where);
  const auto confusion = json_get<std::vector<std::vector<std::int64_t>>>(test, "confusion", where);
  bool square = confusion.size() == classes.size();
  for (const auto& row : confusion) square = square && row.size() == classes.size();
  if (!square)
    throw DataError("a record is damaged", {.where = where + ": confusion",
                                            .found = fmt::format("{} rows for {} classes", confusion.size(), classes.size()),
                                            .expected = "a row and a column per class",
                                            .hint = {}});
  for (const Json& curve : json_get<std::vector<Json>>(test, "roc", where)) {
    json_get<std::string>(curve, "class", where + ": roc");
    json_get<double>(curve, "area", where + ": roc");
    json_get<std::vector<std::array<double, 2>>>(curve, "points", where + ": roc");
  }
}
void check_circuit(const Json& circuit, const std::string& where) {
  const int cycles = json_get<int>(circuit, "latency_cycles", where);
  json_get<int>(circuit, "initiation_interval", where);
  json_get<std::string>(circuit, "source", where);
  for (const Json& layer : json_get<std::vector<Json>>(circuit, "layers", where)) {
    const std::string name = where + ": " + json_get<std::string>(layer, "name", where);
    for (const char* figure : {"lut", "ff", "dsp", "bram18"}) json_get<double>(layer, figure, name);
    if (!layer.contains("first_cycle")) continue;
    const int first = json_get<int>(layer, "first_cycle", name), last = json_get<int>(layer, "last_cycle", name);
    const auto operations = layer.contains("operations") ? json_get<std::vector<int>>(layer, "operations", name).size() : std::size_t{0};
    if (first < 0 || last < first || last >= cycles || (operations > 0 && operations != static_cast<std::size_t>(last - first + 1)))
      throw DataError("a record is damaged", {.where = name,
                                              .found = fmt::format("cycles {} to {}, operations of {}", first, last, operations),
                                              .expected = fmt::format("cycles within {}, one number for each", cycles),
                                              .hint = {}});
  }
  if (!circuit.contains("stages")) return;
  for (const Json& stage : json_get<std::vector<Json>>(circuit, "stages", where)) {
    json_get<double>(stage, "register_bits", where + ": stages");
    json_get<double>(stage, "delay_ns", where + ": stages");
  }
}

/// Records "model/what" of the hardware stage as one object per model; in the order of `wanted` if it names any.
Json hardware_of(const store::Store& store, const std::string& study, const std::string& stage, const Json& wanted, const Json& models) {
  std::vector<std::string> order;
  std::map<std::string, Json> found;
  for (const auto& [key, record] : store.records(study, stage)) {
    const std::size_t slash = key.rfind('/');
    if (slash == std::string::npos) continue;
    const std::string name = key.substr(0, slash);
    if (!found.contains(name)) order.push_back(name);
    found[name][key.substr(slash + 1)] = record;
  }
  if (wanted.is_array()) {
    order.clear();
    for (const Json& name : wanted) {
      if (name.is_string() && found.contains(name.get<std::string>())) order.push_back(name.get<std::string>());
    }
  }
  Json list = Json::array();
  for (const auto& name : order) {
    const Json& names = models["name"];
    const auto row = std::find(names.begin(), names.end(), name);
    if (row == names.end()) {
      throw DataError("a record has no model", {.where = stage + ": " + name,
                                                .found = "no compressed model of that name",
                                                .expected = "a record of the local search",
                                                .hint = "run the study once more: it adds what is missing"});
    }
    const auto index = static_cast<std::size_t>(row - names.begin());
    Json item{{"name", name}, {"index", index}};
    for (const char* part : {"test", "verify", "yosys", "circuit"}) item[part] = found[name].contains(part) ? found[name][part] : Json();
    if (!item["test"].is_null()) check_test(item["test"], name + "/test");
    if (!item["circuit"].is_null()) check_circuit(item["circuit"], name + "/circuit");
    if (!item["yosys"].is_null()) {
      json_get<std::string>(item["yosys"], "tool", name + "/yosys");
      for (const char* figure : {"lut", "ff", "dsp", "bram18"}) json_get<double>(item["yosys"], figure, name + "/yosys");
      for (const char* bulky : {"cells", "script", "modules"}) item["yosys"].erase(bulky);
    }
    for (const char* tool : {"vivado", "vitis", "quartus"}) {
      item[tool] = found[name].contains(tool) ? found[name][tool] : Json();
      if (!item[tool].is_null()) json_get<std::string>(item[tool], "source", name + "/" + tool);
    }
    list.push_back(std::move(item));
  }
  return list;
}

constexpr std::array<const char*, 3> kEstimated{"lut", "ff", "clock_cycles"};

/// Candidates whose estimate before training can be compared with a circuit of theirs: those that the search counted to correct its
/// estimates, and all of a search by circuits. With the rank correlation of each figure.
Json estimates_of(const store::Store& store, const std::string& study, const std::string& stage,
                  const std::vector<const store::Trial*>& trials) {
  Json rows = Json::array();
  const auto add = [&](int trial, const std::string& network, const Json& estimate, const Json& truth, const std::string& where) {
    Json row{{"name", fmt::format("m{}", trial)}, {"network", network}, {"estimate", Json::object()}, {"truth", Json::object()}};
    for (const char* figure : kEstimated) {
      row["estimate"][figure] = rounded(json_get<double>(estimate, figure, where));
      row["truth"][figure] = rounded(json_get<double>(truth, figure, where));
    }
    rows.push_back(std::move(row));
  };
  if (!stage.empty()) {
    for (const auto& [key, record] : store.records(study, stage)) {
      const std::string where = stage + ": " + key;
      if (record.contains("failure")) continue;
      add(json_get<int>(record, "trial", where), json_get<std::string>(record, "network", where), object_at(record, "estimate", where),
          object_at(record, "truth", where), where);
    }
  } else {
    for (const store::Trial* trial : trials) {
      if (!trial->attributes.contains("estimates") || !trial->attributes.contains("fixed_net")) continue;
      add(json_get<int>(trial->attributes, "order", place(*trial)),
          trial->attributes.contains("network") ? json_get<std::string>(trial->attributes, "network", place(*trial)) : "",
          object_at(trial->attributes, "estimates", place(*trial)), Json(trial->values), place(*trial));
    }
  }
  Json correlation = Json::object();
  for (const char* figure : kEstimated) {
    std::vector<double> estimate, truth;
    for (const Json& row : rows) {
      estimate.push_back(row["estimate"][figure].get<double>());
      truth.push_back(row["truth"][figure].get<double>());
    }
    if (rows.size() >= 4) correlation[figure] = rounded(rank_correlation(estimate, truth));
  }
  return {{"rows", std::move(rows)}, {"rank_correlation", std::move(correlation)}};
}

}  // namespace

std::unique_ptr<store::Store> open_run(const std::string& run) {
  const std::string storage = store::storage_at(run);
  std::error_code code;
  if (!store::is_server(storage) && !std::filesystem::exists(store::sqlite_path(storage), code)) {
    throw ConfigError("there is no study",
                      {.where = store::shown_address(run),
                       .found = "no file " + store::sqlite_path(storage),
                       .expected = "the folder of a study, for instance runs/jets_quick, or the address of its database",
                       .hint = "'snac run' makes one"});
  }
  return store::open(storage);
}

std::string find_study(const store::Store& store, const std::string& name) {
  const auto names = store.studies();
  const bool known = std::find(names.begin(), names.end(), name) != names.end();
  if (known) return name;
  if (name.empty() && names.size() == 1) return names.front();
  throw ConfigError(name.empty() ? "which study?" : "there is no such study",
                    {.where = "--study",
                     .found = name.empty() ? fmt::format("{} studies", names.size()) : "'" + name + "'",
                     .expected = "the name of a study in the store",
                     .hint = names.empty() ? "the store is empty: start a study with 'snac run'" : suggest(name, names)});
}

Json study_view(const store::Store& store, const std::string& study) {
  const auto info = store.find_study(find_study(store, study));
  Json view{{"study", study}, {"config", info->config}, {"provenance", info->provenance}};
  const Json run = store.find_record(study, "run", "last").value_or(Json());
  view["run"] = run;
  const std::string where = "record run/last";
  if (run.is_null()) {
    Json metrics = Json::object(), objectives = Json::array();
    const Json search = info->config.is_object() ? info->config.value("search", Json::object()) : Json::object();
    const Json optimised = search.value("objectives", Json::object());
    for (const auto& [name, direction] : optimised.items()) {
      metrics[name] = {{"maximise", direction == "max"}, {"unit", ""}, {"help", ""}};
      objectives.push_back(name);
    }
    view["metrics"] = std::move(metrics);
    view["objectives"] = std::move(objectives);
    view["compressed_objectives"] = Json::array();
  } else {
    view["metrics"] = object_at(run, "metrics", where);
    for (const char* key : {"objectives", "compressed_objectives"}) view[key] = json_get<std::vector<std::string>>(run, key, where);
  }

  const auto trials = store.trials(study);
  std::vector<const store::Trial*> complete;
  std::int64_t running = 0, stopped = 0, failed = 0;
  std::map<std::string, std::int64_t> reasons;
  for (const auto& trial : trials) {
    if (trial.state == store::TrialState::running) {
      ++running;
    } else if (trial.state == store::TrialState::complete) {
      complete.push_back(&trial);
    } else if (trial.attributes.contains("stopped")) {
      ++stopped;
    } else {
      ++failed;
      ++reasons[trial.reason];
    }
  }
  view["counts"] = {{"complete", complete.size()}, {"failed", failed}, {"stopped", stopped}, {"running", running}};
  view["failures"] = Json::array();
  for (const auto& [reason, count] : reasons) view["failures"].push_back({{"reason", reason}, {"count", count}});
  const Json stages = run.is_null() ? Json::object() : object_at(run, "stages", where);
  const auto stage = [&](const char* name) { return stages.contains(name) ? json_get<std::string>(stages, name, where) : std::string(); };
  view["estimates"] = estimates_of(store, study, stage("search_circuits"), complete);
  view["trials"] = trials_table(std::move(complete));
  view["models"] = models_table(
      stage("local_search").empty() ? std::vector<std::pair<std::string, Json>>() : store.records(study, stage("local_search")),
      view["trials"]);
  view["baseline"] = store.find_record(study, stage("baseline"), "score").value_or(Json());
  view["hardware"] = hardware_of(store, study, stage("hardware"), run.is_null() ? Json() : run.value("hardware", Json()), view["models"]);
  return view;
}

}  // namespace snac::report
