// Resources, and where each number comes from. Nothing prints a resource number without its source.
#pragma once

#include <string>

namespace snac::cost {

struct Resources {
  double lut = 0, ff = 0, dsp = 0, bram18 = 0;
  std::string source;  ///< "architecture sample", "circuit", "yosys 0.23", "vivado 2023.2"...
};

}  // namespace snac::cost
