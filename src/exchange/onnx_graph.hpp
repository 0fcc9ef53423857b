// An ONNX model under construction.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "proto.hpp"
#include "snac/core/json.hpp"

namespace snac::exchange {

inline constexpr const char* kQuantDomain = "qonnx.custom_op.general";

class OnnxGraph {
 public:
  using Attribute = std::variant<std::int64_t, float, std::string>;

  explicit OnnxGraph(const std::string& name);

  /// batch: 1, or 0 for any number of rows.
  void input(const std::string& name, std::int64_t batch, std::int64_t features);
  void output(const std::string& name, std::int64_t batch, std::int64_t features, int element_type = onnx::TensorProto::FLOAT);
  /// Makes a value that a node gives the graph's output, under another name. @throws std::logic_error if no node gives it.
  void output_from(const std::string& value, const std::string& name, std::int64_t batch, std::int64_t features);
  /// A value between nodes.
  void value(const std::string& name, std::int64_t batch, std::int64_t features);
  /// The same for a constant behind a node.
  void value_of_shape(const std::string& name, const std::vector<std::int64_t>& shape);
  /// A constant; the shape {} is a single number. @returns the name.
  std::string constant(const std::string& name, const std::vector<std::int64_t>& shape, const std::vector<float>& values);
  /// A node with the name of its output.
  void node(const std::string& op, const std::vector<std::string>& inputs, const std::string& output,
            const std::vector<std::pair<std::string, Attribute>>& attributes = {}, const std::string& domain = {});
  /// Class names and preprocessing, as import_model() finds them.
  void metadata(const std::vector<std::string>& class_names, const Json& preprocessing);

  std::string bytes() const;

 private:
  void describe(onnx::ValueInfoProto& info, const std::string& name, const std::vector<std::int64_t>& shape, int element_type);
  onnx::ModelProto model_;
  bool uses_quant_ = false;
};

}  // namespace snac::exchange
