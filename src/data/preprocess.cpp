#include "snac/data/preprocess.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <span>

#include "checks.hpp"
#include "scaling.hpp"
#include "snac/core/error.hpp"
#include "snac/core/log.hpp"
#include "snac/core/rng.hpp"

namespace snac::data {
namespace {

constexpr FileFormat kFormat{"snac.preprocessor", 1, 1};
constexpr int kMaxFeatures = 1 << 20;

const std::vector<std::pair<std::string, Scaling>> kScalings{{"robust", Scaling::robust},
                                                             {"robust_fast", Scaling::robust_fast},
                                                             {"standard", Scaling::standard},
                                                             {"minmax", Scaling::minmax},
                                                             {"none", Scaling::none}};
const std::vector<std::pair<std::string, ConstituentOrder>> kOrders{{"pt", ConstituentOrder::pt}, {"shuffled", ConstituentOrder::shuffled}};

template <class E>
std::string name_of(E value, const std::vector<std::pair<std::string, E>>& names) {
  const auto found = std::find_if(names.begin(), names.end(), [value](const auto& each) { return each.second == value; });
  return found == names.end() ? "" : found->first;
}

template <class E>
E parse_name(const std::string& text, const std::vector<std::pair<std::string, E>>& names, const std::string& where) {
  std::vector<std::string> known;
  for (const auto& [name, value] : names) {
    if (name == text) return value;
    known.push_back(name);
  }
  throw DataError("a preprocessor is damaged",
                  {.where = where, .found = excerpt(text), .expected = list_text(known), .hint = suggest(text, known)});
}

std::optional<std::size_t> find_name(const std::string& name, const std::vector<std::string>& names) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names.begin());
}

/// Which values of a raw row are kept: the leading constituents that pass the cut, and the selected columns.
class Selection {
 public:
  /// @param constituents leading ones kept (particles)
  /// @throws ConfigError or DataError if the data cannot be selected from so.
  Selection(const RawDataset& raw, int constituents, double min_pt, const std::vector<std::string>& columns) : raw_(raw), min_pt_(min_pt) {
    if (raw.size() == 0)
      throw DataError("a data set has no rows", {.where = raw.source, .found = "0 rows", .expected = "at least one row", .hint = {}});
    if (raw.columns.empty() || raw.features.size() != raw.size() * raw.row_width()) {
      throw DataError("a data set is not consistent", {.where = raw.source,
                                                       .found = fmt::format("{} features", raw.features.size()),
                                                       .expected = fmt::format("{} rows of {}", raw.size(), raw.row_width()),
                                                       .hint = {}});
    }
    for (const auto& name : columns) {
      const auto column = find_name(name, raw.columns);
      if (!column) {
        throw ConfigError("a data set does not have a column", {.where = raw.source,
                                                                .found = "no column '" + name + "'",
                                                                .expected = "one of " + list_text(raw.columns),
                                                                .hint = suggest(name, raw.columns)});
      }
      columns_.push_back(*column);
    }
    room_ = raw.slots > 0 ? static_cast<std::size_t>(constituents) : 1;
    pt_ = raw.slots > 0 ? find_name("pt", raw.columns) : std::nullopt;
    if (raw.slots > 0) check_cut();
  }

  std::size_t room() const noexcept { return room_; }  ///< slots per row
  std::size_t columns() const noexcept { return columns_.size(); }
  std::size_t disordered() const noexcept { return disordered_; }  ///< jets met that are not pT-descending

  /// The kept slots of a row, in file order, at most room(). @returns false if the cut leaves none.
  bool select(std::size_t row, std::vector<std::size_t>& slots) {
    slots.clear();
    if (raw_.slots == 0) {
      slots.push_back(0);
      return true;
    }
    bool descending = true;
    float before = 0;
    for (std::size_t s = 0; s < static_cast<std::size_t>(raw_.slots); ++s) {
      if (pt_) {
        const float pt = value_at(row, s, *pt_);
        descending = descending && (s == 0 || pt <= before);
        before = pt;
        if (min_pt_ > 0 && !(static_cast<double>(pt) > min_pt_)) continue;
      }
      if (slots.size() < room_) slots.push_back(s);
    }
    if (!descending) ++disordered_;
    return min_pt_ <= 0 || !slots.empty();
  }

  float value(std::size_t row, std::size_t slot, std::size_t column) const { return value_at(row, slot, columns_[column]); }

