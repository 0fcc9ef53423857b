#include "summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <vector>

#include "html.hpp"
#include "snac/core/error.hpp"
#include "snac/core/text_table.hpp"

namespace snac::report {
namespace {

using Cell = std::optional<double>;

std::string count(double value) { return with_thousands(std::llround(value)); }
std::string percent(double share, int digits) { return fmt::format("{:.{}f} %", 100 * share, digits); }

/// "60.27 ± 0.35 %": the standard error of a share of so many rows.
std::string accuracy_of_rows(double share, double rows) {
  if (!(rows > 0)) return percent(share, 2);
  return fmt::format("{:.2f} ± {:.2f} %", 100 * share, 100 * std::sqrt(share * (1 - share) / rows));
}

std::string text_of(const Json& object, const char* key, const std::string& where) {
  return object.is_object() && object.contains(key) ? json_get<std::string>(object, key, where) : std::string();
}
Cell number_of(const Json& object, const char* key, const std::string& where) {
  if (!object.is_object() || !object.contains(key) || object[key].is_null()) return {};
  return json_get<double>(object, key, where);
}

std::string text_or_number(const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }
/// Pages are passed on: folders of the machine stay out.
std::string file_name(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

/// A model as hardware: its records and its row in the table of models.
class Model {
 public:
  Model(const Json& view, const Json& item) : item_(item), models_(view["models"]), row_(item["index"].get<std::size_t>()) {}

  std::string name() const { return item_["name"].get<std::string>(); }
  std::string text(const char* column) const { return models_[column][row_].get<std::string>(); }
  Cell value(const std::string& metric) const {
    const Json& values = models_["values"];
    if (!values.contains(metric) || values[metric][row_].is_null()) return {};
    return values[metric][row_].get<double>();
  }
  Cell record(const char* part, const char* key) const { return number_of(item_[part], key, name() + "/" + part); }
  std::string record_text(const char* part, const char* key) const { return text_of(item_[part], key, name() + "/" + part); }

 private:
  const Json& item_;
  const Json& models_;
  std::size_t row_;
};

std::vector<Model> models_of(const Json& view) {
  std::vector<Model> models;
  for (const Json& item : view["hardware"]) models.emplace_back(view, item);
  return models;
}

/// "w6a8" as "6/8"; anything else as it is.
std::string bits(const std::string& precision) {
  const std::size_t a = precision.find('a');
  const bool known = precision.size() >= 4 && precision.front() == 'w' && a != std::string::npos;
  return known ? precision.substr(1, a - 1) + "/" + precision.substr(a + 1) : precision;
}

/// "Yosys 0.23 (git sha1 ...)" without what stands in brackets.
std::string short_tool(const std::string& tool) { return tool.substr(0, tool.find(" (")); }

std::string card(const std::string& label, const std::string& value, const std::string& note) {
  return "<div class=\"card\"><dt>" + escape_html(label) + "</dt><dd>" + escape_html(value) + "<small>" + escape_html(note) +
         "</small></dd></div>\n";
}

}  // namespace

std::string headline(const Json& view) {
  const Json& counts = view["counts"];
  const auto of = [&](const char* key) { return counts[key].get<double>(); };
  std::string text = fmt::format("{} networks trained", count(of("complete")));
  if (of("stopped") > 0) text += fmt::format(", {} stopped early", count(of("stopped")));
  if (of("failed") > 0) text += fmt::format(", {} failed", count(of("failed")));
  if (of("running") > 0) text += fmt::format(", {} running", count(of("running")));
  text += fmt::format("; {} compressed models; {} as hardware", count(static_cast<double>(view["models"]["name"].size())),
                      view["hardware"].size());
  const Json device = view["run"].is_object() ? view["run"].value("device", Json()) : Json();
  const std::string name = text_of(device, "name", "record run/last: device");
  if (!name.empty()) text += "; target " + name;
  std::string html = "<p class=\"lead\">" + escape_html(text) + ".</p>\n";

  const auto models = models_of(view);
  if (models.empty()) return html;
  const Model& first = models.front();
  html += "<p>The first choice, <b>" + escape_html(first.name()) + "</b> (" + escape_html(first.text("network")) +
          "):</p>\n<dl class=\"cards\">\n";
  if (const Cell accuracy = first.record("test", "accuracy")) {
    const Cell base = number_of(view["baseline"], "test_accuracy", "baseline");
    html += card("Accuracy, test set", percent(*accuracy, 2), base ? "integers; float baseline " + percent(*base, 2) : "integers");
  }
  if (const Cell ns = first.value("latency_ns"))
    html += card("Latency", fmt::format("{:g} ns", *ns), fmt::format("{} cycles, exact", count(first.value("clock_cycles").value_or(0))));
  if (const Cell interval = first.value("initiation_interval"))
    html += card("A new input every", fmt::format("{:g}", *interval) + (*interval == 1 ? " cycle" : " cycles"), "exact");
  const Cell yosys = first.record("yosys", "lut"), lut = yosys ? yosys : first.value("lut");
  if (lut) html += card("LUT", count(*lut), yosys ? short_tool(first.record_text("yosys", "tool")) : first.text("source"));
  if (const Cell sparsity = first.value("sparsity"))
    html += card("Weights removed", percent(*sparsity, 1), bits(first.text("precision")) + " bits, weights/activations");
  if (const Cell vectors = first.record("verify", "vectors"))
    html += card("Rows verified", count(*vectors), first.record_text("verify", "summary"));
  return html + "</dl>\n";
}

std::string final_table(const Json& view) {
  const auto models = models_of(view);
  if (models.empty()) {
    return "<p class=\"empty\">No network is hardware yet. <code>snac run</code> goes on with the study until it has a verified "
           "circuit.</p>\n";
  }
  const Json& baseline = view["baseline"];
  const bool has_baseline = baseline.is_object();
  const Json device = view["run"].is_object() ? view["run"].value("device", Json::object()) : Json::object();
  std::vector<std::string> header{"", "source"};
  if (has_baseline) header.emplace_back("baseline (float)");
  for (const Model& model : models) header.push_back(escape_html(model.name()));
  std::vector<std::vector<std::string>> rows;
  const auto row = [&](const std::string& label, const std::string& source, const std::string& base,
                       const std::function<std::string(const Model&)>& cell) {
    std::vector<std::string> cells{label, escape_html(source)};
    if (has_baseline) cells.push_back(base.empty() ? "–" : escape_html(base));
    bool any = !base.empty() && has_baseline;
    for (const Model& model : models) {
      const std::string text = cell(model);
      any = any || !text.empty();
      cells.push_back(text.empty() ? "–" : escape_html(text));
    }
    if (any) rows.push_back(std::move(cells));
  };
  const auto shown = [](const Cell& cell, auto&& text) { return cell ? text(*cell) : std::string(); };
  const auto base_text = [&](const char* key, auto&& text) { return shown(number_of(baseline, key, "baseline"), text); };
  const auto share_of = [&](const char* resource) {
    const Cell available = number_of(device, resource, "record run/last: device");
    return [available](double used) {
      return available && *available > 0 ? fmt::format("{} ({:.2f} %)", count(used), 100 * used / *available) : count(used);
    };
  };
  const auto two_digits = [](double share) { return percent(share, 2); };

  row("network", "", text_of(baseline, "network", "baseline"), [](const Model& m) { return m.text("network"); });
  double test_rows = 0;
  for (const Model& model : models) test_rows = std::max(test_rows, model.record("test", "rows").value_or(0));
  row("accuracy, test set", fmt::format("integers, {} rows; ± statistical", count(test_rows)),
      base_text("test_accuracy", [&](double a) { return accuracy_of_rows(a, test_rows); }), [&](const Model& m) {
        return shown(m.record("test", "accuracy"), [&](double a) { return accuracy_of_rows(a, m.record("test", "rows").value_or(0)); });
      });
  row("accuracy, validation", "integers", base_text("validation_accuracy", two_digits), [&](const Model& m) {
    const Cell spread = m.value("accuracy_deviation");
    return shown(m.value("accuracy"), two_digits) + (spread && *spread > 0 ? fmt::format(" (σ of folds {:.2f})", 100 * *spread) : "");
  });
  row("bits, weights/activations", "configuration", has_baseline ? "32/32 float" : "",
      [](const Model& m) { return bits(m.text("precision")); });
  row("sparsity", "integers", has_baseline ? "0.0 %" : "",
      [&](const Model& m) { return shown(m.value("sparsity"), [](double s) { return percent(s, 1); }); });
  row("multiply-accumulates", "architecture", base_text("macs", count), [&](const Model& m) { return shown(m.value("macs"), count); });
  row("non-zero weights", "integers", base_text("macs", count), [&](const Model& m) { return shown(m.value("nonzero"), count); });
  row("latency", "schedule, exact", "", [&](const Model& m) {
    return shown(m.value("clock_cycles"),
                 [&](double c) { return count(c) + " cycles, " + fmt::format("{:g} ns", m.value("latency_ns").value_or(0)); });
  });
  row("initiation interval", "schedule, exact", "", [&](const Model& m) {
    return shown(m.value("initiation_interval"), [](double c) { return count(c) + (c == 1 ? " cycle" : " cycles"); });
  });
  const std::string circuit = models.front().text("source");
  const std::string tool = short_tool(models.front().record_text("yosys", "tool"));
  for (const auto& [name, key] : {std::pair{"LUT", "lut"}, {"FF", "ff"}, {"DSP", "dsp"}, {"BRAM18", "bram18"}}) {
    // Most designs have neither DSP nor block RAM: one row says so then, that of the tool.
    const bool used = std::any_of(models.begin(), models.end(), [&, k = key](const Model& m) { return m.value(k).value_or(0) > 0; });
    if (used || tool.empty()) row(name, circuit, "", [&, k = key](const Model& m) { return shown(m.value(k), share_of(k)); });
    row(name, tool, "", [&, k = key](const Model& m) { return shown(m.record("yosys", k), share_of(k)); });
  }
  row("LUT as shift register", tool, "", [&](const Model& m) { return shown(m.record("yosys", "srl"), count); });
  row("CARRY8", tool, "", [&](const Model& m) { return shown(m.record("yosys", "carry8"), count); });
  for (const char* vendor : {"vivado", "vitis", "quartus"}) {
    const std::string source = models.front().record_text(vendor, "source");
    if (source.empty()) continue;
    const bool amd = std::string_view(vendor) != "quartus";  // a share of another vendor's device says nothing
    for (const auto& [name, key] : {std::pair{"LUT", "lut"}, {"FF", "ff"}, {"DSP", "dsp"}, {"BRAM18", "bram18"}}) {
      row(name, source, "", [&, k = key](const Model& m) {
        const Cell used = m.record(vendor, k);
        return amd ? shown(used, share_of(k)) : shown(used, count);
      });
    }
    row("ALM", source, "", [&](const Model& m) { return shown(m.record(vendor, "alm"), count); });
    row("RAM blocks", source, "", [&](const Model& m) { return shown(m.record(vendor, "ram_blocks"), count); });
    row("worst slack", source, "", [&](const Model& m) {
      return shown(m.record(vendor, "wns_ns"),
                   [&](double wns) { return fmt::format("{:.3f} ns at {:g} ns", wns, m.record(vendor, "period_ns").value_or(0)); });
    });
    row("achieved clock", source, "",
        [&](const Model& m) { return shown(m.record(vendor, "achieved_mhz"), [](double mhz) { return fmt::format("{:.1f} MHz", mhz); }); });
  }
  row("verification", "all engines on test rows", "", [](const Model& m) { return m.record_text("verify", "summary"); });
  std::string html = table("The chosen networks beside the baseline", header, rows);
  for (const char* reason : {"select_reason", "choose_reason"}) {
    const std::string text = text_of(view["run"], reason, "record run/last");
    if (!text.empty())
      html += "<p class=\"note\">" + std::string(reason[0] == 's' ? "Into the local search: " : "Into hardware: ") + escape_html(text) +
              ".</p>\n";
  }
  return html;
}

std::string provenance(const Json& view) {
  const Json& made = view["provenance"];
  std::vector<std::vector<std::string>> rows{{"study", escape_html(view["study"].get<std::string>())}};
  const auto add = [&](const std::string& label, const std::string& text) {
    if (!text.empty()) rows.push_back({label, escape_html(text)});
  };
  const std::string where = "provenance of the study";
  add("seed", view["config"].is_object() && view["config"].contains("seed") ? text_or_number(view["config"]["seed"]) : "");
  add("snac", text_of(made, "snac", where));
  add("compiler", text_of(made, "compiler", where));
  add("kernels", text_of(made, "kernels", where));
  for (const char* set : {"train", "test"}) {
    const Json data = made.is_object() ? made.value(set, Json()) : Json();
    if (!data.is_object()) continue;
    add(std::string(set[1] == 'r' ? "training" : "test") + " data",
        fmt::format("{}; {} rows; SHA-256 {}", file_name(text_of(data, "file", where)), count(number_of(data, "rows", where).value_or(0)),
                    text_of(data, "sha256", where)));
  }
  for (const Json& item : view["hardware"]) {
    if (!item["verify"].is_object()) continue;
    std::string engines;
    const Json list = item["verify"].value("engines", Json::array());
    for (const Json& engine : list) engines += (engines.empty() ? "" : " = ") + text_of(engine, "engine", "verify");
    add(item["name"].get<std::string>(), engines);
  }
  std::string html = table("How this study was made", {}, rows);
  if (!view["failures"].empty()) {
    std::vector<std::vector<std::string>> failures;
    for (const Json& failure : view["failures"])
      failures.push_back({escape_html(failure["reason"].get<std::string>()), count(failure["count"].get<double>())});
    html += table("Trials that failed, by reason", {"reason", "trials"}, failures);
  }
  const std::string file = text_of(view["run"], "config_file", "record run/last");
  if (!file.empty()) {
    html += "<h3>To make it again</h3>\n<pre tabindex=\"0\"><code>snac run --config " + escape_html(file) + "\nsnac report --config " +
            escape_html(file) +
            " -o report.html</code></pre>\n<p class=\"note\">Keys that were changed on the command line are in the configuration below, "
            "which holds every "
            "key with its value.</p>\n";
  }
  const std::string config = text_of(view["run"], "config", "record run/last");
  html += "<details><summary>The whole configuration</summary><pre id=\"configuration\" tabindex=\"0\"><code>" +
          escape_html(config.empty() ? view["config"].dump(2, ' ', false, Json::error_handler_t::replace) : config) +
          "</code></pre></details>\n";
  return html;
}

}  // namespace snac::report
