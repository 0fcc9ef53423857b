// What a report shows of a study, read from its store alone: no data set, no configuration file, no network code.
#pragma once

#include <string>

#include "snac/core/json.hpp"
#include "snac/store/store.hpp"

namespace snac::report {

/// Opens an existing store: `run` is the folder of a study or the database in it. @throws ConfigError if there is none.
std::unique_ptr<store::Store> open_run(const std::string& run);

/// The study of that name; of a store with one study, "" stands for it. @throws ConfigError naming the studies there are.
std::string find_study(const store::Store& store, const std::string& name);

/// One JSON document:
///   study, config (as stored), provenance, run (record of the last run; null before the first or in a study of an older program),
///   metrics (name -> maximise, unit, help), objectives and compressed_objectives (names), directions of objectives included;
///   trials, models (tables, see below), counts {complete, failed, stopped, running}, failures [{reason, count}],
///   baseline (record or null), hardware [{name, values, test, verify, yosys, circuit}] (records; null where there is none).
/// A table holds columns of equal length: name, network, source (texts), values {metric: numbers}; trials also choices {axis: values}
/// and seconds (of training); models also precision, trial, iteration. A figure that a row lacks is null.
/// Numbers of tables are rounded to 7 digits. Trials stand in the order of the search and only if complete.
/// @throws DataError naming the trial or record that is damaged, ConfigError for an unknown study.
Json study_view(const store::Store& store, const std::string& study);

}  // namespace snac::report
