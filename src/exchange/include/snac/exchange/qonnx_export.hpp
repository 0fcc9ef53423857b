// FixedNet as QONNX: ONNX with Quant nodes for every type, in the form that the qonnx package executes and hls4ml reads to the same
// integers. Decisions: docs/adr/0017-exchange-of-models.md.
#pragma once

#include <string>
#include <vector>

#include "snac/fixed/fixed_net.hpp"

namespace snac::exchange {

struct QonnxFile {
  std::string bytes;
  bool for_hls4ml = true;          ///< hls4ml 1.3 reads it and computes the same integers
  std::vector<std::string> notes;  ///< what is said in another way than the network says it, and what hls4ml does not read
};

/// Input "global_in" (1, inputs): values on the grids of the input type. Output "global_out" (1, outputs): the real values that the
/// output's integers stand for, or the class index as int64. Every rounding and saturation is exact:
/// - QONNX knows floor and half to even; half up and half down become an addition to the bias and floor;
/// - a value whose elements differ in type is carried multiplied by a power of two per element, which the next layer's weights take back;
/// if
///   elements of different width can overflow, it is saturated where their most significant bits are aligned and rounded where their least
///   significant bits are (one more product with a diagonal matrix);
/// - tanh and sigmoid stand as such where rounding single-precision results gives every entry of the table, other monotone tables as
///   MultiThreshold.
/// @throws DataError naming node and reason for what is not said: softmax, wrap-around that can happen, tables that are not monotone, sums
/// that single precision does not hold.
QonnxFile to_qonnx(const fixed::FixedNet& net);

}  // namespace snac::exchange
