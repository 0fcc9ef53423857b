// snac devices: the parts whose totals are known.
#include <memory>

#include "commands.hpp"
#include "snac/core/json.hpp"
#include "snac/core/text_table.hpp"
#include "snac/cost/device.hpp"

namespace snac::app {

void add_devices(CLI::App& app, Action& action) {
  auto json = std::make_shared<bool>(false);
  auto file = std::make_shared<std::string>();
  CLI::App* command = add_command(
      app, "devices", "List the known parts and boards with their resources",
      {.about = "Names of this list are what target.device and --device take. A study takes devices of your own from the YAML file that "
                "target.devices names:\n"
                "  - {name: my_part, board: my_board, fabric: ultrascale_plus, lut: 230400, ff: 460800,\n"
                "     dsp: 1728, bram18: 624, part: xczu7ev-ffvc1156-2-e}",
       .examples = {{"snac devices", ""}, {"snac devices --json", ""}, {"snac devices --file my_devices.yaml", "with devices of your own"}},
       .see = {"snac estimate", "docs/configuration.md"}});
  command->group(kOtherCommands);
  command->add_option("--file", *file, "Also list the devices of a YAML file")->type_name(kFile);
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
      if (*json)
        print_json(list);
      else
        print_text(table.str());
      return 0;
    };
  });
}

}  // namespace snac::app
