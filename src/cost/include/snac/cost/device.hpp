// Devices: what a part offers. Percentages are always against the chosen device.
#pragma once

#include <string>
#include <vector>

#include "snac/cost/resources.hpp"

namespace snac::cost {

struct Device {
  std::string name;    ///< "xcvu13p"
  std::string board;   ///< "" or a board that carries it
  std::string family;  ///< "UltraScale+"
  std::string yosys_family;  ///< -family of synth_xilinx: "xcup", "xcu", "xc7"
  double lut = 0, ff = 0, dsp = 0, bram18 = 0, uram = 0;
  std::string source;  ///< data sheet
};

const std::vector<Device>& known_devices();
/// By part or board name, case-insensitive, package and speed grade ignored ("xcvu13p-flga2577-2-e").
/// @throws ConfigError listing the nearest names.
const Device& find_device(const std::string& name);

/// Mean of LUT, FF, BRAM and DSP in percent of the device: the papers' "average resource".
double average_resource_percent(const Resources& used, const Device& device);

}  // namespace snac::cost
