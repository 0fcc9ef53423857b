// A model file as commands read it, with the output stage the user asks for.
#include <utility>

#include "commands.hpp"

namespace snac::app {

void ModelOptions::add_to(CLI::App& command) {
  command.add_option("-m,--model", model, "A fixed_net.json")->required();
  command.add_option("--output-stage", output_stage, "What the hardware gives: logits, argmax or softmax; default: as in the file")
      ->check(CLI::IsMember({"logits", "argmax", "softmax"}));
  command.add_option("--probability-bits", probability_bits, "Bits of a probability with --output-stage softmax")
      ->check(CLI::Range(fixed::kMinProbabilityBits, fixed::kMaxProbabilityBits));
}

fixed::FixedNet ModelOptions::load() const {
  fixed::FixedNet net = fixed::load_fixed_net(model);
  if (output_stage.empty()) return net;
  return fixed::with_output(std::move(net), fixed::output_kind_from_string(output_stage, "--output-stage"), probability_bits);
}

}  // namespace snac::app
