// snac devices: the parts whose totals are known.
#include <memory>

#include "commands.hpp"
#include "snac/core/json.hpp"
#include "snac/core/text_table.hpp"
#include "snac/cost/device.hpp"

namespace snac::app {

void add_devices(CLI::App& app, Action& action) {
  auto json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("devices", "List the known parts and boards");
  auto file = std::make_shared<std::string>();
  command->footer(
      "A study takes devices of your own from the YAML file that target.devices names:\n"
      "  - {name: my_part, board: my_board, fabric: ultrascale_plus, lut: 230400, ff: 460800, dsp: 1728, bram18: 624,\n"
      "     part: xczu7ev-ffvc1156-2-e}\n"
      "Example:\n"
      "  snac devices --file my_devices.yaml");
  command->add_option("--file", *file, "Also list the devices of a YAML file");
  command->add_flag("--json", *json, "Print as JSON");
  command->callback([&action, json, file] {
    action = [json, file] {
      std::vector<cost::Device> devices = cost::known_devices();
      if (!file->empty()) {
        cost::add_devices(*file);
        for (cost::Device& device : cost::user_devices()) devices.push_back(std::move(device));
      }
      Json list = Json::array();
      TextTable table({"part", "board", "family", "LUT", "FF", "DSP", "BRAM18", "URAM", "speed grade"});
      const auto count = [](double value) { return with_thousands(static_cast<long long>(value)); };
      for (const auto& d : devices) {
        list.push_back({{"part", d.name},
                        {"board", d.board},
                        {"family", d.family},
                        {"lut", d.lut},
                        {"ff", d.ff},
                        {"dsp", d.dsp},
                        {"bram18", d.bram18},
                        {"uram", d.uram},
                        {"complete_part", d.part},
                        {"speed_grade", cost::speed_grade(d)},
                        {"source", d.source}});
        table.add_row(
            {d.name, d.board, d.family, count(d.lut), count(d.ff), count(d.dsp), count(d.bram18), count(d.uram), cost::speed_grade(d)});
      }
      print(*json ? list.dump(2) + "\n" : table.str());
      return 0;
    };
  });
}

}  // namespace snac::app
