#include "snac/codegen/verilog.hpp"

#include <gtest/gtest.h>

#include <regex>

#include "../../circuit/tests/random_net.hpp"
#include "../verilog_text.hpp"
#include "snac/circuit/lower.hpp"
#include "snac/core/error.hpp"
#include "snac/core/rng.hpp"

namespace snac::codegen {
namespace {

using circuit::Circuit;
using circuit::Id;
using circuit::Schedule;
using fixed::FixedType;
using fixed::Overflow;
using fixed::Rounding;

constexpr const char* kTop = R"(// a tiny circuit
// Latency 2 cycles, initiation interval 1. rst is synchronous and clears the valid bits only.
//
// in_data: 8 bits, 2 elements (element: bits, type)
//      0: [0 +: 4] fixed<4,4>
//      1: [4 +: 4] ufixed<4,2>
//
// out_data: 13 bits, 2 elements (element: bits, type)
//      0: [0 +: 5] ufixed<5,4>
//      1: [5 +: 8] fixed<8,5>
module tiny (
  input wire clk,
  input wire rst,
  input wire in_valid,
  input wire [7:0] in_data,
  output wire out_valid,
  output wire [12:0] out_data
);
  reg [1:0] valid;
  always @(posedge clk) valid <= rst ? 2'd0 : {valid[0:0], in_valid};
  assign out_valid = valid[1];

  wire [3:0] n0 = in_data[3:0];
  wire [3:0] n1 = in_data[7:4];

  wire [6:0] n2_s1;
  wire [6:0] n2_s2;
  wire [3:0] n3_s2;

  tiny_dense u1 (
    .clk(clk), .n0(n0), .n1(n1), .n2_s1(n2_s1), .n2_s2(n2_s2));

  tiny_relu u2 (
    .clk(clk), .n2_s1(n2_s1), .n3_s2(n3_s2));

