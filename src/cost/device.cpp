#include "snac/cost/device.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <deque>
#include <limits>
#include <mutex>
#include <string_view>
#include <utility>

#include "snac/core/error.hpp"
#include "snac/core/fields.hpp"

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
  // device, board, family, Yosys family, LUT, FF, DSP, BRAM18, URAM, source, other boards, part
  return {
      {"xcvu13p", "", "Virtex UltraScale+", "xcup", 1728000, 3456000, 12288, 2 * 2688, 1280, kUltra, {}, "xcvu13p-flga2577-2-e"},
      {"xcvu9p", "VCU118", "Virtex UltraScale+", "xcup", 1182240, 2364480, 6840, 2 * 2160, 960, kUltra, {}, "xcvu9p-flga2104-2L-e"},
      {"xcu50", "Alveo U50", "Virtex UltraScale+ HBM", "xcup", 871680, 1743360, 5952, 2 * 1344, 640, kAlveo50, {}, "xcu50-fsvh2104-2-e"},
      {"xcu200", "Alveo U200", "Virtex UltraScale+", "xcup", 1182240, 2364480, 6840, 2 * 2160, 960, kAlveo200, {}, "xcu200-fsgd2104-2-e"},
      {"xcu250",
       "Alveo U250",
       "Virtex UltraScale+",
       "xcup",
       1728000,
       3456000,
       12288,
       2 * 2688,
       1280,
       kAlveo200,
       {},
       "xcu250-figd2104-2L-e"},
      {"xcu280",
       "Alveo U280",
       "Virtex UltraScale+ HBM",
       "xcup",
       1303680,
       2607360,
       9024,
       2 * 2016,
       960,
       kAlveo280,
       {},
       "xcu280-fsvh2892-2L-e"},
      {"xczu9eg", "ZCU102", "Zynq UltraScale+ MPSoC", "xcup", 274080, 548160, 2520, 2 * 912, 0, kMpsoc, {}, "xczu9eg-ffvb1156-2-e"},
      {"xczu7ev",
       "ZCU104",
       "Zynq UltraScale+ MPSoC",
       "xcup",
       230400,
       460800,
       1728,
       2 * 312,
       96,
       kMpsoc,
       {"ZCU106"},
       "xczu7ev-ffvc1156-2-e"},
      {"xczu28dr", "ZCU111", "Zynq UltraScale+ RFSoC", "xcup", 425280, 850560, 4272, 2 * 1080, 80, kRfsoc, {}, "xczu28dr-ffvg1517-2-e"},
      {"xczu49dr", "ZCU216", "Zynq UltraScale+ RFSoC", "xcup", 425280, 850560, 4272, 2 * 1080, 80, kRfsoc, {}, "xczu49dr-ffvf1760-2-e"},
      {"xck26", "KV260", "Zynq UltraScale+ MPSoC", "xcup", 117120, 234240, 1248, 2 * 144, 64, kKria, {"KR260"}, "xck26-sfvc784-2LV-c"},
      {"xc7z020", "PYNQ-Z2", "Zynq-7000", "xc7", 53200, 106400, 220, 2 * 140, 0, kZynq, {"PYNQ-Z1", "ZedBoard"}, "xc7z020clg400-1"},
      {"xc7k325t", "KC705", "Kintex-7", "xc7", 203800, 407600, 840, 2 * 445, 0, kSeries7, {}, "xc7k325tffg900-2"},
      {"xc7vx690t", "VC709", "Virtex-7", "xc7", 433200, 866400, 3600, 2 * 1470, 0, kSeries7, {}, "xc7vx690tffg1761-2"},
      {"xc7a100t", "Arty A7-100T", "Artix-7", "xc7", 63400, 126800, 240, 2 * 135, 0, kSeries7, {}, "xc7a100tcsg324-1"},
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

namespace {

struct UserDevices {
  std::mutex mutex;
  std::deque<Device> devices;  ///< references stay valid
};
UserDevices& registry() {
  static UserDevices devices;
  return devices;
}

bool same_figures(const Device& a, const Device& b) {
  return a.board == b.board && a.family == b.family && a.yosys_family == b.yosys_family && a.part == b.part && a.lut == b.lut &&
         a.ff == b.ff && a.dsp == b.dsp && a.bram18 == b.bram18 && a.uram == b.uram;
}

void describe(Fields& f, Device& device) {
  constexpr RealRange kCount{.min = 0, .max = 1e9};
  f.text("name", device.name, "Part, as 'device' names it");
  f.text("board", device.board, "A board that carries it");
  f.text("family", device.family, "Family, as shown");
  f.choice<std::string>("fabric", device.yosys_family, {{"ultrascale_plus", "xcup"}, {"ultrascale", "xcu"}, {"series7", "xc7"}},
                        "What its logic cells are like: decides the synthesis family and the delay model");
  f.real("lut", device.lut, kCount, "Look-up tables");
  f.real("ff", device.ff, kCount, "Flip-flops");
  f.real("dsp", device.dsp, kCount, "DSP slices");
  f.real("bram18", device.bram18, kCount, "Block RAMs of 18 Kb");
  f.real("uram", device.uram, kCount, "UltraRAMs");
  f.text("part", device.part, "Complete name for vendor tools, with package and speed grade");
}

}  // namespace

std::vector<Device> user_devices() {
  const std::lock_guard lock(registry().mutex);
  return {registry().devices.begin(), registry().devices.end()};
}

int add_devices(const std::string& path) {
  const YAML::Node root = load_yaml_file(path);
  if (!root.IsSequence()) {
    throw ConfigError("a file of devices is not usable",
                      {.where = path,
                       .found = root.IsMap() ? "a mapping" : "no list",
                       .expected = "a list: - {name: my_board, fabric: ultrascale_plus, lut: 230400, ff: 460800}",
                       .hint = {}});
  }
  std::vector<Device> devices;
  for (std::size_t i = 0; i < root.size(); ++i) {
    Device device{.name = {}, .board = {}, .family = "user's", .yosys_family = "xcup", .source = path};
    Fields reader = Fields::reader(root[i], path, fmt::format("[{}]", i));
    describe(reader, device);
    reader.finish();
    const auto need = [&](const char* key, bool there) {
      if (!there) reader.fail(key, "nothing", "a value: every device has one");
    };
    need("name", !device.name.empty());
    need("lut", device.lut > 0);
    need("ff", device.ff > 0);
    devices.push_back(std::move(device));
  }
  UserDevices& known = registry();
  const std::lock_guard lock(known.mutex);
  for (Device& device : devices) {
    const auto taken = [&](const Device& other) {
      const auto named = [&](const std::string& text) {
        return !text.empty() && (text == squeezed(device.name) || text == squeezed(device.board));
      };
      return named(squeezed(other.name)) || named(squeezed(other.board));
    };
    const auto user = std::find_if(known.devices.begin(), known.devices.end(), taken);
    if (user != known.devices.end() && user->name == device.name && same_figures(*user, device)) continue;
    const bool listed = std::any_of(known_devices().begin(), known_devices().end(), taken);
    if (user != known.devices.end() || listed) {
      throw ConfigError("a device is known already", {.where = path,
                                                      .found = "'" + device.name + "' with other figures",
                                                      .expected = "a name and a board of its own",
                                                      .hint = "'snac devices' lists those that come with the program"});
    }
    known.devices.push_back(std::move(device));
  }
  return static_cast<int>(devices.size());
}

std::string speed_grade(const Device& device) {
  // "xcvu13p-flga2577-2-e": after the package; "xc7z020clg400-1"; not the part's own digits.
  std::size_t dash = device.part.find('-');
  while (dash != std::string::npos) {
    const std::size_t end = std::min(device.part.find('-', dash + 1), device.part.size());
    const std::string token = device.part.substr(dash + 1, end - dash - 1);
    if (!token.empty() && is_digit(token.front())) return token;
    dash = end == device.part.size() ? std::string::npos : end;
  }
  return {};
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
  {
    const std::lock_guard lock(registry().mutex);
    for (const Device& device : registry().devices) {
      if (squeezed_name == squeezed(device.name) || (!device.board.empty() && squeezed_name == squeezed(device.board))) return device;
      known.push_back(device.name);
    }
  }
  throw ConfigError("unknown device", {.where = {},
                                       .found = fmt::format("'{:.80}'", name),
                                       .expected = "a part or board from 'snac devices', or from the file that target.devices names",
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
  const Device& device = find_device(name);
  const std::string& part = device.name;
  std::string lower = name;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (lower.starts_with(part) && lower.size() > part.size()) {
    // A package and a grade: "xcvu13p-flga2577-2-e", "xc7z020clg400-1".
    std::string_view rest = std::string_view(lower).substr(part.size());
    if (rest.front() == '-') rest.remove_prefix(1);
    const std::size_t dash = rest.find('-');
    if (dash != std::string_view::npos && is_package(rest.substr(0, dash))) return with_voltage_grade(lower);
  }
  return device.part.empty() ? part : device.part;
}

double average_resource_percent(const Resources& used, const Device& device) {
  return (percent(used.lut, device.lut) + percent(used.ff, device.ff) + percent(used.bram18, device.bram18) +
          percent(used.dsp, device.dsp)) /
         4;
}

}  // namespace snac::cost
