// snac data: look at a data set, cut a sample from it.
#include <fmt/format.h>

#include <memory>

#include "commands.hpp"
#include "snac/core/rng.hpp"
#include "snac/core/text_table.hpp"
#include "snac/data/readers.hpp"
#include "snac/data/split.hpp"

namespace snac::app {
namespace {

struct Options {
  std::string input, output, label = "label", provenance;
  bool json = false;
  std::size_t rows = 0;
  std::uint64_t seed = 1;
};

int info(const Options& options) {
  const auto raw = data::read_dataset(options.input, {.label_column = options.label});
  std::vector<std::size_t> counts(raw.class_names.size());
  for (const auto label : raw.labels) ++counts[label];
  std::string text = fmt::format("{}: {} rows, {}{}\ncolumns: {}\n", options.input, raw.size(),
                                 raw.slots > 0 ? fmt::format("{} constituents x ", raw.slots) : "",
                                 fmt::format("{} columns", raw.columns.size()), fmt::join(raw.columns, ", "));
  if (options.json) {
    Json json{{"file", options.input}, {"rows", raw.size()}, {"constituents", raw.slots}, {"columns", raw.columns}, {"sha256", raw.sha256}};
    json["classes"] = Json::array();
    for (std::size_t c = 0; c < counts.size(); ++c)
      json["classes"].push_back({{"name", raw.class_names[c]}, {"label", c}, {"rows", counts[c]}});
    print_json(json);
    return 0;
  }
  TextTable table({"class", "label", "rows"});
  for (std::size_t c = 0; c < counts.size(); ++c)
    table.add_row({raw.class_names[c], std::to_string(c), with_thousands(static_cast<long long>(counts[c]))});
  print_text(text + table.str());
  return 0;
}

int sample(const Options& options) {
  auto raw = data::read_dataset(options.input, {.label_column = options.label});
  if (options.rows < raw.size()) {
    const double share = static_cast<double>(options.rows) / static_cast<double>(raw.size());
    const auto split = data::stratified_split(raw.labels, static_cast<int>(raw.class_names.size()), share, options.seed);
    raw = data::take_rows(raw, split.validation);
  }
  data::write_hdf5(options.output, raw, options.provenance);
  if (options.json)
    print_json({{"file", options.output}, {"rows", raw.size()}});
  else
    std::fprintf(stderr, "%zu rows written to %s\n", raw.size(), options.output.c_str());
  return 0;
}

}  // namespace

void add_data(CLI::App& app, Action& action) {
  CLI::App* command = add_command(
      app, "data", "Look at a data set, or cut a stratified sample from it",
      {.about = "Reads HDF5, .npz, a pair of .npy files joined by a comma, and CSV with a header line.",
       .examples = {{"snac data info data/jets8_test.h5", ""}, {"snac data sample data/jets8_train.h5 -o small.h5 --rows 10000", ""}},
       .see = {"snac run", "docs/formats.md"}});
  command->group(kOtherCommands);
  command->require_subcommand(1);
  auto options = std::make_shared<Options>();
  CLI::App* info_command =
      add_command(*command, "info", "Rows, columns and classes of a file",
                  {.examples = {{"snac data info data/jets8_train.h5", ""},
                                {"snac data info mine.csv --label kind --json", "a CSV whose classes stand in 'kind'"}},
                   .see = {"snac run"}});
  info_command->add_option("file", options->input, "HDF5, .npz, 'x.npy,y.npy' or CSV")->required()->type_name(kFile);
  info_command->add_option("--label", options->label, "CSV: name of the label column");
  info_command->add_flag("--json", options->json, "Print as JSON");
  info_command->callback([&action, options] { action = [options] { return info(*options); }; });
  CLI::App* sample_command = add_command(
      *command, "sample", "Write a stratified sample as HDF5 (16-bit floats)",
      {.about = "Every class keeps its share of the rows.",
       .examples = {{"snac data sample data/jets8_train.h5 -o small.h5 --rows 10000 --seed 7", ""},
                    {"snac data sample mine.csv -o mine.h5 --rows 50000 --label kind --provenance 'run 12 of the beam test'", ""}},
       .see = {"snac data"}});
  sample_command->add_option("file", options->input, "HDF5, .npz, 'x.npy,y.npy' or CSV")->required()->type_name(kFile);
  sample_command->add_option("-o,--output", options->output, "HDF5 file to write")->required()->type_name(kFile);
  sample_command->add_option("--rows", options->rows, "Rows to keep")->required()->check(CLI::Range(std::size_t{2}, std::size_t{1} << 40));
  sample_command->add_option("--seed", options->seed, "Of the choice of rows");
  sample_command->add_option("--label", options->label, "CSV: name of the label column");
  sample_command->add_option("--provenance", options->provenance, "Where the data come from: kept in the file");
  sample_command->add_flag("--json", options->json, "Print the file and its rows as JSON");
  sample_command->callback([&action, options] { action = [options] { return sample(*options); }; });
}

}  // namespace snac::app