  assign out_data = {
    {n2_s2, 1'd0},
    {n3_s2, 1'd0}
  };
endmodule
)";

constexpr const char* kDense = R"(// dense
module tiny_dense (
  input wire clk,
  input wire [3:0] n0,
  input wire [3:0] n1,
  output reg [6:0] n2_s1,
  output reg [6:0] n2_s2
);

  // stage 0
  wire [6:0] n2 = {{n0[3], n0} + {3'd0, n1[3:2]}, n1[1:0]};  // (n0 << 2) + n1
  always @(posedge clk) begin
    n2_s1 <= n2;
  end

  // stage 1
  always @(posedge clk) begin
    n2_s2 <= n2_s1;
  end
endmodule
)";

constexpr const char* kRelu = R"(// relu
module tiny_relu (
  input wire clk,
  input wire [6:0] n2_s1,
  output reg [3:0] n3_s2
);

  // stage 1
  wire [0:0] n3_over = ~n2_s1[6] & (|n2_s1[5:4]);
  wire [0:0] n3_under = n2_s1[6];
  wire [3:0] n3 = n3_over ? 4'd15 : n3_under ? 4'd0 : n2_s1[3:0];
  always @(posedge clk) begin
    n3_s2 <= n3;
  end
endmodule
)";

Circuit tiny_circuit() {
  Circuit circuit;
  const Id a = circuit.input({4, 4, true}), b = circuit.input({4, 2, false});
  circuit.begin_group("dense");
  const Id sum = circuit.add(a, 0, b, 0, false);
  circuit.begin_group("relu");
  circuit.output(circuit.shift(circuit.cast(sum, {4, 2, false, Rounding::trn, Overflow::sat}), 2), {5, 4, false});
  circuit.output(circuit.shift(sum, 0), {8, 5, true});
  return circuit;
}

TEST(Verilog, the_text_of_a_tiny_circuit_is_this) {
  const Circuit circuit = tiny_circuit();
  const Files files = verilog(circuit, schedule(circuit, {.adders_per_stage = 1}), {.top = "tiny", .title = "a tiny circuit"});
  ASSERT_EQ(source_names(files), (std::vector<std::string>{"tiny.v", "tiny_dense.v", "tiny_relu.v"}));
  EXPECT_EQ(files.at("tiny.v"), kTop);
  EXPECT_EQ(files.at("tiny_dense.v"), kDense);
  EXPECT_EQ(files.at("tiny_relu.v"), kRelu);
}

/// Register bits that the text declares, valid bits included.
std::int64_t declared_register_bits(const Files& files) {
  std::int64_t total = 0;
  const std::regex declaration(R"((?:  reg|output reg) \[(\d+):0\] (?:n\d+_s\d+|valid))");
  for (const auto& [name, text] : files) {
    for (std::sregex_iterator match(text.begin(), text.end(), declaration), end; match != end; ++match) total += std::stoi((*match)[1]) + 1;
  }
  return total;
}

/// Printing asks for no bit that a wire does not hold (it would throw), and registers hold no others: all modes, all shapes.
TEST(Verilog, wires_and_registers_of_random_networks_hold_the_live_bits) {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    Rng rng = Rng::stream(seed, "live verilog");
    const Circuit circuit = circuit::lower(circuit::testing::random_net(rng, 6));
    const Schedule schedule = circuit::schedule(circuit, {.adders_per_stage = circuit::testing::between(rng, 1, 4)});
    ASSERT_EQ(declared_register_bits(verilog(circuit, schedule)), schedule.register_bits) << "seed " << seed;
  }
}

TEST(Verilog, registers_are_those_of_the_schedule) {
  for (const int adders_per_stage : {1, 2, 5}) {
    const Circuit circuit = circuit::lower(circuit::testing::mlp_net({10, 12, 4}, 0.5, 9));
    const Schedule schedule = circuit::schedule(circuit, {.adders_per_stage = adders_per_stage});
    EXPECT_EQ(declared_register_bits(verilog(circuit, schedule)), schedule.register_bits);
  }
}

TEST(Verilog, the_same_circuit_gives_the_same_text) {
  const auto print = [] {
    const Circuit circuit = circuit::lower(circuit::testing::mlp_net({6, 8, 3}, 0.3, 4));
    return verilog(circuit, circuit::schedule(circuit));
  };
  EXPECT_EQ(print(), print());
}

TEST(Verilog, large_groups_become_modules_of_limited_size) {
  const Circuit circuit = circuit::lower(circuit::testing::mlp_net({8, 10, 4}, 0.2, 5));
  const Files files = verilog(circuit, circuit::schedule(circuit), {.max_module_nodes = 20});
  std::size_t nodes = 0;
  const std::regex value(R"((?:wire \[\d+:0\]|assign) n\d+ = )");
  for (const auto& [name, text] : files) {
    if (name == "snac_top.v") continue;
    const auto count = static_cast<std::size_t>(std::distance(std::sregex_iterator(text.begin(), text.end(), value), {}));
    EXPECT_LE(count, 20u) << name;
    nodes += count;
  }
  std::size_t expected = 0;
  for (const circuit::Node& node : circuit.nodes()) {
    expected += node.kind != circuit::Kind::input && node.kind != circuit::Kind::constant && node.kind != circuit::Kind::shift ? 1 : 0;
  }
  EXPECT_EQ(nodes, expected);
}

TEST(Verilog, group_names_of_any_kind_make_distinct_legal_modules) {
  Circuit circuit;
  Id value = circuit.input({4, 4, true});
  const Id other = circuit.input({4, 4, true});
  const std::vector<std::string> names{"a.b", "a_b", "module", "", "line\nbreak \\", "snac", "\xc3\xa9", "a.b", std::string(300, 'x')};
  for (const std::string& name : names) {
    circuit.begin_group(name);
    value = circuit.add(value, 0, other, 1, false);
  }
  circuit.output(value, {20, 20, true});
  const Files files = verilog(circuit, circuit::schedule(circuit), {.top = "t", .title = "two\nlines\\"});
  EXPECT_EQ(files.size(), 10u);
  for (const auto& [name, text] : files) {
    const std::string module = name.substr(0, name.size() - 2);
    EXPECT_NO_THROW(check_identifier(module, "test"));
    EXPECT_NE(text.find("\nmodule " + module + " ("), std::string::npos) << text;
    EXPECT_EQ(text.find('\\'), std::string::npos);
  }
  EXPECT_TRUE(files.at("t.v").starts_with("// two lines \n"));
}

TEST(Verilog, unusable_names_of_the_top_module_are_config_errors) {
  const Circuit circuit = tiny_circuit();
  const Schedule schedule = circuit::schedule(circuit);
  for (const std::string top : {"", "1st", "my top", "a-b", "top$", "module", "logic", "wire", "testbench", "top;", "t\xc3\xb6p", "a/b"}) {
    EXPECT_THROW(verilog(circuit, schedule, {.top = top}), ConfigError) << top;
  }
  EXPECT_THROW(verilog(circuit, schedule, {.top = std::string(201, 'a')}), ConfigError);
  EXPECT_NO_THROW(verilog(circuit, schedule, {.top = "_Top_1"}));
}

TEST(Verilog, a_schedule_of_another_circuit_is_refused) {
  const Circuit circuit = tiny_circuit();
  Circuit other;
  other.output(other.input({4, 4, true}), {4, 4, true});
  EXPECT_THROW(verilog(circuit, circuit::schedule(other)), std::invalid_argument);
  Schedule broken = circuit::schedule(circuit, {.adders_per_stage = 1});
  broken.stage[3] = 0;
  broken.stage[2] = 1;  // the sum after its reader
  EXPECT_THROW(verilog(circuit, broken), std::invalid_argument);
  EXPECT_THROW(verilog(Circuit(), circuit::schedule(Circuit())), std::invalid_argument);
}

TEST(Bus, elements_stand_from_the_lowest_bit_up) {
  const std::vector<circuit::Port> ports{{0, {4, 4, true}}, {1, {3, 3, false}}, {2, {6, 6, true}}};
  // 101010 111 1111 from the top: -22, 7, -1.
  EXPECT_EQ(bus_hex(std::vector<std::int64_t>{-1, 7, -22}, ports), "157f");
  EXPECT_EQ(bus_hex(std::vector<std::int64_t>{0, 0, 0}, ports), "0000");
  EXPECT_EQ(bus_width(ports), 13);
  const std::vector<circuit::Port> wide{{0, {63, 63, true}}, {1, {63, 63, true}}};
  EXPECT_EQ(bus_hex(std::vector<std::int64_t>{-1, 1}, wide),
            "000000000000000"
            "0ffffffffffffffff");
}

TEST(Bus, values_outside_their_type_are_refused) {
  const std::vector<circuit::Port> ports{{0, {4, 4, true}}};
  EXPECT_THROW(bus_hex(std::vector<std::int64_t>{8}, ports), std::invalid_argument);
  EXPECT_THROW(bus_hex(std::vector<std::int64_t>{-9}, ports), std::invalid_argument);
  EXPECT_THROW(bus_hex(std::vector<std::int64_t>{1, 1}, ports), std::invalid_argument);
  EXPECT_THROW(bus_hex({}, {}), std::invalid_argument);
}

TEST(Testbench, holds_one_line_per_vector) {
  const Circuit circuit = tiny_circuit();
  const std::vector<std::int64_t> inputs{-8, 0, 7, 15}, expected{0, -64, 31, 43};
  const Files files = verilog_testbench(circuit, circuit::schedule(circuit), {.top = "tiny"}, inputs, expected);
  EXPECT_EQ(files.at("inputs.hex"), "08\nf7\n");
  EXPECT_EQ(files.at("expected.hex"), "1800\n057f\n");
  EXPECT_NE(files.at("testbench.v").find("tiny dut ("), std::string::npos);
}

TEST(Testbench, vectors_that_do_not_fit_the_ports_are_refused) {
  const Circuit circuit = tiny_circuit();
  const Schedule schedule = circuit::schedule(circuit);
  const auto bench = [&](std::vector<std::int64_t> inputs, std::vector<std::int64_t> expected) {
    return verilog_testbench(circuit, schedule, {}, inputs, expected);
  };
  EXPECT_THROW(bench({}, {}), std::invalid_argument);
  EXPECT_THROW(bench({1}, {1, 1}), std::invalid_argument);
  EXPECT_THROW(bench({1, 1}, {1}), std::invalid_argument);
  EXPECT_THROW(bench({8, 1}, {1, 1}), std::invalid_argument);
  EXPECT_THROW(bench({1, 1}, {1, 1000}), std::invalid_argument);
}

/// Evaluates the few forms that `bits` makes, for a wire named w with the given pattern.
std::string evaluate(std::string text, const std::string& pattern) {
  const auto bit = [&](int k) { return pattern[pattern.size() - 1 - static_cast<std::size_t>(k)]; };
  if (text.front() == '{' && text.find('{', 1) != std::string::npos && text[1] != 'w') {
    // {n{w[k]}} alone, or a list that starts with it.
    const std::size_t close = text.find("}}");
    if (std::isdigit(text[1]) && close == text.size() - 2) {
      const int count = std::stoi(text.substr(1));
      return std::string(static_cast<std::size_t>(count),
                         evaluate(text.substr(text.find('{', 1) + 1, close - text.find('{', 1) - 1), pattern)[0]);
    }
  }
  if (text.front() == '{') {
    std::string result;
    int depth = 0;
    std::size_t begin = 1;
    for (std::size_t k = 1; k < text.size(); ++k) {
      if (text[k] == '{') ++depth;
      if ((text[k] == ',' && depth == 0) || k + 1 == text.size()) {
        result += evaluate(text.substr(begin, k - begin), pattern);
        begin = k + 2;
      }
      if (text[k] == '}') --depth;
    }
    return result;
  }
  if (text == "w") return pattern;
  if (text[0] == 'w') {
    const int high = std::stoi(text.substr(2));
    const std::size_t colon = text.find(':');
    const int low = colon == std::string::npos ? high : std::stoi(text.substr(colon + 1));
    std::string result;
    for (int k = high; k >= low; --k) result += bit(k);
    return result;
  }
  return std::string(static_cast<std::size_t>(std::stoi(text)), '0');  // 3'd0
}

TEST(Bits, any_selection_of_a_wire_is_that_of_the_endless_number) {
  for (const circuit::Range range : {circuit::Range{-8, 7}, circuit::Range{0, 15}, circuit::Range{-1, 0}, circuit::Range{0, 1}}) {
    const int width = range.width();
    for (std::int64_t value = range.low; value <= range.high; ++value) {
      std::string pattern;
      for (int k = width - 1; k >= 0; --k) pattern += ((value >> k) & 1) != 0 ? '1' : '0';
      for (std::int64_t low = -7; low <= 7; ++low) {
        for (int count = 1; count <= 9; ++count) {
          std::string expected;
          for (std::int64_t k = low + count - 1; k >= low; --k) expected += k >= 0 && ((value >> k) & 1) != 0 ? '1' : '0';
          const std::string text = bits({"w", range}, low, count);
          EXPECT_EQ(evaluate(text, pattern), expected) << text << " of " << value;
        }
      }
    }
  }
}

TEST(Bits, constants_are_literals) {
  EXPECT_EQ(literal(5, 3), "3'd5");
  EXPECT_EQ(literal(5, 2), "2'h1");
  EXPECT_EQ(literal(-3, 8), "8'hfd");
  EXPECT_EQ(literal(-1, 64), "64'hffffffffffffffff");
  EXPECT_EQ(literal(0, 100), "100'd0");
  EXPECT_EQ(literal(-2, 66), "{{2{1'b1}}, 64'hfffffffffffffffe}");
  EXPECT_EQ(bits({"", {-3, -3}}, 1, 3), "3'h6");  // ...11101 from bit 1 on
  EXPECT_EQ(bits({"", {5, 5}}, -2, 6), "6'd20");
  EXPECT_EQ(bits({"", {5, 5}}, -2, 4), "4'h4");
  EXPECT_EQ(bits({"", {5, 5}}, -70, 72), "{2'h1, 70'd0}");
}

TEST(Bits, a_wire_that_holds_some_bits_gives_those_alone) {
  const Operand part{"w", {0, 255}, nullptr, circuit::LiveWire{2, 3}};  // bits 2 .. 4 of 8
  EXPECT_EQ(bits(part, 2, 3), "w");
  EXPECT_EQ(bits(part, 3, 2), "w[2:1]");
  EXPECT_EQ(bits(part, 4, 1), "w[2]");
  EXPECT_THROW(bits(part, 1, 2), std::logic_error);
  EXPECT_THROW(bits(part, 4, 2), std::logic_error);
  const Operand upper{"w", {-128, 127}, nullptr, circuit::LiveWire{6, 2}};
  EXPECT_EQ(bits(upper, 6, 4), "{{2{w[1]}}, w}") << "the sign is repeated";
}

}  // namespace
}  // namespace snac::codegen
