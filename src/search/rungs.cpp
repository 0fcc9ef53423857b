#include "snac/search/rungs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace snac::search {
namespace {

constexpr int kSmallestReduction = 2, kLargestReduction = 1000;

void require(bool valid, const char* field, const std::string& found, const char* expected) {
  if (!valid) {
    throw ConfigError("a parameter of early termination is out of range",
                      {.where = std::string("early_termination: ") + field, .found = found, .expected = expected, .hint = {}});
  }
}

bool holds_nan(const Objectives& values) {
  return std::any_of(values.begin(), values.end(), [](double value) { return std::isnan(value); });
}

/// False where a NaN stands.
bool costs_no_more(const Objectives& a, const Objectives& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!(a[i] <= b[i])) return false;
  }
  return true;
}

bool better_by(double margin, const Objectives& a, const Objectives& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!(a[i] + margin < b[i])) return false;
  }
  return true;
}

}  // namespace

void HalvingParams::validate() const {
  require(reduction >= kSmallestReduction && reduction <= kLargestReduction, "reduction", std::to_string(reduction),
          "integer from 2 to 1000");
  require(min_better >= 1, "min_better", std::to_string(min_better), "integer >= 1");
  require(margin >= 0 && std::isfinite(margin), "margin", fmt::format("{}", margin), "number >= 0");
}

void describe(Fields& fields, HalvingParams& params) {
  fields.integer("reduction", params.reduction, {.min = kSmallestReduction, .max = kLargestReduction},
                 "About the best 1/reduction of comparable candidates go on; rungs are min_epochs * reduction^k");
  fields.integer("min_better", params.min_better, {.min = 1}, "So many candidates that cost no more must be better before one is stopped");
  fields.real("margin", params.margin, {.min = 0, .max = 1e9}, "Better means by more than this (accuracy from 0 to 1)");
}

std::vector<int> rung_positions(int first, int reduction, int total) {
  if (first < 1 || reduction < kSmallestReduction) throw std::invalid_argument("rung_positions: first < 1 or reduction < 2");
  std::vector<int> positions;
  for (std::int64_t at = first; at < total; at *= reduction) positions.push_back(static_cast<int>(at));
  return positions;
}

Rungs::Rungs(const HalvingParams& params, std::size_t num_rungs) : params_(params), records_(num_rungs) { params_.validate(); }

const std::vector<RungEntry>& Rungs::checked(std::size_t rung, const RungEntry& entry) const {
  if (rung >= records_.size()) throw std::invalid_argument(fmt::format("rung {} of {}", rung, records_.size()));
  if (entry.scores.empty()) throw std::invalid_argument("a rung needs a score");
  for (const auto& records : records_) {
    if (records.empty()) continue;
    if (records.front().costs.size() != entry.costs.size() || records.front().scores.size() != entry.scores.size()) {
      throw std::invalid_argument(fmt::format("{} costs and {} scores after {} and {}", entry.costs.size(), entry.scores.size(),
                                              records.front().costs.size(), records.front().scores.size()));
    }
  }
  return records_[rung];
}

RungVerdict Rungs::judge(std::size_t rung, const RungEntry& entry) const {
  RungVerdict verdict;
  for (const RungEntry& other : checked(rung, entry)) {
    if (!costs_no_more(other.costs, entry.costs)) continue;
    ++verdict.rivals;
    if (better_by(params_.margin, other.scores, entry.scores)) ++verdict.better;
  }
  verdict.stop = verdict.better >= params_.min_better &&
                 static_cast<std::int64_t>(verdict.better) * params_.reduction >= static_cast<std::int64_t>(verdict.rivals) + 1;
  return verdict;
}

void Rungs::record(std::size_t rung, RungEntry entry) {
  checked(rung, entry);
  if (!holds_nan(entry.costs) && !holds_nan(entry.scores)) records_[rung].push_back(std::move(entry));
}

}  // namespace snac::search
