// Precision: how many bits weights and activations get.
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
