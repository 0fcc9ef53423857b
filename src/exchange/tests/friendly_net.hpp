// Random networks that QONNX can mostly say: values saturate, tables rise.
#pragma once

#include <algorithm>

#include "../../fixed/tests/random_net.hpp"

namespace snac::fixed {

inline FixedNet friendly_net(Rng& rng) {
  FixedNet net = random_net(rng);
  const auto make_friendly = [&](FixedType& type) {
    if (type.overflow == Overflow::wrap && rng.chance(0.9)) type.overflow = Overflow::sat;
    if (type.overflow == Overflow::sat_zero && rng.chance(0.9)) type.overflow = Overflow::sat_sym;
    if (type.rounding != Rounding::trn && rng.chance(0.5)) type.rounding = Rounding::rnd;
  };
  for (Node& node : net.nodes) {
    for (FixedType& type : node.output.types) make_friendly(type);
    if (node.output.types.size() > 1) {
      const bool is_signed = node.output.types.front().is_signed;
      for (FixedType& type : node.output.types) type.is_signed = is_signed;
    }
    if (auto* table = std::get_if<TableOp>(&node.op); table != nullptr) {
      const FixedType& type = node.output.types.front();
      for (auto& entry : table->table) entry = std::clamp(entry, type.min_raw(), type.max_raw());
      std::sort(table->table.begin(), table->table.end());
    }
  }
  if (std::holds_alternative<SoftmaxOp>(net.nodes.back().op)) net.nodes.pop_back();
  if (net.nodes.empty()) net.nodes.push_back({"cast", CastOp{}, {0}, net.input});
  if (net.class_names.size() != net.num_classes()) net.class_names.clear();
  return net;
}

}  // namespace snac::fixed
