// The commands of the program: each file parses, validates, calls the library and prints. No logic here.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "command.hpp"
#include "snac/core/json.hpp"
#include "snac/flow/config.hpp"
#include "snac/flow/design.hpp"
#include "snac/flow/hls.hpp"

namespace snac::app {

/// What main runs after parsing. Returns the exit code.
using Action = std::function<int()>;

/// Options that every command with a study has.
struct StudyOptions {
  std::string config;
  std::vector<std::string> overrides;
  int threads = -1;
  std::string output;

  void add_to(CLI::App& command);
  flow::StudyConfig load() const;
};

/// Options of commands that write an HLS project.
struct HlsOptions {
  bool wanted = false;
  std::string interface = "parallel", strategy = "latency", include;
  int reuse_factor = 1;

  void add_to(CLI::App& command, const char* help);
  flow::HlsJob job(const std::string& device, double clock_ns) const;
};

/// Options that every command with a model has: a file, or a compressed model of a study.
struct ModelOptions {
  std::string model, config, folder, output_stage;
  std::vector<std::string> overrides;
  int probability_bits = 8;

  void add_to(CLI::App& command);
  /// The study's configuration; that of an empty file without a study.
  flow::StudyConfig study() const;
  fixed::FixedNet load() const;
  /// Its hardware: with target.keep_latency and a study, in as many stages as the study recorded.
  flow::Design design(const fixed::FixedNet& net, const flow::StudyConfig& study) const;
};

/// Options of commands that make hardware of a model.
struct DesignOptions {
  std::vector<std::function<void(flow::TargetConfig&)>> changes;

  void add_to(CLI::App& command);
  /// The configuration with what the command line changes of its target.
  flow::StudyConfig apply(flow::StudyConfig config) const;
};

void add_run_commands(CLI::App& app, Action& action);  ///< run, search, compress
void add_front(CLI::App& app, Action& action);
void add_report(CLI::App& app, Action& action);
void add_reproduce(CLI::App& app, Action& action);
void add_synth(CLI::App& app, Action& action);
void add_verify(CLI::App& app, Action& action);
void add_show_config(CLI::App& app, Action& action);
void add_data(CLI::App& app, Action& action);
void add_devices(CLI::App& app, Action& action);
void add_calibrate(CLI::App& app, Action& action);
void add_export(CLI::App& app, Action& action);
void add_import(CLI::App& app, Action& action);
void add_estimate(CLI::App& app, Action& action);
void add_surrogate(CLI::App& app, Action& action);
void add_hls_surrogate(CLI::App& surrogate, Action& action);  ///< fit-hls, evaluate-hls, estimate-hls, rule4ml

void add_completion(CLI::App& app, Action& action);
void add_docs(CLI::App& app, Action& action);
void add_help(CLI::App& app, Action& action);

/// "--set KEY=VALUE", many times.
CLI::Option* add_settings(CLI::App& command, std::vector<std::string>& settings);

/// Activations of hidden layers.
inline const std::vector<std::string> kActivations{"relu", "tanh", "sigmoid", "leaky_relu", "linear"};

/// Headings of the list of commands.
inline constexpr const char* kStudyCommands = "A study";
inline constexpr const char* kNetworkCommands = "One network";
inline constexpr const char* kEstimatorCommands = "Estimators";
inline constexpr const char* kOtherCommands = "Data, devices, this program";

/// A command that takes less time than this shows no progress.
inline constexpr double kQuietSeconds = 2;

/// The sizes of "24-64-32-5", from input to logits; empty for anything else.
std::vector<int> layer_sizes(const std::string& text);

/// Writes to standard output and checks that it arrived. @throws IoError (closed pipe, full disk).
void print(const std::string& text);
/// The same for people: on a terminal, lines that are too long are broken at blanks.
void print_text(const std::string& text);
/// The same for programs: the only thing that a command with --json writes there.
void print_json(const Json& json);

/// An example of a guide is a command line of this program. @throws Error with what is wrong with it.
void require_readable(const std::string& line);

}  // namespace snac::app
