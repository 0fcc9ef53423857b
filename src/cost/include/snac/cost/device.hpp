// Devices: what a part offers. Percentages are always against the chosen device.
#pragma once

#include <string>
#include <vector>

#include "snac/circuit/schedule.hpp"
#include "snac/cost/resources.hpp"

namespace snac::cost {

struct Device {
  std::string name;          ///< "xcvu13p"
  std::string board;         ///< "" or a board that carries it
  std::string family;        ///< "Virtex UltraScale+"
  std::string yosys_family;  ///< -family of synth_xilinx: "xcup", "xcu", "xc7"
  double lut = 0, ff = 0, dsp = 0, bram18 = 0, uram = 0;
  std::string source;  ///< data sheet, or the user's file
  std::vector<std::string> other_boards = {};
  std::string part = {};  ///< complete name for vendor tools: of the board, or a common package
};

/// "2", "1", "2L": the speed grade of a device's complete part name; "" if it names none.
std::string speed_grade(const Device& device);

/// The catalogue that comes with the program.
const std::vector<Device>& known_devices();
/// Devices that were added, in order.
std::vector<Device> user_devices();
/// Adds the devices of a YAML file to those that find_device knows, for the whole process: a list of mappings with name, fabric
/// (ultrascale_plus, ultrascale or series7), lut, ff, and optionally dsp, bram18, uram, board, family, part. Adding the same file again
/// changes nothing. Thread-safe. @returns how many it holds.
/// @throws ConfigError naming file, line, found and expected; for a name or board that is known already with other figures; IoError.
int add_devices(const std::string& path);
/// By part ("xcvu13p", "VU13P", "xcvu13p-flga2577-2-e", "xc7z020clg400-1": package, speed and temperature grade are
/// ignored) or by board ("ZCU102", "PYNQ-Z2", "pynq_z2", "Alveo U250", "u250"). Case, '-', '_' and spaces do not matter.
/// @throws ConfigError with the nearest name, or all known ones.
const Device& find_device(const std::string& name);

/// What pipelining takes its delays from: a model with orientation figures for the device's family, not a vendor's timing.
circuit::DelayModel delay_model(const Device& device);
/// The complete name that vendor tools want: as written if it has package and grade ("xcvu13p-flga2577-2-e"), else that
/// of the device on its board, or of a common package. @throws ConfigError as find_device.
std::string part_number(const std::string& name);

/// Mean of LUT, FF, BRAM and DSP in percent of the device: the papers' "average resource". Above 100 if it does not fit.
double average_resource_percent(const Resources& used, const Device& device);

}  // namespace snac::cost
