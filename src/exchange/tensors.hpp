// Constants of an ONNX graph: decoded, and folded through the operations that exporters leave on them.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "proto.hpp"

namespace snac::exchange {

struct Tensor {
  std::vector<std::size_t> shape;
  std::vector<double> values;  ///< row-major; integers beyond 2^53 are rounded
};

/// Where a message points: "model.onnx", "node 'MatMul_3' (MatMul)".
struct Place {
  std::string file, node;
  [[noreturn]] void fail(const std::string& found, const std::string& expected, const std::string& hint = {}) const;
};

/// "(3, 4)"
std::string shape_text(const std::vector<std::size_t>& shape);
/// Product of the axes. @throws DataError beyond kMaxChainValues.
std::size_t elements(const std::vector<std::size_t>& shape, const Place& place);

/// @param folder  of the model, for values that stand in a file beside it
/// @throws DataError if type, shape and stored bytes do not fit together.
Tensor decode(const onnx::TensorProto& proto, const std::string& folder, const Place& place);

/// Element by element with NumPy's broadcasting. @throws DataError if the shapes do not fit.
Tensor combine(const Tensor& a, const Tensor& b, const std::function<double(double, double)>& op, const Place& place);
Tensor map(Tensor a, const std::function<double(double)>& op);
Tensor transpose(const Tensor& a, std::vector<std::int64_t> order, const Place& place);
/// -1 and 0 as Reshape has them.
Tensor reshape(Tensor a, const std::vector<double>& target, const Place& place);

/// Rounding of QONNX's Quant by name ("ROUND", "FLOOR", ...). @throws DataError for an unknown name.
std::function<double(double)> rounding_function(const std::string& mode, const Place& place);
/// The end of a quantiser's range. @throws DataError for a bit width that is no integer from 1 to 63.
struct IntegerRange {
  double low = 0, high = 0;
};
IntegerRange integer_range(double bits, bool is_signed, bool narrow, const Place& place);
/// (clip(round(x / scale + zero point)) - zero point) * scale.
Tensor quantise(const Tensor& x, const Tensor& scale, const Tensor& zero_point, const IntegerRange& range,
                const std::function<double(double)>& round, const Place& place);

}  // namespace snac::exchange
