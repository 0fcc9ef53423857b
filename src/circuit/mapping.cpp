#include "snac/circuit/mapping.hpp"

#include <algorithm>

#include "bit_roots.hpp"

// Registers as Yosys 0.23 leaves them under the recipe of toolchain/yosys.cpp: those of equal bits are one (`opt_merge`); a ReLU or
// clip in front of registers becomes their reset (`opt_dff`); `xilinx_srl -fixed -minlen 3` takes chains of registers without reset
// that are read at their end only.
namespace snac::circuit {
namespace {

class RegisterCounter {
 public:
  RegisterCounter(const Schedule& schedule, const MappingParams& params) : schedule_(schedule), params_(params) {}

  void count(const BitRoot& root, Mapping& group) {
    if (root.readers.empty()) return;
    const std::int32_t made = schedule_.stage[static_cast<std::size_t>(root.node)];
    read_.clear();
    for (const Id reader : root.readers) {
      read_.push_back(reader == kNone ? schedule_.latency : schedule_.stage[static_cast<std::size_t>(reader)]);
    }
    std::sort(read_.begin(), read_.end());
    read_.erase(std::unique(read_.begin(), read_.end()), read_.end());
    if (root.may_reset) {
      const LutSort registered = root.sort == LutSort::relu ? LutSort::relu_register : LutSort::clip_register;
      group.luts[static_cast<std::size_t>(read_.front() == made ? root.sort : registered)] += 1;
    }
    if (root.is_choice && (!root.only_compared || read_.back() > made)) group.luts[static_cast<std::size_t>(LutSort::choice)] += 1;
    std::int32_t from = made;
    for (const std::int32_t to : read_) {
      const std::int32_t length = to - from, plain = length - (root.may_reset && from == made ? 1 : 0);
      group.register_bits += length;
      if (params_.min_shift_register > 0 && plain >= params_.min_shift_register) {
        constexpr std::int32_t kLongest = 32;  // SRLC32E
        group.srl += (plain + kLongest - 1) / kLongest;
        group.ff += length - plain;
      } else {
        group.ff += length;
      }
      from = to;
    }
  }

 private:
  const Schedule& schedule_;
  const MappingParams& params_;
  std::vector<std::int32_t> read_;  ///< stages that read the root, scratch
};

}  // namespace

std::string_view to_string(LutSort sort) noexcept {
  switch (sort) {
    case LutSort::sum:
      return "sum";
    case LutSort::inverter:
      return "inverter";
    case LutSort::relu:
      return "relu";
    case LutSort::relu_register:
      return "relu_register";
    case LutSort::clip:
      return "clip";
    case LutSort::clip_register:
      return "clip_register";
    case LutSort::test:
      return "test";
    case LutSort::lookup:
      return "lookup";
    case LutSort::choice:
      return "choice";
    case LutSort::product:
      return "product";
  }
  return "";
}

Mapping map_bits(const Circuit& circuit, const Schedule& schedule, const MappingParams& params, std::vector<Mapping>* per_group) {
  const BitRoots bits = trace_bits(circuit, schedule.stage);
  std::vector<Mapping> groups(circuit.group_names().size());
  for (std::size_t g = 0; g < groups.size(); ++g) groups[g].luts = bits.luts[g];
  RegisterCounter registers(schedule, params);
  for (const BitRoot& root : bits.roots) {
    if (root.node != kNone) registers.count(root, groups[static_cast<std::size_t>(circuit.node(root.node).group)]);
  }
  groups.back().ff += schedule.latency;  // the valid bits; their reset keeps them out of shift registers
  groups.back().register_bits += schedule.latency;

  Mapping total;
  for (const Mapping& group : groups) {
    for (std::size_t k = 0; k < kNumLutSorts; ++k) total.luts[k] += group.luts[k];
    total.ff += group.ff;
    total.srl += group.srl;
    total.register_bits += group.register_bits;
  }
  if (per_group) *per_group = std::move(groups);
  return total;
}

}  // namespace snac::circuit
