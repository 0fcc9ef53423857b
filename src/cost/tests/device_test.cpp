#include "snac/cost/device.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "snac/core/error.hpp"
#include "snac/core/files.hpp"

namespace snac::cost {
namespace {

void expect_totals(const std::string& name, double lut, double ff, double dsp, double bram18, double uram) {
  const Device& device = find_device(name);
  EXPECT_EQ(device.lut, lut) << name;
  EXPECT_EQ(device.ff, ff) << name;
  EXPECT_EQ(device.dsp, dsp) << name;
  EXPECT_EQ(device.bram18, bram18) << name;
  EXPECT_EQ(device.uram, uram) << name;
}

std::string refusal(const std::string& name) {
  try {
    find_device(name);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

// The totals that rule4ml divides by for its four boards (BRAM in 18 Kb), an independent reading of the data sheets.
TEST(Device, totals_agree_with_the_surrogates_boards) {
  expect_totals("pynq-z2", 53200, 106400, 220, 280, 0);
  expect_totals("zcu102", 274080, 548160, 2520, 1824, 0);
  expect_totals("alveo-u200", 1182240, 2364480, 6840, 4320, 960);
  expect_totals("alveo-u250", 1728000, 3456000, 12288, 5376, 1280);
}

TEST(Device, the_same_silicon_has_the_same_totals) {
  for (const auto& [a, b] : {std::pair{"xcvu13p", "u250"}, std::pair{"vcu118", "u200"}, std::pair{"zcu111", "zcu216"}}) {
    const Device& first = find_device(a);
    expect_totals(b, first.lut, first.ff, first.dsp, first.bram18, first.uram);
  }
}

TEST(Device, every_entry_is_complete_and_plausible) {
  std::set<std::string> names;
  for (const Device& device : known_devices()) {
    EXPECT_TRUE(names.insert(device.name).second) << device.name;
    EXPECT_EQ(device.ff, 2 * device.lut) << device.name << ": every logic block of these families has two flip-flops per LUT";
    EXPECT_GT(device.dsp, 0) << device.name;
    EXPECT_GT(device.bram18, 0) << device.name;
    EXPECT_EQ(device.source.substr(0, 6), "AMD DS") << device.name;
    EXPECT_EQ(device.yosys_family, device.name.starts_with("xc7") ? "xc7" : "xcup") << device.name;
  }
  EXPECT_EQ(names.size(), 15U);
}

TEST(Device, every_part_and_board_is_found_by_its_own_name) {
  for (const Device& device : known_devices()) {
    EXPECT_EQ(&find_device(device.name), &device);
    EXPECT_EQ(&find_device(device.name.substr(2)), &device);
    EXPECT_EQ(&find_device(device.name + "-2-e"), &device);
    std::vector<std::string> boards = device.other_boards;
    if (!device.board.empty()) boards.push_back(device.board);
    for (const std::string& board : boards) EXPECT_EQ(&find_device(board), &device) << board;
  }
}

TEST(Device, case_separators_package_and_grades_do_not_matter) {
  const std::vector<std::pair<std::string, std::string>> names{{"xcvu13p-flga2577-2-e", "xcvu13p"},
                                                               {"XCVU13P", "xcvu13p"},
                                                               {"VU13P", "xcvu13p"},
                                                               {"xcvu13p-fhga2104-2L-e", "xcvu13p"},
                                                               {"xcvu9p-flga2104-2l-e", "xcvu9p"},
                                                               {"xcvu9p-flga2104-2-e-es1", "xcvu9p"},
                                                               {"xcu250-figd2104-2L-e", "xcu250"},
                                                               {"Alveo_U250", "xcu250"},
                                                               {"alveo u250", "xcu250"},
                                                               {"u250", "xcu250"},
                                                               {"xcu50-fsvh2104-2-e", "xcu50"},
                                                               {"U50", "xcu50"},
                                                               {"xczu49dr-ffvf1760-2-e", "xczu49dr"},
                                                               {"xck26-sfvc784-2LV-c", "xck26"},
                                                               {"kv260", "xck26"},
                                                               {"xc7z020clg400-1", "xc7z020"},
                                                               {"pynq_z2", "xc7z020"},
                                                               {"PYNQZ2", "xc7z020"},
                                                               {"xc7k325tffg900-2", "xc7k325t"},
                                                               {"xc7vx690t-2-ffg1761", "xc7vx690t"},
                                                               {"xc7vx690tffg1927-2", "xc7vx690t"},
                                                               {"xc7a100tcsg324-1", "xc7a100t"},
                                                               {"arty a7-100t", "xc7a100t"}};
  for (const auto& [name, part] : names) {
    EXPECT_EQ(find_device(name).name, part) << name;
  }
}

TEST(Device, unknown_devices_are_refused_with_the_nearest_name) {
  EXPECT_NE(refusal("zcu103").find("did you mean 'ZCU102'?"), std::string::npos) << refusal("zcu103");
  EXPECT_NE(refusal("xcvu31p").find("did you mean 'xcvu13p'?"), std::string::npos) << refusal("xcvu31p");
  EXPECT_NE(refusal("stratix10").find("known: xcvu13p, xcvu9p, VCU118"), std::string::npos) << refusal("stratix10");
  for (const char* name : {"", "-", "xc", "xcvu13", "xcvu13pp", "xcvu13p-", "xcvu13p-banana", "xcvu13p-flga2577-2-e-", "xc7z020s",
                           "xc7z020-1clg400c", "u2500", "zcu102-2-e"}) {
    EXPECT_NE(refusal(name), "no error") << name;
  }
  EXPECT_NE(refusal(std::string(100000, 'x')), "no error");
}

TEST(Device, average_resource_is_the_mean_of_four_percentages) {
  // Table 2 of the paper: 22.51 % LUT, 0.36 % FF, 5.53 % BRAM and no DSP of an Alveo U200 are 7.10 %.
  const Device& device = find_device("alveo-u200");
  const Resources used{.lut = 0.2251 * device.lut, .ff = 0.0036 * device.ff, .dsp = 0, .bram18 = 0.0553 * device.bram18, .source = "test"};
  EXPECT_NEAR(average_resource_percent(used, device), 7.10, 1e-9);
  EXPECT_EQ(average_resource_percent({}, device), 0);
  Device without_dsp = device;
  without_dsp.dsp = 0;
  EXPECT_NEAR(average_resource_percent(used, without_dsp), 7.10, 1e-9);
  EXPECT_EQ(average_resource_percent({.lut = 0, .ff = 0, .dsp = 1, .bram18 = 0, .source = ""}, without_dsp),
            std::numeric_limits<double>::infinity());
}

TEST(Device, vendor_tools_get_a_complete_part_number) {
  EXPECT_EQ(part_number("xcvu13p"), "xcvu13p-flga2577-2-e");
  EXPECT_EQ(part_number("XCVU13P-FHGB2104-3-e"), "xcvu13p-fhgb2104-3-e");
  EXPECT_EQ(part_number("xc7z020clg484-2"), "xc7z020clg484-2");
  EXPECT_EQ(part_number("XCK26-SFVC784-2LV-C"), "xck26-sfvc784-2LV-c");
  EXPECT_EQ(part_number("PYNQ-Z2"), "xc7z020clg400-1");
  EXPECT_EQ(part_number("vu13p"), "xcvu13p-flga2577-2-e");
  EXPECT_THROW(part_number("xc9z"), ConfigError);
  for (const Device& device : known_devices()) {
    const std::string part = part_number(device.name);
    EXPECT_TRUE(part.starts_with(device.name) && part.size() > device.name.size()) << part;
    EXPECT_EQ(part_number(part), part);
    EXPECT_EQ(find_device(part).name, device.name);
  }
}

TEST(Devices, the_catalogue_knows_speed_grades) {
  EXPECT_EQ(speed_grade(find_device("xcvu13p")), "2");
  EXPECT_EQ(speed_grade(find_device("VCU118")), "2L");
  EXPECT_EQ(speed_grade(find_device("pynq-z2")), "1");
  for (const Device& device : known_devices()) EXPECT_FALSE(speed_grade(device).empty()) << device.name;
}

TEST(Devices, of_the_user_are_found_and_wrong_files_are_refused) {
  const TemporaryDirectory folder;
  const std::string path = folder.path() / "devices.yaml";
  const auto write = [&](const std::string& text) { write_file_atomically(path, text); };
  write("- {name: test_part_7, board: Test Board 7, fabric: series7, lut: 1000, ff: 2000, dsp: 3, part: test_part_7-fbg484-3-e}\n");
  EXPECT_THROW(find_device("test_part_7"), ConfigError);
  EXPECT_EQ(add_devices(path), 1);
  EXPECT_EQ(add_devices(path), 1) << "again";
  const Device& device = find_device("Test-Board_7");
  EXPECT_EQ(device.lut, 1000);
  EXPECT_EQ(device.yosys_family, "xc7");
  EXPECT_EQ(speed_grade(device), "3");
  EXPECT_EQ(part_number("test_part_7"), "test_part_7-fbg484-3-e");
  EXPECT_EQ(average_resource_percent({.lut = 10, .ff = 20, .source = "test"}, device), (1 + 1) / 4.0);
  EXPECT_EQ(user_devices().back().name, "test_part_7");
  const auto refused = [&](const std::string& text, const std::string& word) {
    write(text);
    try {
      add_devices(path);
      ADD_FAILURE() << text;
    } catch (const ConfigError& error) {
      EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << error.what();
    }
  };
  refused("- {name: test_part_7, lut: 9, ff: 9}\n", "known already");
  refused("- {name: mine, board: ZCU102, lut: 9, ff: 9}\n", "known already");
  refused("- {name: mine, ff: 9}\n", "lut");
  refused("- {lut: 9, ff: 9}\n", "name");
  refused("- {name: mine, lut: 9, ff: -9}\n", "ff");
  refused("- {name: mine, lut: 9, ff: 9, fabric: series8}\n", "series7");
  refused("- {name: mine, lut: 9, ff: 9, dsps: 4}\n", "dsp");
  refused("name: mine\n", "a list");
  refused("- [1, 2]\n", "devices.yaml");
}

}  // namespace
}  // namespace snac::cost
