// Values as the columns of a database hold them, checked on both ways. Internal to the module.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "snac/store/store.hpp"

namespace snac::store {

inline constexpr std::size_t kLargestCell = 1'000'000'000;  ///< bytes; SQLite's own limit, PostgreSQL's is near

/// A name or key, unchanged. @throws DataError if it is not UTF-8, or holds a zero byte (databases end texts there).
const std::string& checked_name(const std::string& text, const char* what);
/// Text for people: whatever a database cannot hold is replaced.
std::string readable_text(const std::string& text);
/// @throws DataError for a NaN, naming the figure. Infinities are kept.
void check_values(const std::map<std::string, double>& values);

/// Compact JSON that reads back to the same value. @throws DataError for numbers that JSON cannot hold and for texts that
/// are not UTF-8, naming the member.
std::string json_text(const Json& value, const std::string& what);

std::string genome_text(const std::vector<std::int32_t>& genome);
std::vector<std::int32_t> parse_genome(const std::string& text, const std::string& where);

/// In Optuna's words.
std::string state_text(TrialState state);
TrialState parse_state(const std::string& text, const std::string& where);

/// "search.trials: 500, now 300; ..." : up to five members in which two configurations differ.
std::string differences(const Json& stored, const Json& wanted);

}  // namespace snac::store