 private:
  float value_at(std::size_t row, std::size_t slot, std::size_t column) const {
    return raw_.features[row * raw_.row_width() + slot * raw_.columns.size() + column];
  }
  void check_cut() const {
    if (raw_.min_pt > 0 && raw_.min_pt != min_pt_) {
      throw ConfigError("a data set was read with another pT cut", {.where = raw_.source,
                                                                    .found = fmt::format("{} GeV", raw_.min_pt),
                                                                    .expected = fmt::format("{} GeV", min_pt_),
                                                                    .hint = "read it again with reading_for()"});
    }
    if (min_pt_ <= 0) return;
    if (!pt_) {
      throw ConfigError("a pT cut needs a column pt", {.where = raw_.source,
                                                       .found = "columns " + list_text(raw_.columns),
                                                       .expected = "a column 'pt'",
                                                       .hint = "remove the cut or name the columns"});
    }
    if (raw_.min_pt <= 0 && raw_.slots < raw_.slots_in_file) {
      throw ConfigError("a pT cut comes after constituents were left out",
                        {.where = raw_.source,
                         .found = fmt::format("{} of {} constituents read", raw_.slots, raw_.slots_in_file),
                         .expected = "the same cut while reading, since later constituents may pass it",
                         .hint = "read it again with reading_for()"});
    }
  }

  const RawDataset& raw_;
  double min_pt_;
  std::vector<std::size_t> columns_;
  std::size_t room_ = 1, disordered_ = 0;
  std::optional<std::size_t> pt_;
};

void warn_if_disordered(const Selection& selection, const RawDataset& raw, const PreprocessParams& params) {
  const bool order_matters = params.order == ConstituentOrder::pt || static_cast<int>(selection.room()) < raw.slots;
  if (selection.disordered() == 0 || !order_matters) return;
  spdlog::warn("{}: {} of {} jets are not in descending pT; constituents are taken in the order of the file", raw.source,
               selection.disordered(), raw.size());
}

[[noreturn]] void fail_all_cut(const RawDataset& raw, double min_pt) {
  throw DataError("the pT cut leaves no jet", {.where = raw.source,
                                               .found = fmt::format("no constituent above {} GeV in {} jets", min_pt, raw.size()),
                                               .expected = "at least one",
                                               .hint = "is pT in GeV, and not scaled yet? Lower the cut"});
}

/// For every class of `raw` its number in `known`.
std::vector<std::uint8_t> match_classes(const RawDataset& raw, const std::vector<std::string>& known) {
  const bool only_numbers = raw.class_names == numbered_classes(raw.class_names.size());
  std::vector<bool> occurs(256, false);
  for (const std::uint8_t label : raw.labels) occurs[label] = true;
  std::vector<std::uint8_t> number_of(256, 0);
  for (std::size_t label = 0; label < 256; ++label) {
    if (!occurs[label]) continue;
    const std::string name = label < raw.class_names.size() ? raw.class_names[label] : std::to_string(label);
    auto number = find_name(name, known);
    if (!number && only_numbers && label < known.size()) number = label;
    if (!number) {
      throw DataError("a data set has a class that the training data do not have",
                      {.where = raw.source, .found = "class '" + name + "'", .expected = list_text(known), .hint = suggest(name, known)});
    }
    number_of[label] = static_cast<std::uint8_t>(*number);
  }
  return number_of;
}

void check_params(const PreprocessParams& params, const RawDataset& train) {
  if (!(params.min_pt >= 0) || !std::isfinite(params.min_pt)) {
    throw ConfigError("the pT cut is out of range",
                      {.where = "min_pt", .found = number_text(params.min_pt), .expected = "0 (no cut) or more GeV", .hint = {}});
  }
  if (train.slots == 0 && (params.constituents > 0 || params.min_pt > 0 || params.order == ConstituentOrder::shuffled)) {
    throw ConfigError("constituents are asked for, but the data set is a table",
                      {.where = train.source,
                       .found = fmt::format("columns {}, no constituents", list_text(train.columns)),
                       .expected = "particles, or no constituent settings",
                       .hint = "remove count, order and min_pt of the constituents"});
  }
  if (params.constituents < 0 || (train.slots > 0 && params.constituents > train.slots)) {
    throw ConfigError("more constituents are asked for than the data set has",
                      {.where = train.source,
                       .found = std::to_string(params.constituents),
                       .expected = fmt::format("1 to {}, or 0 for all", train.slots),
                       .hint = {}});
  }
  for (const auto& name : params.features) {
    if (std::count(params.features.begin(), params.features.end(), name) == 1) continue;
    throw ConfigError("a column is asked for twice", {.where = "features", .found = name, .expected = "every column once", .hint = {}});
  }
}

}  // namespace

