// What the last run of a study was: the record that lets a report find its way through the store without the configuration file.
#pragma once

#include <string>
#include <vector>

#include "snac/flow/local_search.hpp"
#include "snac/flow/study.hpp"

namespace snac::flow {

/// Stage "run", key "last" of the store, replaced by each run and completed as it goes:
/// {"config_file", "config" (effective, YAML text), "objectives": [names], "compressed_objectives": [names],
///  "metrics": {name: {"maximise", "unit", "help"}}, "device": {"name", "lut", "ff", "dsp", "bram18"}, "clock_ns",
///  "stages": {"baseline", "local_search", "hardware"} (names in the store),
///  "select_reason", "choose_reason", "hardware": [models] (once known)}.
class RunRecord {
 public:
  explicit RunRecord(Study& study);
  void selected(const std::string& reason);
  void chosen(const std::string& reason, const std::vector<CompressedModel>& models);

 private:
  void put();

  Study& study_;
  Json record_, stored_;
};

}  // namespace snac::flow
