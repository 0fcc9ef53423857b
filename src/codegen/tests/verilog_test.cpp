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

}  // namespace
}  // namespace snac::codegen
