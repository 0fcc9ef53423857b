// One node of the circuit as Verilog. Private to the Verilog printers.
#pragma once

#include <array>
#include <string>

#include "verilog_text.hpp"

namespace snac::codegen {

/// What a node's text needs to know.
struct NodeContext {
  std::string wire;                    ///< name of the result
  circuit::LiveWire live;              ///< the bits of the result that it holds, one at least
  bool declared = false;               ///< the result is a port: assign it, do not declare it
  std::array<Operand, 2> operands;     ///< the arguments as they can be read in the node's stage
  std::array<int, 2> fraction_bits{};  ///< of the arguments
  circuit::AdderSplit split = {};      ///< add: circuit::split_of
  std::string table_module;            ///< lookup: the module that holds the table
};

/// Declarations and assignments that compute the node, indented by two spaces. For nodes with logic or wiring of their own:
/// add, negate, cast, relu, lookup, maximum, multiply, and shift (an alias).
std::string node_text(const circuit::Node& node, const NodeContext& context);

/// The module of a lookup table: input x (raw value of the argument), output y.
std::string table_text(const circuit::Table& table, const std::string& module);

}  // namespace snac::codegen
