#include "snac/cost/surrogate_rows.hpp"

#include <fmt/format.h>

#include <cmath>

#include "snac/core/error.hpp"
#include "snac/core/files.hpp"

namespace snac::cost {
namespace {

[[noreturn]] void refuse(const std::string& where, const std::string& found, const std::string& expected) {
  throw DataError("a row of surrogate data is not usable", {.where = where, .found = found, .expected = expected, .hint = {}});
}

double count(const Json& json, const char* key, const std::string& where) {
  const auto value = json_get<double>(json, key, where);
  if (!(std::isfinite(value) && value >= 0)) refuse(where + ": " + key, fmt::format("{}", value), "a finite number, 0 or more");
  return value;
}

int cycles(const Json& json, const char* key, const std::string& where) {
  const auto value = json_get<int>(json, key, where);
  if (value < 1) refuse(where + ": " + key, fmt::format("{}", value), "1 or more cycles");
  return value;
}

Json to_json(const HardwareTarget& target) {
  return {{"weight_bits", target.precision.weight_bits},
          {"activation_bits", target.precision.activation_bits},
          {"input", fixed::to_string(target.precision.input)},
          {"sparsity", target.precision.sparsity},
          {"adders_per_stage", target.precision.adders_per_stage},
          {"reuse_factor", target.reuse_factor},
          {"multiplier", target.multiplier == circuit::Multiplier::dsp ? "dsp" : "lut"},
          {"output", fixed::to_string(target.output)},
          {"probability_bits", target.probability_bits}};
}

HardwareTarget target_from_json(const Json& json, const std::string& where) {
  HardwareTarget target{.precision = {.weight_bits = json_get<int>(json, "weight_bits", where),
                                      .activation_bits = json_get<int>(json, "activation_bits", where),
                                      .input = fixed::fixed_type_from_string(json_get<std::string>(json, "input", where)),
                                      .sparsity = json_get<double>(json, "sparsity", where),
                                      .adders_per_stage = json_get<int>(json, "adders_per_stage", where)},
                        .reuse_factor = json_get<int>(json, "reuse_factor", where),
                        .output = fixed::output_kind_from_string(json_get<std::string>(json, "output", where), where + ": output"),
                        .probability_bits = json_get<int>(json, "probability_bits", where)};
  const auto multiplier = json_get<std::string>(json, "multiplier", where);
  if (multiplier != "dsp" && multiplier != "lut") refuse(where + ": multiplier", "'" + multiplier + "'", "dsp or lut");
  target.multiplier = multiplier == "dsp" ? circuit::Multiplier::dsp : circuit::Multiplier::lut;
  try {
    target.validate();
  } catch (const ConfigError& error) {
    refuse(where + ": " + error.text().where, error.text().found, error.text().expected);
  }
  return target;
}

SurrogateRow row_from_json(const Json& json, const std::string& where) {
  SurrogateRow row{.network = json_get<std::string>(json, "network", where),
                   .arch = space::arch_from_json(json_get<Json>(json, "arch", where), where + ": arch"),
                   .target = target_from_json(json_get<Json>(json, "target", where), where + ": target"),
                   .lut = count(json, "lut", where),
                   .ff = count(json, "ff", where),
                   .dsp = count(json, "dsp", where),
                   .bram18 = count(json, "bram18", where),
                   .latency_cycles = cycles(json, "latency_cycles", where),
                   .initiation_interval = cycles(json, "initiation_interval", where),
                   .synthesised_lut = {},
                   .synthesised_ff = {}};
  if (json.contains("synthesised")) {
    const auto synthesised = json_get<Json>(json, "synthesised", where);
    row.synthesised_lut = count(synthesised, "lut", where + ": synthesised");
    row.synthesised_ff = count(synthesised, "ff", where + ": synthesised");
  }
  return row;
}

}  // namespace

void HardwareTarget::validate() const {
  precision.validate();
  const auto check = [](const char* field, int value, int min, int max) {
    if (value >= min && value <= max) return;
    throw ConfigError("a hardware target is not usable", {.where = fmt::format("target: {}", field),
                                                          .found = fmt::format("{}", value),
                                                          .expected = fmt::format("{} to {}", min, max),
                                                          .hint = {}});
  };
  check("reuse_factor", reuse_factor, 1, circuit::kMaxReuseFactor);
  if (output == fixed::OutputKind::softmax)
    check("probability_bits", probability_bits, fixed::kMinProbabilityBits, fixed::kMaxProbabilityBits);
}

std::string surrogate_rows_header(const Json& origin, const std::string& source) {
  return with_header(kSurrogateRowsFormat, {{"source", source}, {"origin", origin}}).dump();
}

std::string to_line(const SurrogateRow& row) {
  Json json{{"network", row.network},
            {"arch", space::to_json(row.arch)},
            {"target", to_json(row.target)},
            {"lut", row.lut},
            {"ff", row.ff},
            {"dsp", row.dsp},
            {"bram18", row.bram18},
            {"latency_cycles", row.latency_cycles},
            {"initiation_interval", row.initiation_interval}};
  if (row.synthesised_lut) json["synthesised"] = {{"lut", *row.synthesised_lut}, {"ff", row.synthesised_ff.value_or(0)}};
  return json.dump();
}

SurrogateRows load_surrogate_rows(const std::string& path) {
  const std::string text = read_file(path);
  SurrogateRows result;
  std::size_t line = 0;
  for (std::size_t begin = 0, end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const std::string where = fmt::format("{}:{}", path, ++line);
    const Json json = parse_json(std::string_view(text).substr(begin, end - begin), where);
    if (line == 1) {
      check_header(json, kSurrogateRowsFormat, path);
      result.source = json_get<std::string>(json, "source", where);
      result.origin = json_get<Json>(json, "origin", where);
    } else {
      result.rows.push_back(row_from_json(json, where));
    }
  }
  if (line == 0) {
    throw DataError("a file of surrogate data is empty", {.where = path,
                                                          .found = "no complete line",
                                                          .expected = "a first line with format 'snac.surrogate_rows'",
                                                          .hint = "make one with 'snac surrogate generate'"});
  }
  return result;
}

}  // namespace snac::cost
