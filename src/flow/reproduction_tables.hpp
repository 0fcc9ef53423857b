// A reproduced experiment in words and tables: ours beside the published figures.
#pragma once

#include <string>

#include "snac/core/json.hpp"
#include "snac/flow/config.hpp"

namespace snac::flow {

inline constexpr FileFormat kReproductionFormat{"snac.reproduction", 1, 1};

/// [{"what", "published", "full", "used"}]: numbers; published is null where the papers do not say.
/// `used` and `full`: {configuration of the baseline's study, of a search}, scaled and not.
struct BudgetConfigs {
  const StudyConfig &baseline, &search;
};
Json budget_of(const Json& published, const BudgetConfigs& used, const BudgetConfigs& full);

/// "95 s", "12 min", "3.4 h".
std::string duration_text(double seconds);

/// What differs from the published experiment, in sentences. `config`: of a search.
Json differences_of(const Json& document, const StudyConfig& config);

/// Tables 1 to 3 in the paper's form, and the chosen networks: [{"id", "title", "header", "rows" (texts), "notes"}].
Json tables_of(const Json& document, const StudyConfig& config);

}  // namespace snac::flow
