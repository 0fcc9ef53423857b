// How a command makes hardware of a model.
#include <map>

#include "commands.hpp"
#include "snac/core/error.hpp"

namespace snac::app {

namespace {

template <class Value>
void add_choice(CLI::App& command, const std::string& name, Value& value, const std::map<std::string, Value>& choices,
                const std::string& help) {
  std::vector<std::string> names;
  for (const auto& [text, ignored] : choices) names.push_back(text);
  command
      .add_option_function<std::string>(
          name, [&value, choices](const std::string& text) { value = choices.at(text); }, help)
      ->check(CLI::IsMember(names));
}

}  // namespace

void DesignOptions::add_to(CLI::App& command) {
  command.add_option("--device", target.device, "Part or board (see snac devices)");
  command.add_option("--clock", target.clock_ns, "Clock period in ns, for the scripts of vendor tools and for --pipelining clock")
      ->check(CLI::Range(0.1, 1e6));
  add_choice<circuit::Effort>(command, "--effort", target.effort,
                              {{"quick", circuit::Effort::quick}, {"normal", circuit::Effort::normal}, {"high", circuit::Effort::high}},
                              "How long to look for adders to share; high takes seconds and saves 2-4 % of the LUTs");
  command.add_option("--extra-depth", target.extra_depth, "Adder levels a layer may have above the least possible; -1 = no limit")
      ->check(CLI::Range(-1, 1000));
  add_choice<circuit::Pipelining>(
      command, "--pipelining", target.pipelining,
      {{"levels", circuit::Pipelining::levels}, {"clock", circuit::Pipelining::period}, {"stages", circuit::Pipelining::stages}},
      "Where registers stand: levels (--adders-per-stage), clock (--clock), stages (--stages)");
  command.add_option("--adders-per-stage", target.adders_per_stage, "Adder levels between two registers")->check(CLI::Range(1, 1000));
  command.add_option("--stages", target.stages, "With --pipelining stages: so many at most, the slowest as fast as possible (delay model)")
      ->check(CLI::Range(1, 1000));
  command.add_option("--reuse-factor", target.reuse_factor, "Multiplications per multiplier; 1 = unrolled")
      ->check(CLI::Range(1, circuit::kMaxReuseFactor));
  add_choice<circuit::Multiplier>(command, "--multiplier", target.multiplier,
                                  {{"dsp", circuit::Multiplier::dsp}, {"lut", circuit::Multiplier::lut}},
                                  "Multipliers with a reuse factor above 1");
  command.add_option("--calibration", target.calibration, "A file of 'snac calibrate'; without it the shipped one");
}

flow::Design DesignOptions::make(const fixed::FixedNet& net) const {
  if (target.reuse_factor > 1 && target.pipelining != circuit::Pipelining::levels) {
    throw ConfigError("a folded design is pipelined by levels only",
                      {.where = "--pipelining", .found = "clock or stages with --reuse-factor above 1", .expected = "levels", .hint = {}});
  }
  flow::StudyConfig config;
  config.target = target;
  return flow::design(net, config);
}

}  // namespace snac::app
