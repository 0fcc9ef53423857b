// snac calibrate: fits the cost model to the installed synthesis tool and says how far off it is.
#include <fmt/format.h>

#include <memory>

#include "commands.hpp"
#include "snac/core/files.hpp"
#include "snac/core/text_table.hpp"
#include "snac/flow/calibrate.hpp"

namespace snac::app {
namespace {

struct Options {
  flow::CalibrateParams params;
  std::string output;
  bool list = false, json = false;
};

std::string report(const flow::CalibrationRun& run, bool list) {
  const cost::Calibration& c = run.calibration;
  std::string text;
  if (list) {
    TextTable networks({"network", "use", "LUT", "raw %", "calibrated %", "FF", "FF %"});
    const auto percent = [](double estimate, std::int64_t truth) {
      return truth > 0 ? fmt::format("{:+.1f}", 100 * (estimate / static_cast<double>(truth) - 1)) : std::string("-");
    };
    for (const auto& s : run.samples) {
      networks.add_row({s.name, s.held_out ? "held out" : "fitted", with_thousands(s.lut),
                        percent(cost::lut_of(s.mapping, cost::raw_lut_per_sort()), s.lut),
                        percent(cost::lut_of(s.mapping, c.lut_per_sort), s.lut), with_thousands(s.ff),
                        percent(static_cast<double>(s.mapping.ff), s.ff)});
    }
    text += networks.str() + "\n";
  }
  TextTable coefficients({"sort of LUT", "LUTs each"});
  for (std::size_t k = 0; k < circuit::kNumLutSorts; ++k) {
    coefficients.add_row({std::string(circuit::to_string(static_cast<circuit::LutSort>(k))), fmt::format("{:.3f}", c.lut_per_sort[k])});
  }
  TextTable errors({"error against " + c.tool, "mean absolute %", "worst %", "bias %"});
  const auto add = [&](const std::string& name, const cost::ModelError& e) {
    errors.add_row({name, fmt::format("{:.2f}", e.mean_absolute), fmt::format("{:.2f}", e.worst_absolute), fmt::format("{:+.2f}", e.bias)});
  };
  add("LUT raw, held out", c.card.lut_raw);
  add("LUT calibrated, held out", c.card.lut);
  add("LUT calibrated, fitted", c.card.lut_fitted);
  add("FF, held out", c.card.ff);
  return text + coefficients.str() + "\n" + errors.str() +
         fmt::format("{} networks fitted, {} held out; {} syntheses run, the others were in the cache\n", c.card.fitted, c.card.held_out,
                     run.synthesised);
}

int run_calibration(const Options& options) {
  const flow::CalibrationRun run = flow::calibrate(options.params);
  if (!options.output.empty()) write_file_atomically(options.output, cost::to_json(run.calibration).dump(2) + "\n");
  if (options.json)
    print_json({{"calibration", cost::to_json(run.calibration)}, {"samples", flow::samples_json(run)}});
  else
    print_text(report(run, options.list));
  return 0;
}

}  // namespace

void add_calibrate(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  options->params.cache = "runs/calibration";
  CLI::App* command = add_command(
      app, "calibrate", "Fit the cost model of circuits to the synthesis tool, and measure its error",
      {.about =
           "Makes random networks, counts the logic of each on its circuit, synthesises them with Yosys and fits how many LUTs each "
           "sort of logic takes. Every third network and the large ones are held out: the errors printed are theirs. Three to fifteen "
           "minutes on two cores; interrupted, it goes on where it was. One calibration is shipped with the program; make your own for "
           "another Yosys and name it as target.calibration in a study or with 'snac synth --calibration'.",
       .examples = {{"snac calibrate --output my_calibration.json", ""},
                    {"snac calibrate --networks 24 --large 0 --list", "quicker and coarser; prints every network"}},
       .see = {"snac synth", "docs/cost-model.md"}});
  command->group(kEstimatorCommands);
  command->add_option("-o,--output", options->output, "Calibration file to write")->type_name(kFile);
  command->add_option("--networks", options->params.networks, "Networks of 100 to 12,000 LUTs; a third of them held out")
      ->check(CLI::Range(12, 10000));
  command->add_option("--large", options->params.large, "Held-out networks of 10,000 to 20,000 LUTs")->check(CLI::Range(0, 1000));
  command->add_option("--seed", options->params.seed, "Of the networks");
  command->add_option("--family", options->params.family, "Family as Yosys names it")->check(known_values({"xcup", "xcu", "xc7", "xc6v"}));
  command->add_option("--cache", options->params.cache, "Folder that keeps finished syntheses")->type_name(kFolder);
  command->add_option("--threads", options->params.threads, "Syntheses at once; 0 = as many as cores")->check(CLI::Range(0, 1024));
  command->add_flag("--list", options->list, "Print every network");
  command->add_flag("--json", options->json, "Print calibration and networks as JSON");
  command->callback([&action, options] { action = [options] { return run_calibration(*options); }; });
}

}  // namespace snac::app
