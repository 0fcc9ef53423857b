// How a command makes hardware of a model.
#include <map>

#include "commands.hpp"

namespace snac::app {

void DesignOptions::add_to(CLI::App& command) {
  command.add_option("--adders-per-stage", params.adders_per_stage, "Adder levels between two registers")->check(CLI::Range(1, 1000));
  command.add_option("--reuse-factor", params.reuse_factor, "Multiplications per multiplier; 1 = unrolled")
      ->check(CLI::Range(1, circuit::kMaxReuseFactor));
  const std::map<std::string, circuit::Multiplier> kinds{{"dsp", circuit::Multiplier::dsp}, {"lut", circuit::Multiplier::lut}};
  command.add_option("--multiplier", params.multiplier, "Multipliers with a reuse factor above 1: dsp or lut")
      ->transform(CLI::CheckedTransformer(kinds));
}

}  // namespace snac::app