void describe(Fields& fields, PreprocessParams& params) {
  fields.section("constituents", "Particles of a jet (particle data only)", [&params](Fields& section) {
    section.integer("count", params.constituents, {.min = 0, .max = 100000}, "Leading constituents kept; 0 = all of the file");
    section.choice("order", params.order, kOrders, "pt = as in the file, descending in pT; shuffled = as the published MLP baselines");
    section.quantity("min_pt", params.min_pt, "GeV", {.min = 0, .max = 1e9}, "Constituents must have more pT than this; 0 = no cut");
  });
  fields.texts("features", params.features, "Columns by name; empty = all of the file");
  fields.choice("scaling", params.scaling, kScalings, "Per column, fitted on the training data");
}

ReadParams reading_for(const PreprocessParams& params, ReadParams base) {
  base.columns = params.features;
  if (!base.columns.empty() && params.min_pt > 0 && !find_name("pt", base.columns)) base.columns.push_back("pt");
  base.max_constituents = params.constituents;
  base.min_pt = params.min_pt;
  return base;
}

Preprocessor Preprocessor::fit(const PreprocessParams& params, const RawDataset& train) {
  check_params(params, train);
  Preprocessor result;
  result.params_ = params;
  result.slots_ = train.slots > 0 && params.constituents > 0 ? params.constituents : train.slots;
  result.columns_ = params.features.empty() ? train.columns : params.features;
  result.class_names_ = train.class_names;
  result.params_.constituents = result.slots_;
  result.params_.features = result.columns_;
  const std::size_t width = checked_product(result.columns_.size(), static_cast<std::size_t>(std::max(1, result.slots_)), train.source);
  if (width > kMaxFeatures) {
    throw ConfigError("there are too many features", {.where = train.source,
                                                      .found = std::to_string(width),
                                                      .expected = fmt::format("at most {}", kMaxFeatures),
                                                      .hint = "select columns"});
  }

  Selection selection(train, result.slots_, params.min_pt, result.columns_);
  std::vector<std::size_t> slots;
  std::vector<float> values;  // one column at a time keeps the extra memory at 1/columns of the data
  for (std::size_t c = 0; c < selection.columns(); ++c) {
    values.clear();
    values.reserve(train.size() * selection.room());
    for (std::size_t row = 0; row < train.size(); ++row) {
      if (!selection.select(row, slots)) continue;
      for (const std::size_t slot : slots) values.push_back(selection.value(row, slot, c));
      values.insert(values.end(), selection.room() - slots.size(), 0.0f);
    }
    if (values.empty()) fail_all_cut(train, params.min_pt);
    const CenterScale fitted = fit_scaling(params.scaling, values);
    result.center_.push_back(fitted.center);
    result.scale_.push_back(fitted.scale);
  }
  return result;
}

