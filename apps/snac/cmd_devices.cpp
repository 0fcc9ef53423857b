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
  command->add_flag("--json", *json, "Print as JSON");
  command->callback([&action, json] {
    action = [json] {
      Json list = Json::array();
      TextTable table({"part", "board", "family", "LUT", "FF", "DSP", "BRAM18", "URAM"});
      const auto count = [](double value) { return with_thousands(static_cast<long long>(value)); };
      for (const auto& d : cost::known_devices()) {
        list.push_back({{"part", d.name},
                        {"board", d.board},
                        {"family", d.family},
                        {"lut", d.lut},
                        {"ff", d.ff},
                        {"dsp", d.dsp},
                        {"bram18", d.bram18},
                        {"uram", d.uram},
                        {"source", d.source}});
        table.add_row({d.name, d.board, d.family, count(d.lut), count(d.ff), count(d.dsp), count(d.bram18), count(d.uram)});
      }
      print(*json ? list.dump(2) + "\n" : table.str());
      return 0;
    };
  });
}

}  // namespace snac::app
