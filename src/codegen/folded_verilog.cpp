#include "snac/codegen/folded_verilog.hpp"

#include <fmt/format.h>

#include <bit>
#include <stdexcept>
#include <vector>

#include "folded_layer.hpp"
#include "testbench.hpp"
#include "verilog_text.hpp"

namespace snac::codegen {
namespace {

using circuit::FoldedDesign;
using circuit::FoldedLayer;
using circuit::Port;

std::vector<Port> ports_of(std::span<const fixed::FixedType> types) {
  std::vector<Port> ports;
  for (const fixed::FixedType& type : types) ports.push_back({circuit::kNone, type});
  return ports;
}

class DesignPrinter {
 public:
  DesignPrinter(const FoldedDesign& design, const VerilogParams& params) : design_(design), params_(params) {
    check_top(params.top);
    if (design.inputs.empty() || design.outputs.empty()) throw std::invalid_argument("verilog: a design without ports");
  }

  Files run() {
    std::string body = handshake();
    if (design_.front) add_circuit(*design_.front, design_.front_schedule, params_.top + "_front", "before the first layer", body);
    for (std::size_t k = 0; k < design_.layers.size(); ++k) {
      const FoldedLayer& layer = design_.layers[k];
      const std::string module = fmt::format("{}_l{}_{}", params_.top, k + 1, as_identifier_part(layer.name));
      files_[module + ".v"] = layer_text(layer, module, multiplier());
      body += stage(module, bus_width(layer.after.inputs()), as_comment(layer.name));
      add_circuit(layer.after, layer.after_schedule, module + "_after", as_comment(layer.name) + ": behind the sums", body);
    }
    if (design_.multipliers > 0) files_[multiplier() + ".v"] = multiplier_text(multiplier(), design_.params.multiplier);
    files_[params_.top + ".v"] =
        header() + body + fmt::format("\n  assign out_valid = {}_valid;\n  assign out_data = {}_data;\nendmodule\n", wires_, wires_);
    return std::move(files_);
  }

 private:
  std::string multiplier() const { return params_.top + "_multiplier"; }

  std::string header() const {
    std::string text = fmt::format("// {}\n", params_.title.empty() ? params_.top : as_comment(params_.title));
    text += fmt::format(
        "// Latency {} cycle{}, initiation interval {}: in_ready is low for {} cycles after a vector was taken.\n"
        "// rst is synchronous and clears the control bits only.\n",
        design_.latency, design_.latency == 1 ? "" : "s", design_.initiation_interval, design_.initiation_interval - 1);
    text += bus_table("in_data", design_.inputs) + bus_table("out_data", design_.outputs);
    const auto range = [](const std::vector<fixed::FixedType>& types) { return fmt::format("[{}:0]", bus_width(ports_of(types)) - 1); };
    return text + fmt::format(
                      "module {} (\n  input wire clk,\n  input wire rst,\n  input wire in_valid,\n  output wire in_ready,\n"
                      "  input wire {} in_data,\n  output wire out_valid,\n  output wire {} out_data\n);\n",
                      params_.top, range(design_.inputs), range(design_.outputs));
  }

  std::string handshake() const {
    const std::string taken = "  wire taken_valid = in_valid && in_ready;\n";
    if (design_.initiation_interval == 1) return "  assign in_ready = 1'b1;\n" + taken;
    const int width = std::bit_width(static_cast<unsigned>(design_.initiation_interval - 1));
    const std::string zero = literal(0, width);
    return fmt::format(
        "  // Clocks until the slowest layer can take the next vector.\n  reg {0} pause;\n  assign in_ready = pause == {1};\n{2}"
        "  always @(posedge clk) pause <= rst ? {1} : taken_valid ? {3} : in_ready ? {1} : pause - {4};\n",
        vector_range(width), zero, taken, literal(design_.initiation_interval - 1, width), literal(1, width));
  }

  /// An instance behind the last one.
  std::string stage(const std::string& module, std::int64_t out_bits, const std::string& comment) {
    const std::string from = wires_, data = from == "taken" ? "in_data" : from + "_data";
    wires_ = fmt::format("v{}", ++stages_);
    return fmt::format(
        "\n  // {0}\n  wire {1}_valid;\n  wire [{2}:0] {1}_data;\n"
        "  {3} u{4} (.clk(clk), .rst(rst), .in_valid({5}_valid), .in_data({6}), .out_valid({1}_valid), .out_data({1}_data));\n",
        comment, wires_, out_bits - 1, module, stages_, from, data);
  }

  void add_circuit(const circuit::Circuit& circuit, const circuit::Schedule& schedule, const std::string& module, const std::string& title,
                   std::string& body) {
    files_.merge(verilog(circuit, schedule, {.top = module, .title = title, .max_module_nodes = params_.max_module_nodes}));
    body += stage(module, bus_width(circuit.outputs()), title);
  }

  const FoldedDesign& design_;
  const VerilogParams& params_;
  Files files_;
  std::string wires_ = "taken";  ///< prefix of the last stage's wires
  int stages_ = 0;
};

}  // namespace

Files verilog(const FoldedDesign& design, const VerilogParams& params) { return DesignPrinter(design, params).run(); }

Files verilog_testbench(const FoldedDesign& design, const VerilogParams& params, std::span<const std::int64_t> inputs,
                        std::span<const std::int64_t> expected) {
  return testbench({.top = params.top, .latency = design.latency, .interval = design.initiation_interval, .has_ready = true},
                   ports_of(design.inputs), ports_of(design.outputs), inputs, expected);
}

}  // namespace snac::codegen
