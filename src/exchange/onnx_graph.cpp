#include "onnx_graph.hpp"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <stdexcept>

#include "snac/core/error.hpp"

namespace snac::exchange {

namespace {
constexpr int kIrVersion = 8, kOpset = 13;
}

OnnxGraph::OnnxGraph(const std::string& name) {
  model_.set_ir_version(kIrVersion);
  model_.set_producer_name("snac");
  auto* opset = model_.add_opset_import();
  opset->set_domain("");
  opset->set_version(kOpset);
  model_.mutable_graph()->set_name(name);
}

void OnnxGraph::describe(onnx::ValueInfoProto& info, const std::string& name, const std::vector<std::int64_t>& shape, int element_type) {
  info.set_name(name);
  auto* tensor = info.mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(element_type);
  tensor->mutable_shape();
  for (const std::int64_t length : shape) {
    auto* dim = tensor->mutable_shape()->add_dim();
    if (length > 0)
      dim->set_dim_value(length);
    else
      dim->set_dim_param("batch");
  }
}

void OnnxGraph::input(const std::string& name, std::int64_t batch, std::int64_t features) {
  describe(*model_.mutable_graph()->add_input(), name, {batch, features}, onnx::TensorProto::FLOAT);
}

void OnnxGraph::output(const std::string& name, std::int64_t batch, std::int64_t features, int element_type) {
  describe(*model_.mutable_graph()->add_output(), name, {batch, features}, element_type);
}

void OnnxGraph::value(const std::string& name, std::int64_t batch, std::int64_t features) {
  describe(*model_.mutable_graph()->add_value_info(), name, {batch, features}, onnx::TensorProto::FLOAT);
}

void OnnxGraph::output_from(const std::string& value, const std::string& name, std::int64_t batch, std::int64_t features) {
  onnx::GraphProto& graph = *model_.mutable_graph();
  bool found = false;
  for (auto& node : *graph.mutable_node()) {
    for (auto& input : *node.mutable_input()) {
      if (input == value) input = name;
    }
    for (auto& result : *node.mutable_output()) {
      if (result != value) continue;
      result = name;
      found = true;
    }
  }
  if (!found) throw std::logic_error("OnnxGraph::output_from: no node gives '" + value + "'");
  auto& infos = *graph.mutable_value_info();
  for (int k = 0; k < infos.size(); ++k) {
    if (infos[k].name() == value) infos.DeleteSubrange(k--, 1);
  }
  output(name, batch, features);
}

void OnnxGraph::value_of_shape(const std::string& name, const std::vector<std::int64_t>& shape) {
  describe(*model_.mutable_graph()->add_value_info(), name, shape, onnx::TensorProto::FLOAT);
}

std::string OnnxGraph::constant(const std::string& name, const std::vector<std::int64_t>& shape, const std::vector<float>& values) {
  auto* tensor = model_.mutable_graph()->add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(onnx::TensorProto::FLOAT);
  for (const std::int64_t length : shape) tensor->add_dims(length);
  tensor->set_raw_data(values.data(), values.size() * sizeof(float));
  // hls4ml looks for the shape of every input of a node, constants too.
  describe(*model_.mutable_graph()->add_value_info(), name, shape, onnx::TensorProto::FLOAT);
  return name;
}

void OnnxGraph::node(const std::string& op, const std::vector<std::string>& inputs, const std::string& output,
                     const std::vector<std::pair<std::string, Attribute>>& attributes, const std::string& domain) {
  auto* node = model_.mutable_graph()->add_node();
  node->set_name(output);
  node->set_op_type(op);
  node->set_domain(domain);
  for (const std::string& name : inputs) node->add_input(name);
  node->add_output(output);
  for (const auto& [name, value] : attributes) {
    auto* attribute = node->add_attribute();
    attribute->set_name(name);
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
      attribute->set_type(onnx::AttributeProto::INT);
      attribute->set_i(*integer);
    } else if (const auto* real = std::get_if<float>(&value)) {
      attribute->set_type(onnx::AttributeProto::FLOAT);
      attribute->set_f(*real);
    } else {
      attribute->set_type(onnx::AttributeProto::STRING);
      attribute->set_s(std::get<std::string>(value));
    }
  }
  if (domain != kQuantDomain || uses_quant_) return;
  uses_quant_ = true;
  auto* opset = model_.add_opset_import();
  opset->set_domain(kQuantDomain);
  opset->set_version(1);
}

void OnnxGraph::metadata(const std::vector<std::string>& class_names, const Json& preprocessing) {
  const auto add = [&](const char* key, const Json& value) {
    auto* entry = model_.add_metadata_props();
    entry->set_key(key);
    entry->set_value(value.dump());
  };
  if (!class_names.empty()) add("snac.class_names", class_names);
  if (!preprocessing.is_null()) add("snac.preprocessing", preprocessing);
}

std::string OnnxGraph::bytes() const {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  if (!model_.SerializeToCodedStream(&coded))
    throw DataError("a model is too large for an ONNX file", {.where = {}, .found = "more than 2 GiB", .expected = {}, .hint = {}});
  coded.Trim();
  return bytes;
}

}  // namespace snac::exchange