Dataset Preprocessor::apply(const RawDataset& raw, const std::string& stream) const {
  if ((raw.slots > 0) != (slots_ > 0) || raw.slots < slots_) {
    const auto kind = [](int slots) { return slots > 0 ? fmt::format("{} constituents per row", slots) : std::string("a table"); };
    throw DataError(
        "a data set does not fit the training data",
        {.where = raw.source, .found = kind(raw.slots), .expected = slots_ > 0 ? "at least " + kind(slots_) : kind(0), .hint = {}});
  }
  Selection selection(raw, slots_, params_.min_pt, columns_);
  const auto number_of = match_classes(raw, class_names_);
  const std::size_t room = selection.room(), columns = selection.columns();
  constexpr std::size_t kPadding = static_cast<std::size_t>(-1);

  Dataset out;
  out.num_features = num_features();
  out.num_classes = static_cast<int>(class_names_.size());
  out.class_names = class_names_;
  out.features.reserve(raw.size() * room * columns);
  out.labels.reserve(raw.size());
  std::vector<std::size_t> slots;
  for (std::size_t row = 0; row < raw.size(); ++row) {
    if (!selection.select(row, slots)) continue;
    slots.resize(room, kPadding);
    if (params_.order == ConstituentOrder::shuffled) {
      Rng rng = Rng::stream(params_.seed, "constituents/" + stream, row);
      rng.shuffle(std::span(slots));
    }
    for (const std::size_t slot : slots) {
      for (std::size_t c = 0; c < columns; ++c) {
        const double value = slot == kPadding ? 0 : static_cast<double>(selection.value(row, slot, c));
        const double scaled = (value - center_[c]) / scale_[c];
        if (!(std::abs(scaled) <= static_cast<double>(std::numeric_limits<float>::max()))) {
          throw DataError("a scaled feature is not a finite number",
                          {.where = fmt::format("{}: row {}, column {}", raw.source, row, columns_[c]),
                           .found = number_text(value),
                           .expected = fmt::format("a number near the training data (center {}, scale {})", center_[c], scale_[c]),
                           .hint = {}});
        }
        out.features.push_back(static_cast<float>(scaled));
      }
    }
    out.labels.push_back(number_of[raw.labels[row]]);
  }
  if (out.labels.empty()) fail_all_cut(raw, params_.min_pt);
  warn_if_disordered(selection, raw, params_);
  return out;
}

Json Preprocessor::to_json() const {
  Json json;
  json["constituents"] = slots_;
  json["min_pt_gev"] = params_.min_pt;
  json["order"] = name_of(params_.order, kOrders);
  json["seed"] = params_.seed;
  json["scaling"] = name_of(params_.scaling, kScalings);
  json["columns"] = columns_;
  json["center"] = center_;
  json["scale"] = scale_;
  json["classes"] = class_names_;
  return with_header(kFormat, std::move(json));
}

Preprocessor Preprocessor::from_json(const Json& json, const std::string& where) {
  check_header(json, kFormat, where);
  Preprocessor result;
  result.slots_ = json_get<int>(json, "constituents", where);
  result.params_.constituents = result.slots_;
  result.params_.min_pt = json_get<double>(json, "min_pt_gev", where);
  result.params_.order = parse_name(json_get<std::string>(json, "order", where), kOrders, where + ": order");
  result.params_.seed = json_get<std::uint64_t>(json, "seed", where);
  result.params_.scaling = parse_name(json_get<std::string>(json, "scaling", where), kScalings, where + ": scaling");
  result.columns_ = json_get<std::vector<std::string>>(json, "columns", where);
  result.params_.features = result.columns_;
  result.center_ = json_get<std::vector<double>>(json, "center", where);
  result.scale_ = json_get<std::vector<double>>(json, "scale", where);
  result.class_names_ = json_get<std::vector<std::string>>(json, "classes", where);

  const auto fail = [&where](const char* key, const std::string& found, const std::string& expected) {
    throw DataError("a preprocessor is damaged", {.where = where + ": " + key, .found = found, .expected = expected, .hint = {}});
  };
  const std::size_t count = result.columns_.size();
  if (count == 0 || count > kMaxFeatures) fail("columns", std::to_string(count), "1 to 2^20 columns");
  if (result.slots_ < 0 || static_cast<std::int64_t>(result.slots_) * static_cast<std::int64_t>(count) > kMaxFeatures) {
    fail("constituents", std::to_string(result.slots_), "0 or more, at most 2^20 features in all");
  }
  if (!(result.params_.min_pt >= 0) || !std::isfinite(result.params_.min_pt))
    fail("min_pt_gev", number_text(result.params_.min_pt), "0 or more");
  if (result.center_.size() != count) fail("center", fmt::format("{} numbers", result.center_.size()), fmt::format("{} numbers", count));
  if (result.scale_.size() != count) fail("scale", fmt::format("{} numbers", result.scale_.size()), fmt::format("{} numbers", count));
  if (result.class_names_.size() > 256) fail("classes", fmt::format("{} names", result.class_names_.size()), "at most 256");
  for (std::size_t c = 0; c < count; ++c) {
    if (!std::isfinite(result.center_[c])) fail("center", number_text(result.center_[c]), "finite numbers");
    if (!std::isfinite(result.scale_[c]) || result.scale_[c] <= 0) fail("scale", number_text(result.scale_[c]), "positive numbers");
  }
  return result;
}

}  // namespace snac::data
