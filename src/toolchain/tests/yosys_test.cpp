#include "snac/toolchain/yosys.hpp"

#include <gtest/gtest.h>

#include "snac/core/error.hpp"
#include "snac/core/files.hpp"

namespace snac::toolchain {
namespace {

class Yosys : public testing::Test {
 protected:
  YosysResult synthesize(const std::string& verilog) {
    write_file_atomically(folder_.path() / "top.v", verilog);
    return synthesize_with_yosys({.top = "top", .sources = {"top.v"}, .directory = folder_.path()});
  }
  TemporaryDirectory folder_;
};

/// Eight operands, seven adders, every intermediate sum used once: what alumacc merges.
constexpr const char* kAdderTree = R"(
module top(input clk, input [63:0] x, output reg signed [10:0] y);
  wire signed [7:0] a0 = x[7:0], a1 = x[15:8], a2 = x[23:16], a3 = x[31:24], a4 = x[39:32], a5 = x[47:40], a6 = x[55:48], a7 = x[63:56];
  wire signed [8:0] b0 = a0 + a1, b1 = a2 - a3, b2 = a4 + a5, b3 = a6 - a7;
  wire signed [9:0] c0 = b0 + b1, c1 = b2 + b3;
  wire signed [10:0] d = c0 + c1;
  always @(posedge clk) y <= d;
endmodule
)";

bool is_pinned_version(const std::string& version) { return version.starts_with("Yosys 0.23 "); }

TEST_F(Yosys, an_adder_of_two_operands_takes_one_lut_per_bit) {
  for (const int width : {4, 8, 16}) {
    const std::string high = std::to_string(width - 1);
    const auto result = synthesize("module top(input [" + high + ":0] a, b, output [" + high + ":0] y); assign y = a + b; endmodule");
    EXPECT_EQ(result.lut, width);
    EXPECT_EQ(result.carry8, (width + 7) / 8);
    EXPECT_EQ(result.ff, 0);
    EXPECT_EQ(result.dsp + result.bram18 + result.srl, 0);
  }
}

TEST_F(Yosys, an_adder_tree_stays_two_operand_adders) {
  const auto result = synthesize(kAdderTree);
  if (is_pinned_version(result.version)) {
    // 4 adders of 9 bits, 2 of 10, one of 11 make 67 bits; Yosys saves the top bit of each, which is a sign.
    EXPECT_EQ(result.lut, 60);
    EXPECT_EQ(result.cells.at("CARRY4"), 21);
  }
  EXPECT_EQ(result.ff, 11);
  // The same through synth_xilinx, where alumacc merges the chain.
  write_file_atomically(folder_.path() / "plain.ys",
                        "read_verilog top.v\nsynth_xilinx -top top -flatten -noiopad -noclkbuf -nodsp -nowidelut -family xcup\n"
                        "tee -q -o plain.json stat -json -top top\n");
  ASSERT_EQ(run_process({"yosys", "-q", "-s", "plain.ys"}, {.directory = folder_.path()}).exit_code, 0);
  YosysResult plain;
  plain.cells = parse_cell_counts(read_file(folder_.path() / "plain.json"));
  count_resources(plain);
  if (is_pinned_version(result.version)) {
    EXPECT_EQ(plain.lut, 83);
  }
  EXPECT_LT(result.lut, plain.lut);
}

TEST_F(Yosys, the_result_tells_how_it_was_made) {
  const auto result = synthesize("module top(input clk, d, output reg q); always @(posedge clk) q <= d; endmodule");
  EXPECT_EQ(result.ff, 1);
  EXPECT_EQ(result.lut, 0);
  EXPECT_TRUE(result.version.starts_with("Yosys ")) << result.version;
  EXPECT_NE(result.script.find("read_verilog -defer top.v\n"), std::string::npos);
  EXPECT_NE(result.script.find("abc -luts 2:2,3,6:5\n"), std::string::npos);
  EXPECT_GT(result.seconds, 0);
  EXPECT_GT(result.peak_memory_kib, 5000);
}

TEST_F(Yosys, long_shift_registers_are_counted_apart) {
  const auto result =
      synthesize("module top(input clk, d, output q); reg [9:0] s; always @(posedge clk) s <= {s[8:0], d}; assign q = s[9]; endmodule");
  EXPECT_EQ(result.srl, 1);
  EXPECT_EQ(result.lut, 0);
}

TEST_F(Yosys, a_table_becomes_luts_and_inverters_count_as_luts) {
  std::string table = "module top(input [5:0] a, input n, output reg [3:0] y, output m); assign m = ~n; always @* case (a)\n";
  for (int i = 0; i < 64; ++i) table += "6'd" + std::to_string(i) + ": y = 4'd" + std::to_string(i * i % 13) + ";\n";
  const auto result = synthesize(table + "endcase endmodule");
  EXPECT_EQ(result.lut, 5);  // one LUT6 per output bit, one inverter
  EXPECT_EQ(result.cells.at("INV"), 1);
  EXPECT_EQ(result.bram18, 0);
}

TEST_F(Yosys, a_folder_with_blanks_works) {
  const std::filesystem::path folder = folder_.path() / "my network";
  write_file_atomically(folder / "top.v", "module top(input a, b, output y); assign y = a & b; endmodule");
  EXPECT_EQ(synthesize_with_yosys({.top = "top", .sources = {"top.v"}, .directory = folder}).lut, 1);
}

TEST_F(Yosys, wrong_verilog_is_a_tool_error_with_the_reason) {
  try {
    synthesize("module top(input a, output y); assign y = nonsense(a); endmodule");
    FAIL() << "expected a ToolError";
  } catch (const ToolError& error) {
    EXPECT_NE(error.text().found.find("nonsense"), std::string::npos) << error.what();
  }
  EXPECT_THROW(synthesize("module other(input a, output y); assign y = a; endmodule"), ToolError);
}

TEST_F(Yosys, a_value_that_nobody_drives_is_an_error) {
  EXPECT_THROW(synthesize("module top(input a, output y); wire lost; assign y = a ^ lost; endmodule"), ToolError);
}

TEST_F(Yosys, running_out_of_time_says_so) {
  std::string verilog = "module top(input clk, input [7999:0] x, output reg [31:0] y);\n";
  verilog +=
      "integer i; reg [31:0] s; always @* begin s = 0; for (i = 0; i < 1000; i = i + 1) s = (s ^ x[8*i +: 8]) * 32'd2654435761; end\n";
  write_file_atomically(folder_.path() / "top.v", verilog + "always @(posedge clk) y <= s; endmodule\n");
  try {
    synthesize_with_yosys({.top = "top", .sources = {"top.v"}, .directory = folder_.path(), .time_limit = std::chrono::seconds(1)});
    FAIL() << "expected a ToolError";
  } catch (const ToolError& error) {
    EXPECT_NE(std::string(error.what()).find("out of time"), std::string::npos) << error.what();
  }
}

TEST_F(Yosys, reaching_the_memory_limit_says_so) {
  std::string verilog = "module top(input clk, input [7999:0] x, output reg [31:0] y);\n";
  verilog +=
      "integer i; reg [31:0] s; always @* begin s = 0; for (i = 0; i < 1000; i = i + 1) s = (s ^ x[8*i +: 8]) * 32'd2654435761; end\n";
  write_file_atomically(folder_.path() / "top.v", verilog + "always @(posedge clk) y <= s; endmodule\n");
  try {
    synthesize_with_yosys({.top = "top", .sources = {"top.v"}, .directory = folder_.path(), .memory_limit_mib = 40});
    FAIL() << "expected a ToolError";
  } catch (const ToolError& error) {
    EXPECT_NE(std::string(error.what()).find("memory limit"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("40 MiB"), std::string::npos) << error.what();
  }
  EXPECT_THROW(synthesize_with_yosys({.top = "top", .sources = {"top.v"}, .directory = folder_.path(), .memory_limit_mib = -1}),
               ConfigError);
}

TEST_F(Yosys, the_same_content_is_not_synthesised_twice) {
  YosysParams params{.top = "top", .sources = {"top.v"}, .directory = folder_.path(), .cache = folder_.path() / "cache"};
  write_file_atomically(folder_.path() / "top.v", "module top(input [3:0] a, b, output [3:0] y); assign y = a + b; endmodule");
  const auto first = synthesize_with_yosys(params);
  EXPECT_FALSE(first.cached);
  const auto second = synthesize_with_yosys(params);
  EXPECT_TRUE(second.cached);
  EXPECT_EQ(second.cells, first.cells);
  EXPECT_EQ(second.lut, first.lut);
  EXPECT_EQ(second.script, first.script);
  EXPECT_EQ(second.version, first.version);
  // Another family or another text is another result.
  params.family = "xc7";
  EXPECT_FALSE(synthesize_with_yosys(params).cached);
  params.family = "xcup";
  write_file_atomically(folder_.path() / "top.v", "module top(input [4:0] a, b, output [4:0] y); assign y = a + b; endmodule");
  const auto changed = synthesize_with_yosys(params);
  EXPECT_FALSE(changed.cached);
  EXPECT_EQ(changed.lut, 5);
  // A damaged entry is made anew.
  for (const auto& entry : std::filesystem::directory_iterator(params.cache)) write_file_atomically(entry.path(), "{\"format\": 1}");
  EXPECT_FALSE(synthesize_with_yosys(params).cached);
  EXPECT_TRUE(synthesize_with_yosys(params).cached);
}

TEST_F(Yosys, layers_on_their_own_add_up_to_the_whole) {
  write_file_atomically(folder_.path() / "top.v",
                        "// top\nmodule top (\n  input wire clk,\n  input wire [7:0] x,\n  output wire [3:0] y\n);\n  wire [4:0] s;\n"
                        "  top_sum u1 (\n    .clk(clk), .x(x), .s(s));\n  top_square u2 (\n    .s(s), .y(y));\nendmodule\n");
  write_file_atomically(folder_.path() / "top_sum.v",
                        "// sum\nmodule top_sum (\n  input wire clk,\n  input wire [7:0] x,\n  output reg [4:0] s\n);\n"
                        "  always @(posedge clk) s <= x[3:0] + x[7:4];\nendmodule\n");
  write_file_atomically(
      folder_.path() / "top_square.v",
      "module top_square (\n  input wire [4:0] s,\n  output wire [3:0] y\n);\n  top_table n1_table (.x(s), .y(y));\nendmodule\n");
  std::string table = "module top_table (\n  input wire [4:0] x,\n  output reg [3:0] y\n);\n  always @*\n    case (x)\n";
  for (int i = 0; i < 32; ++i) table += "      5'd" + std::to_string(i) + ": y = 4'd" + std::to_string(i * i % 13) + ";\n";
  write_file_atomically(folder_.path() / "top_table.v", table + "    endcase\nendmodule\n");
  const YosysParams params{.top = "top",
                           .sources = {"top.v", "top_square.v", "top_sum.v", "top_table.v"},
                           .directory = folder_.path(),
                           .cache = folder_.path() / "cache"};
  const auto whole = synthesize_with_yosys(params);
  const auto layers = synthesize_layers_with_yosys(params, 2);
  EXPECT_EQ(layers.modules.size(), 3U) << "two layers and the top; the table belongs to its layer";
  EXPECT_EQ(layers.ff, 5);
  EXPECT_GE(layers.ff, whole.ff) << "across layers more may be optimised";
  EXPECT_GE(layers.lut, whole.lut);
  EXPECT_EQ(layers.modules.at("top_sum").at("FDRE"), 5);
  EXPECT_FALSE(layers.cached);
  const auto again = synthesize_layers_with_yosys(params, 1);
  EXPECT_TRUE(again.cached);
  EXPECT_EQ(again.cells, layers.cells);
  EXPECT_EQ(again.modules, layers.modules);
  EXPECT_THROW(synthesize_layers_with_yosys({.top = "other", .sources = params.sources, .directory = params.directory}, 1), ConfigError);
}

TEST_F(Yosys, names_that_a_script_would_misread_are_refused) {
  EXPECT_THROW(synthesize_with_yosys({.top = "top; shell rm", .sources = {"top.v"}, .directory = folder_.path()}), ConfigError);
  EXPECT_THROW(synthesize_with_yosys({.top = "top", .sources = {"a b.v"}, .directory = folder_.path()}), ConfigError);
  EXPECT_THROW(synthesize_with_yosys({.top = "top", .sources = {"-p"}, .directory = folder_.path()}), ConfigError);
  EXPECT_THROW(synthesize_with_yosys({.top = "top", .sources = {}, .directory = folder_.path()}), ConfigError);
  try {
    synthesize_with_yosys({.top = "top", .sources = {"top.v"}, .directory = folder_.path(), .family = "xcpu"});
    FAIL() << "expected a ConfigError";
  } catch (const ConfigError& error) {
    EXPECT_EQ(error.text().hint, "did you mean 'xcup'?");
  }
}

TEST(CellCounts, json_with_sums_and_json_of_one_module_are_read) {
  using Counts = std::map<std::string, std::int64_t>;
  EXPECT_EQ(
      parse_cell_counts(
          R"({"modules": {"\\a": {"num_cells_by_type": {"LUT2": 1}}, "\\b": {}}, "design": {"num_cells_by_type": {"LUT2": 3, "INV": 1}}})"),
      (Counts{{"INV", 1}, {"LUT2", 3}}));
  EXPECT_EQ(parse_cell_counts(R"({"modules": {"\\a": {"num_cells_by_type": {"FDRE": 7}}}})"), (Counts{{"FDRE", 7}}));
  EXPECT_EQ(parse_cell_counts(R"({"design": {"num_cells_by_type": {}}})"), Counts{});
}

TEST(CellCounts, the_last_plain_table_is_read) {
  const std::string text =
      "=== a ===\n\n   Number of wires:  3\n   Number of cells:  2\n     LUT2    2\n\n=== design hierarchy ===\n\n"
      "   top   1\n\n   Number of cells:                 93\n     CARRY4                         21\n     FDRE                           "
      "11\n"
      "     LUT2                           60\n\n   Estimated number of LCs:         60\n";
  EXPECT_EQ(parse_cell_counts(text), (std::map<std::string, std::int64_t>{{"CARRY4", 21}, {"FDRE", 11}, {"LUT2", 60}}));
}

TEST(CellCounts, text_without_a_table_is_a_tool_error) {
  for (const std::string text :
       {"", "hello", "{", "{}", "{\"modules\": {}}", "{\"design\": 3}", "{\"design\": {\"num_cells_by_type\": {\"LUT2\": -1}}}",
        "{\"design\": {\"num_cells_by_type\": {\"LUT2\": \"x\"}}}", "{\"design\": {\"num_cells_by_type\": [1]}}",
        "{\"design\": {\"num_cells_by_type\": {\"LUT2\": 18446744073709551615}}}"}) {
    EXPECT_THROW(parse_cell_counts(text), ToolError) << text;
  }
}

TEST(CellCounts, every_kind_is_counted_once) {
  YosysResult result;
  result.cells = {{"LUT1", 1},    {"LUT6", 2},   {"INV", 4},    {"LUT6_2", 100}, {"FDRE", 8},     {"FDSE", 16},   {"SRL16E", 3},
                  {"SRLC32E", 5}, {"CARRY4", 7}, {"CARRY8", 2}, {"DSP48E2", 9},  {"RAMB18E2", 1}, {"RAMB36E2", 2}};
  count_resources(result);
  EXPECT_EQ(result.lut, 7);
  EXPECT_EQ(result.ff, 24);
  EXPECT_EQ(result.srl, 8);
  EXPECT_EQ(result.carry8, 6);
  EXPECT_EQ(result.dsp, 9);
  EXPECT_EQ(result.bram18, 5);
}

}  // namespace
}  // namespace snac::toolchain
