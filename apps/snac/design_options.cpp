// How a command makes hardware of a model.
#include <filesystem>
#include <map>

#include "commands.hpp"
#include "snac/core/error.hpp"

namespace snac::app {

namespace {

template <class Value>
CLI::Option* add_change(CLI::App& command, DesignOptions& options, const std::string& name, Value flow::TargetConfig::*member,
                        const std::string& help) {
  return command.add_option_function<Value>(
      name,
      [&options, member](const Value& value) { options.changes.emplace_back([=](flow::TargetConfig& target) { target.*member = value; }); },
      help);
}

template <class Value>
void add_choice(CLI::App& command, DesignOptions& options, const std::string& name, Value flow::TargetConfig::*member,
                const std::map<std::string, Value>& choices, const std::string& help) {
  std::vector<std::string> names;
  for (const auto& [text, ignored] : choices) names.push_back(text);
  command
      .add_option_function<std::string>(
          name,
          [&options, member, choices](const std::string& text) {
            options.changes.emplace_back([member, value = choices.at(text)](flow::TargetConfig& target) { target.*member = value; });
          },
          help)
      ->check(CLI::IsMember(names));
}

}  // namespace

void DesignOptions::add_to(CLI::App& command) {
  const CLI::OptionDefaults before = *command.option_defaults();
  command.option_defaults()->group("Design of the hardware");
  using Target = flow::TargetConfig;
  add_change(command, *this, "--device", &Target::device, "Part or board (see snac devices)")->type_name(kDevice);
  add_change(command, *this, "--clock", &Target::clock_ns, "Clock period in ns, for the scripts of vendor tools and for --pipelining clock")
      ->check(CLI::Range(0.1, 1e6));
  add_choice<circuit::Effort>(command, *this, "--effort", &Target::effort,
                              {{"quick", circuit::Effort::quick}, {"normal", circuit::Effort::normal}, {"high", circuit::Effort::high}},
                              "How long to look for adders to share; high takes seconds and saves 2-4 % of the LUTs");
  add_change(command, *this, "--extra-depth", &Target::extra_depth, "Adder levels a layer may have above the least possible; -1 = no limit")
      ->check(CLI::Range(-1, 1000));
  add_choice<circuit::Pipelining>(
      command, *this, "--pipelining", &Target::pipelining,
      {{"levels", circuit::Pipelining::levels}, {"clock", circuit::Pipelining::period}, {"stages", circuit::Pipelining::stages}},
      "What decides where registers stand: --adders-per-stage, --clock or --stages");
  add_change(command, *this, "--adders-per-stage", &Target::adders_per_stage, "Adder levels between two registers")
      ->check(CLI::Range(1, 1000));
  add_change(command, *this, "--stages", &Target::stages,
             "With --pipelining stages: so many at most, the slowest as fast as possible (delay model)")
      ->check(CLI::Range(1, 1000));
  add_change(command, *this, "--reuse-factor", &Target::reuse_factor, "Multiplications per multiplier; 1 = unrolled")
      ->check(CLI::Range(1, circuit::kMaxReuseFactor));
  add_choice<circuit::Multiplier>(command, *this, "--multiplier", &Target::multiplier,
                                  {{"dsp", circuit::Multiplier::dsp}, {"lut", circuit::Multiplier::lut}},
                                  "Multipliers with a reuse factor above 1");
  command
      .add_option_function<std::string>(
          "--calibration",
          [this](const std::string& path) {
            // A path of the command line, not of the configuration's folder.
            changes.emplace_back([path = std::filesystem::absolute(path).string()](Target& target) { target.calibration = path; });
          },
          "A file of 'snac calibrate'; without it the shipped one")
      ->type_name(kFile);
  *command.option_defaults() = before;
}

flow::StudyConfig DesignOptions::apply(flow::StudyConfig config) const {
  for (const auto& change : changes) change(config.target);
  if (config.target.reuse_factor > 1 && config.target.pipelining != circuit::Pipelining::levels) {
    throw ConfigError("a folded design is pipelined by levels only",
                      {.where = "--pipelining", .found = "clock or stages with --reuse-factor above 1", .expected = "levels", .hint = {}});
  }
  return config;
}

}  // namespace snac::app
