#include "snac/flow/estimation.hpp"

#include <algorithm>

#include "snac/cost/device.hpp"

namespace snac::flow {
namespace {

int adders_per_stage(const TargetConfig& target) {
  if (target.pipelining != circuit::Pipelining::period) return target.adders_per_stage;
  constexpr int kUsualBits = 12;
  const circuit::DelayModel model = cost::delay_model(cost::find_device(target.device));
  const double adders = (target.clock_ns * 1000 - model.register_ps) / (model.adder_ps + kUsualBits * model.carry_bit_ps);
  return static_cast<int>(std::clamp(adders, 1.0, 1000.0));
}

}  // namespace

cost::HardwareTarget hardware_target(const TargetConfig& target) {
  return {.precision = {.weight_bits = target.precision.weight_bits,
                        .activation_bits = target.precision.activation_bits,
                        .input = target.input,
                        .sparsity = target.sparsity,
                        .adders_per_stage = adders_per_stage(target)},
          .reuse_factor = target.reuse_factor,
          .multiplier = target.multiplier,
          .output = target.output,
          .probability_bits = target.probability_bits};
}

}  // namespace snac::flow
