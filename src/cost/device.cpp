#include "snac/cost/device.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <limits>
#include <string_view>
#include <utility>

#include "snac/core/error.hpp"

namespace snac::cost {
namespace {

// Totals of the silicon as the data sheets give them; the sheets count block RAM in 36 Kb blocks of two BRAM18.
// An Alveo card's shell takes its share of these before a design is placed.
std::vector<Device> catalogue() {
  constexpr const char* kUltra = "AMD DS890, UltraScale Architecture and Product Data Sheet";
  constexpr const char* kMpsoc = "AMD DS891, Zynq UltraScale+ MPSoC Data Sheet: Overview";
  constexpr const char* kRfsoc = "AMD DS889, Zynq UltraScale+ RFSoC Data Sheet: Overview";
  constexpr const char* kSeries7 = "AMD DS180, 7 Series FPGAs Data Sheet: Overview";
  constexpr const char* kZynq = "AMD DS190, Zynq-7000 SoC Data Sheet: Overview";
  constexpr const char* kAlveo200 = "AMD DS962, Alveo U200 and U250 Data Sheet (silicon of the VU9P and VU13P in DS890)";
  constexpr const char* kAlveo280 = "AMD DS963, Alveo U280 Data Sheet (silicon of the VU37P in DS890)";
  constexpr const char* kAlveo50 = "AMD DS965, Alveo U50 Data Sheet (silicon of the VU35P in DS890)";
  constexpr const char* kKria = "AMD DS987, Kria K26 SOM Data Sheet (silicon of the ZU5EV in DS891)";
  // part, board, family, Yosys family, LUT, FF, DSP, BRAM18, URAM
  return {
      {"xcvu13p", "", "Virtex UltraScale+", "xcup", 1728000, 3456000, 12288, 2 * 2688, 1280, kUltra},
      {"xcvu9p", "VCU118", "Virtex UltraScale+", "xcup", 1182240, 2364480, 6840, 2 * 2160, 960, kUltra},
      {"xcu50", "Alveo U50", "Virtex UltraScale+ HBM", "xcup", 871680, 1743360, 5952, 2 * 1344, 640, kAlveo50},
      {"xcu200", "Alveo U200", "Virtex UltraScale+", "xcup", 1182240, 2364480, 6840, 2 * 2160, 960, kAlveo200},
      {"xcu250", "Alveo U250", "Virtex UltraScale+", "xcup", 1728000, 3456000, 12288, 2 * 2688, 1280, kAlveo200},
      {"xcu280", "Alveo U280", "Virtex UltraScale+ HBM", "xcup", 1303680, 2607360, 9024, 2 * 2016, 960, kAlveo280},
      {"xczu9eg", "ZCU102", "Zynq UltraScale+ MPSoC", "xcup", 274080, 548160, 2520, 2 * 912, 0, kMpsoc},
      {"xczu7ev", "ZCU104", "Zynq UltraScale+ MPSoC", "xcup", 230400, 460800, 1728, 2 * 312, 96, kMpsoc, {"ZCU106"}},
      {"xczu28dr", "ZCU111", "Zynq UltraScale+ RFSoC", "xcup", 425280, 850560, 4272, 2 * 1080, 80, kRfsoc},
      {"xczu49dr", "ZCU216", "Zynq UltraScale+ RFSoC", "xcup", 425280, 850560, 4272, 2 * 1080, 80, kRfsoc},
      {"xck26", "KV260", "Zynq UltraScale+ MPSoC", "xcup", 117120, 234240, 1248, 2 * 144, 64, kKria, {"KR260"}},
      {"xc7z020", "PYNQ-Z2", "Zynq-7000", "xc7", 53200, 106400, 220, 2 * 140, 0, kZynq, {"PYNQ-Z1", "ZedBoard"}},
      {"xc7k325t", "KC705", "Kintex-7", "xc7", 203800, 407600, 840, 2 * 445, 0, kSeries7},
      {"xc7vx690t", "VC709", "Virtex-7", "xc7", 433200, 866400, 3600, 2 * 1470, 0, kSeries7},
      {"xc7a100t", "Arty A7-100T", "Artix-7", "xc7", 63400, 126800, 240, 2 * 135, 0, kSeries7},
  };
}

bool is_letter(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Lower case, without '-', '_' and spaces.
std::string squeezed(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c != '-' && c != '_' && c != ' ') result += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return result;
}

/// "flga2577", "fsvh2104": two to four letters, three or four digits.
bool is_package(std::string_view text) {
  std::size_t letters = 0;
  while (letters < text.size() && is_letter(text[letters])) ++letters;
  const std::string_view digits = text.substr(letters);
  return letters >= 2 && letters <= 4 && digits.size() >= 3 && digits.size() <= 4 && std::all_of(digits.begin(), digits.end(), is_digit);
}

/// "2", "1l", "2lv", "3e": a speed grade, perhaps with voltage and temperature; "e", "i": a temperature; "es1": early silicon.
bool is_grade(std::string_view text) {
  if (text.empty() || text.size() > 4) return false;
  if (text.starts_with("es")) return std::all_of(text.begin() + 2, text.end(), is_digit);
  const std::string_view letters = is_digit(text.front()) ? text.substr(1) : text;
  return letters.size() <= 3 && std::all_of(letters.begin(), letters.end(), is_letter);
}

/// What follows the part's own name: nothing, or package and grades ("-flga2577-2-e", "clg400-1", "-2-ffg1761").
bool is_ordering_suffix(std::string_view text) {
  if (text.empty()) return true;
  if (text.front() == '-') text.remove_prefix(1);
  while (true) {
    const std::size_t dash = text.find('-');
    const std::string_view token = text.substr(0, dash);
    if (!is_package(token) && !is_grade(token)) return false;
    if (dash == std::string_view::npos) return true;
    text.remove_prefix(dash + 1);
  }
}

/// Vendors write the voltage grade, and only that, in capitals: "-2L-e", "-2LV-c".
std::string with_voltage_grade(std::string lower) {
  for (std::size_t i = 2; i < lower.size(); ++i) {
    if (lower[i] != 'l' || !is_digit(lower[i - 1]) || lower[i - 2] != '-') continue;
    lower[i] = 'L';
    if (i + 1 < lower.size() && lower[i + 1] == 'v') lower[i + 1] = 'V';
  }
  return lower;
}

bool names_part(std::string_view lower_name, std::string_view part) {
  for (const std::string_view own : {part, part.substr(2)}) {  // with and without "xc"
    if (!lower_name.starts_with(own)) continue;
    const std::string_view rest = lower_name.substr(own.size());
    const bool separated = rest.empty() || rest.front() == '-' || is_package(rest.substr(0, rest.find('-')));
    if (separated && is_ordering_suffix(rest)) return true;
  }
  return false;
}

double percent(double used, double total) {
  if (total > 0) return 100 * used / total;
  return used > 0 ? std::numeric_limits<double>::infinity() : 0;  // needs what the device does not have
}

}  // namespace

const std::vector<Device>& known_devices() {
  static const std::vector<Device> devices = catalogue();
  return devices;
}

const Device& find_device(const std::string& name) {
  std::string lower;
  for (const char c : name) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const std::string squeezed_name = squeezed(name);
  std::vector<std::string> known;
  for (const Device& device : known_devices()) {
    if (names_part(lower, device.name)) return device;
    known.push_back(device.name);
    std::vector<std::string> boards = device.other_boards;
    if (!device.board.empty()) boards.insert(boards.begin(), device.board);
    for (const std::string& board : boards) {
      if (squeezed_name == squeezed(board)) return device;
      known.push_back(board);
    }
  }
  throw ConfigError("unknown device", {.where = {},
                                       .found = fmt::format("'{:.80}'", name),
                                       .expected = "a part or board from 'snac devices'",
                                       .hint = suggest(name, known)});
}

circuit::DelayModel delay_model(const Device& device) {
  const circuit::DelayModel ultrascale_plus;
  if (device.yosys_family == "xcup") return ultrascale_plus;
  // Older processes: 20 nm and 28 nm parts of middle speed grade reach about 1/1.3 and 1/1.7 of the clock of a 16 nm part on the same
  // logic. A rule of thumb, not a measurement.
  const double slower = device.yosys_family == "xcu" ? 1.3 : 1.7;
  const auto scaled = [&](int ps) { return static_cast<int>(ps * slower); };
  return {.register_ps = scaled(ultrascale_plus.register_ps),
          .lut_ps = scaled(ultrascale_plus.lut_ps),
          .adder_ps = scaled(ultrascale_plus.adder_ps),
          .carry_bit_ps = scaled(ultrascale_plus.carry_bit_ps),
          .source = fmt::format("{}; times {:g} for {}", ultrascale_plus.source, slower, device.family)};
}

std::string part_number(const std::string& name) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 15> kComplete{{
      {"xcvu13p", "xcvu13p-flga2577-2-e"},
      {"xcvu9p", "xcvu9p-flga2104-2L-e"},
      {"xcu50", "xcu50-fsvh2104-2-e"},
      {"xcu200", "xcu200-fsgd2104-2-e"},
      {"xcu250", "xcu250-figd2104-2L-e"},
      {"xcu280", "xcu280-fsvh2892-2L-e"},
      {"xczu9eg", "xczu9eg-ffvb1156-2-e"},
      {"xczu7ev", "xczu7ev-ffvc1156-2-e"},
      {"xczu28dr", "xczu28dr-ffvg1517-2-e"},
      {"xczu49dr", "xczu49dr-ffvf1760-2-e"},
      {"xck26", "xck26-sfvc784-2LV-c"},
      {"xc7z020", "xc7z020clg400-1"},
      {"xc7k325t", "xc7k325tffg900-2"},
      {"xc7vx690t", "xc7vx690tffg1761-2"},
      {"xc7a100t", "xc7a100tcsg324-1"},
  }};
  const std::string& part = find_device(name).name;
  std::string lower = name;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (lower.starts_with(part) && lower.size() > part.size()) {
    // A package and a grade: "xcvu13p-flga2577-2-e", "xc7z020clg400-1".
    std::string_view rest = std::string_view(lower).substr(part.size());
    if (rest.front() == '-') rest.remove_prefix(1);
    const std::size_t dash = rest.find('-');
    if (dash != std::string_view::npos && is_package(rest.substr(0, dash))) return with_voltage_grade(lower);
  }
  const auto found = std::find_if(kComplete.begin(), kComplete.end(), [&](const auto& entry) { return entry.first == part; });
  return std::string(found == kComplete.end() ? std::string_view(part) : found->second);
}

double average_resource_percent(const Resources& used, const Device& device) {
  return (percent(used.lut, device.lut) + percent(used.ff, device.ff) + percent(used.bram18, device.bram18) +
          percent(used.dsp, device.dsp)) /
         4;
}

}  // namespace snac::cost
