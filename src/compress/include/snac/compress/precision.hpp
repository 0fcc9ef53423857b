// Precision: how many bits weights and activations get. Weights are symmetric around zero, so two bits are ternary weights,
// -1, 0 and 1 times a power of two; one bit would hold no zero (nothing could be pruned, and no layer's grid could be closed
// under rounding of small weights), and a one-bit activation is a threshold, which has no useful straight-through gradient.
#pragma once

#include <string>

namespace snac::compress {

struct Precision {
  int weight_bits = 8;      ///< 2..16, sign included
  int activation_bits = 8;  ///< 2..16
  bool operator==(const Precision&) const = default;
};

/// "w8a8".
std::string to_string(const Precision& precision);
/// "8" (both) or "w6a8". @throws ConfigError showing the form and the range.
Precision precision_from_string(const std::string& text);

}  // namespace snac::compress
