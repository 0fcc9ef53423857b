// ONNX and QONNX to a chain: constants are folded, what is left must be one operation after the other on one vector of features.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "grid.hpp"
#include "readers.hpp"
#include "tensors.hpp"

namespace snac::exchange {
namespace {

using onnx::AttributeProto;
using onnx::GraphProto;
using onnx::NodeProto;

constexpr std::size_t kMaxValues = 2 * kMaxChainValues;  ///< of all constants together, folded ones included

std::string printable(const std::string& text) {
  std::string out = text.substr(0, 80);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 32 || static_cast<unsigned char>(c) > 126) c = '?';
  }
  return out;
}

/// Protobuf prints to standard error what this reader explains itself.
class QuietProtobuf {
 public:
  QuietProtobuf() : handler_(google::protobuf::SetLogHandler(nullptr)) {}
  ~QuietProtobuf() { google::protobuf::SetLogHandler(handler_); }
  QuietProtobuf(const QuietProtobuf&) = delete;
  QuietProtobuf& operator=(const QuietProtobuf&) = delete;

 private:
  google::protobuf::LogHandler* handler_;
};

/// A node with what its handler needs.
struct Work {
  const NodeProto& node;
  Place place;

  const AttributeProto* attribute(const char* name) const {
    for (const auto& a : node.attribute()) {
      if (a.name() == name) return &a;
    }
    return nullptr;
  }
  std::int64_t integer(const char* name, std::int64_t fallback) const {
    const AttributeProto* a = attribute(name);
    if (a != nullptr && !a->has_i()) place.fail(fmt::format("attribute '{}' that is no integer", name), "an integer");
    return a == nullptr ? fallback : a->i();
  }
  double real(const char* name, double fallback) const {
    const AttributeProto* a = attribute(name);
    if (a != nullptr && !a->has_f()) place.fail(fmt::format("attribute '{}' that is no float", name), "a float");
    return a == nullptr ? fallback : static_cast<double>(a->f());
  }
  std::string text(const char* name, const std::string& fallback) const {
    const AttributeProto* a = attribute(name);
    return a == nullptr ? fallback : a->s();
  }
  std::vector<std::int64_t> integers(const char* name) const {
    const AttributeProto* a = attribute(name);
    return a == nullptr ? std::vector<std::int64_t>{} : std::vector<std::int64_t>(a->ints().begin(), a->ints().end());
  }
};

class Reader {
 public:
  Reader(const onnx::ModelProto& model, std::string file, std::string folder)
      : graph_(model.graph()), file_(std::move(file)), folder_(std::move(folder)) {
    chain_.file = file_;
    std::string producer = printable(model.producer_name());
    if (!model.producer_version().empty()) producer += " " + printable(model.producer_version());
    chain_.producer = producer.empty() ? "ONNX" : "ONNX by " + producer;
    for (const auto& entry : model.metadata_props()) {
      if (entry.key() == "snac.class_names") read_class_names(entry.value());
      if (entry.key() == "snac.preprocessing") chain_.preprocessing = parse_json(entry.value(), file_ + ": snac.preprocessing");
    }
  }

  Chain read(const std::string& output) {
    index();
    const std::string last = output_of(output);
    for (const int k : order_for(last)) run(graph_.node(k), k);
    if (const auto constant = constants_.find(last); constant != constants_.end())
      fail("", "an output that does not depend on the inputs", "a model");
    if (head_ != last) fail("", "an output '" + printable(last) + "' that is not the end of the chain", "one operation after the other");
    if (pending_scale_) fail("", "a QuantizeLinear without DequantizeLinear behind it", "both");
    return std::move(chain_);
  }

 private:
  [[noreturn]] void fail(const std::string& node, const std::string& found, const std::string& expected,
                         const std::string& hint = {}) const {
    fail_at(file_, node, found, expected, hint);
  }

  void read_class_names(const std::string& text) {
    const Json names = parse_json(text, file_ + ": snac.class_names");
    if (!names.is_array()) fail("snac.class_names", "no list", "a list of names");
    for (const Json& name : names) {
      if (!name.is_string()) fail("snac.class_names", "something other than a name", "a list of names");
      chain_.class_names.push_back(name.get<std::string>());
    }
  }

  static std::string title(const NodeProto& node, int index) {
    return node.name().empty() ? fmt::format("node {} ({})", index, printable(node.op_type()))
                               : fmt::format("node '{}' ({})", printable(node.name()), printable(node.op_type()));
  }

  /// Initialisers, inputs and who produces what.
  void index() {
    if (graph_.node_size() > static_cast<int>(kMaxChainNodes))
      fail("", fmt::format("{} nodes", graph_.node_size()), fmt::format("at most {}", kMaxChainNodes));
    if (graph_.sparse_initializer_size() > 0) fail("", "sparse initialisers", "dense ones");
    for (const auto& tensor : graph_.initializer()) {
      if (!initializers_.emplace(tensor.name(), &tensor).second)
        fail("", "two initialisers '" + printable(tensor.name()) + "'", "one of each name");
    }
    for (const auto& value : graph_.input()) {
      if (!initializers_.contains(value.name())) inputs_.emplace(value.name(), &value);
    }
    for (int k = 0; k < graph_.node_size(); ++k) {
      for (const auto& name : graph_.node(k).output()) {
        if (name.empty()) continue;
        if (!producers_.emplace(name, k).second || inputs_.contains(name) || initializers_.contains(name))
          fail(title(graph_.node(k), k), "a second value '" + printable(name) + "'", "one of each name");
      }
    }
  }

  std::string output_of(const std::string& wanted) const {
    std::vector<std::string> names, scores;
    for (const auto& value : graph_.output()) {
      names.push_back(printable(value.name()));
      const bool is_scores = !value.type().has_tensor_type() || value.type().tensor_type().elem_type() == onnx::TensorProto::FLOAT ||
                             value.type().tensor_type().elem_type() == onnx::TensorProto::DOUBLE;
      if (is_scores) scores.push_back(value.name());
    }
    if (!wanted.empty()) {
      if (producers_.contains(wanted)) return wanted;
      throw ConfigError("a model has no such output",
                        {.where = file_,
                         .found = "'" + wanted + "'",
                         .expected = fmt::format("a value of the graph; its outputs are {}", fmt::join(names, ", ")),
                         .hint = {}});
    }
    if (graph_.output_size() == 1) return graph_.output(0).name();
    if (scores.size() == 1) return scores.front();
    fail("", fmt::format("outputs {}", names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "))), "one",
         names.empty() ? "" : "choose one with --output-name");
  }

  /// The nodes that `last` depends on, each after those it reads.
  std::vector<int> order_for(const std::string& last) const {
    const auto producer = [&](const std::string& name) {
      const auto found = producers_.find(name);
      return found == producers_.end() ? -1 : found->second;
    };
    if (producer(last) < 0) fail("", "an output '" + printable(last) + "' that no node gives", "a node that gives it");
    enum class Mark { none, open, done };
    std::vector<Mark> marks(static_cast<std::size_t>(graph_.node_size()), Mark::none);
    std::vector<int> order;
    std::vector<std::pair<int, int>> stack{{producer(last), 0}};  // node, its next input
    marks[static_cast<std::size_t>(stack.back().first)] = Mark::open;
    while (!stack.empty()) {
      auto& [k, next] = stack.back();
      if (next == graph_.node(k).input_size()) {
        marks[static_cast<std::size_t>(k)] = Mark::done;
        order.push_back(k);
        stack.pop_back();
        continue;
      }
      const int source = producer(graph_.node(k).input(next++));
      if (source < 0) continue;
      Mark& mark = marks[static_cast<std::size_t>(source)];
      if (mark == Mark::open)
        fail(title(graph_.node(source), source), "a cycle: it reads what depends on its own result", "a graph without cycles");
      if (mark == Mark::none) {
        mark = Mark::open;
        stack.emplace_back(source, 0);
      }
    }
    return order;
  }

  // ---- values ----

  const Tensor* constant(const std::string& name, const Place& place) {
    if (const auto known = constants_.find(name); known != constants_.end()) return &known->second;
    const auto stored = initializers_.find(name);
    if (stored == initializers_.end()) return nullptr;
    return &keep(name, decode(*stored->second, folder_, {place.file, "initialiser '" + printable(name) + "'"}), place);
  }
  const Tensor& keep(const std::string& name, Tensor tensor, const Place& place) {
    values_ += tensor.values.size();
    if (values_ > kMaxValues) place.fail("constants of more elements than are read", fmt::format("at most {}", kMaxValues));
    return constants_[name] = std::move(tensor);
  }

  /// Input k as a constant. @throws DataError if it is missing or depends on the features.
  const Tensor& need_constant(const Work& work, int k, const char* what) {
    const std::string name = k < work.node.input_size() ? work.node.input(k) : "";
    const Tensor* tensor = name.empty() ? nullptr : constant(name, work.place);
    if (tensor == nullptr) work.place.fail(fmt::format("no constant {} (input {})", what, k), "a constant");
    return *tensor;
  }
  /// The same where ONNX lets it be missing.
  std::optional<Tensor> optional_constant(const Work& work, int k, const char* what) {
    if (k >= work.node.input_size() || work.node.input(k).empty()) return {};
    return need_constant(work, k, what);
  }
  double scalar(const Work& work, int k, const char* what, std::optional<double> fallback = {}) {
    if (fallback && (k >= work.node.input_size() || work.node.input(k).empty())) return *fallback;
    const Tensor& tensor = need_constant(work, k, what);
    if (tensor.values.size() != 1) work.place.fail(fmt::format("a {} of shape {}", what, shape_text(tensor.shape)), "one number");
    return tensor.values.front();
  }

  /// Makes input k, which depends on the features, the chain's end.
  void follow(const Work& work, int k) {
    const std::string& name = work.node.input(k);
    if (head_.empty() && inputs_.contains(name)) {
      begin(name, work.place);
      return;
    }
    if (name == head_) return;
    if (inputs_.contains(name))
      work.place.fail("a second input '" + printable(name) + "', or one that is read twice", "one input, read once");
    if (producers_.contains(name))
      work.place.fail("value '" + printable(name) + "', which another node reads as well", "one operation after the other");
    work.place.fail("value '" + printable(name) + "', which nothing gives", "an input, an initialiser or a node's output");
  }

  void begin(const std::string& name, const Place& place) {
    const auto& type = inputs_.at(name)->type();
    if (!type.has_tensor_type()) place.fail("an input '" + printable(name) + "' that is no tensor", "a tensor of features");
    const auto& tensor = type.tensor_type();
    const auto element = tensor.elem_type();
    using P = onnx::TensorProto;
    if (element != P::FLOAT && element != P::DOUBLE && element != P::FLOAT16)
      place.fail(fmt::format("an input '{}' of ONNX type number {}", printable(name), element), "floats of 16, 32 or 64 bits");
    std::size_t features = 1;
    const int rank = tensor.has_shape() ? tensor.shape().dim_size() : 2;
    for (int d = rank > 1 ? 1 : 0; d < rank; ++d) {
      const std::int64_t length = tensor.has_shape() && tensor.shape().dim(d).has_dim_value() ? tensor.shape().dim(d).dim_value() : 0;
      if (length < 0 || length > static_cast<std::int64_t>(kMaxChainValues) ||
          features * static_cast<std::size_t>(length) > kMaxChainValues)
        place.fail(fmt::format("an input '{}' with an axis of {} elements", printable(name), length), "a size that fits");
      features *= static_cast<std::size_t>(length);
    }
    chain_.inputs = features;  // 0 if a size is open
    flat_ = rank <= 2;
    head_ = name;
  }

  /// The features stand along one axis.
  void need_flat(const Place& place) const {
    if (!flat_) place.fail("inputs of several axes", "one axis of features besides the batch", "put a Flatten in front of the first layer");
  }

  void push(const Work& work, decltype(Step::op) op) {
    if (pending_scale_) work.place.fail("an operation on the integers of a QuantizeLinear", "DequantizeLinear first");
    append(chain_, {work.place.node, std::move(op)});
    head_ = work.node.output(0);
  }
  void pass(const Work& work) { head_ = work.node.output(0); }

  // ---- nodes ----

  void run(const NodeProto& node, int index) {
    const Work work{node, {file_, title(node, index)}};
    if (node.output_size() == 0) work.place.fail("no output", "one output");
    int features = -1;
    for (int k = 0; k < node.input_size() && features < 0; ++k) {
      if (!node.input(k).empty() && constant(node.input(k), work.place) == nullptr) features = k;
    }
    if (features < 0) {
      keep(node.output(0), fold(work), work.place);
      return;
    }
    follow(work, features);
    step(work, features);
  }

  /// The node's value where all its inputs are constants.
  Tensor fold(const Work& work) {
    const std::string& op = work.node.op_type();
    const auto input = [&](int k) -> const Tensor& { return need_constant(work, k, "input"); };
    if (op == "Constant") return constant_node(work);
    if (op == "Identity") return input(0);
    if (op == "Cast") return cast(work);
    if (op == "Transpose") return transpose(input(0), work.integers("perm"), work.place);
    if (op == "Reshape") return reshape(input(0), input(1).values, work.place);
    if (op == "Neg") return map(input(0), std::negate<>());
    if (op == "Add") return combine(input(0), input(1), std::plus<>(), work.place);
    if (op == "Sub") return combine(input(0), input(1), std::minus<>(), work.place);
    if (op == "Mul") return combine(input(0), input(1), std::multiplies<>(), work.place);
    if (op == "Div") return combine(input(0), input(1), std::divides<>(), work.place);
    if (op == "Quant" || op == "IntQuant") {
      const IntegerRange range = quant_range(work);
      if (range.low == range.high || (scalar(work, 3, "bit width") == 1 && work.integer("signed", 1) != 0))
        work.place.fail("one signed bit, which means -1 and +1", "at least two bits");
      return quantise(input(0), input(1), input(2), range, rounding_function(work.text("rounding_mode", "ROUND"), work.place), work.place);
    }
    if (op == "DequantizeLinear") {
      const Tensor scale = along_axis(work, input(1), input(0).shape);
      Tensor zero{{}, {0}};
      if (const auto given = optional_constant(work, 2, "zero point")) zero = along_axis(work, *given, input(0).shape);
      return combine(combine(input(0), zero, std::minus<>(), work.place), scale, std::multiplies<>(), work.place);
    }
    work.place.fail("an operation on constants that is not folded", "constants as initialisers", "export with constant folding");
  }

  Tensor constant_node(const Work& work) {
    for (const auto& a : work.node.attribute()) {
      if (a.name() == "value" && a.has_t()) return decode(a.t(), folder_, work.place);
      if (a.name() == "value_float") return {{}, {static_cast<double>(a.f())}};
      if (a.name() == "value_int") return {{}, {static_cast<double>(a.i())}};
      if (a.name() == "value_floats") return {{static_cast<std::size_t>(a.floats_size())}, {a.floats().begin(), a.floats().end()}};
      if (a.name() == "value_ints") return {{static_cast<std::size_t>(a.ints_size())}, {a.ints().begin(), a.ints().end()}};
    }
    work.place.fail("no value", "a tensor, numbers or a number");
  }

  Tensor cast(const Work& work) {
    using P = onnx::TensorProto;
    const std::int64_t to = work.integer("to", 0);
    const Tensor& from = need_constant(work, 0, "input");
    if (to == P::DOUBLE) return from;
    if (to == P::FLOAT) return map(from, [](double v) { return static_cast<double>(static_cast<float>(v)); });
    if (to == P::INT64 || to == P::INT32) return map(from, [](double v) { return std::trunc(v); });
    work.place.fail(fmt::format("a cast of a constant to ONNX type number {}", to), "float, double, int32 or int64");
  }

  /// A scale per slice along the attribute `axis`, in a shape that broadcasts against `shape`.
  Tensor along_axis(const Work& work, const Tensor& scale, const std::vector<std::size_t>& shape) {
    if (scale.values.size() == 1) return {{}, scale.values};
    std::int64_t axis = work.integer("axis", 1);
    if (axis < 0) axis += static_cast<std::int64_t>(shape.size());
    if (scale.shape.size() != 1 || axis < 0 || static_cast<std::size_t>(axis) >= shape.size())
      work.place.fail("scales of shape " + shape_text(scale.shape), "one number, or one per slice along the axis");
    Tensor out = scale;
    out.shape.insert(out.shape.end(), shape.size() - 1 - static_cast<std::size_t>(axis), 1);
    return out;
  }

  /// Where a handler stands for an operation with the features as input `features`.
  void step(const Work& work, int features) {
    using Handler = void (Reader::*)(const Work&, int);
    static const std::map<std::string, Handler> handlers{{"Gemm", &Reader::gemm},
                                                         {"MatMul", &Reader::matmul},
                                                         {"Add", &Reader::arithmetic},
                                                         {"Sub", &Reader::arithmetic},
                                                         {"Mul", &Reader::arithmetic},
                                                         {"Div", &Reader::arithmetic},
                                                         {"Neg", &Reader::arithmetic},
                                                         {"Scaler", &Reader::scaler},
                                                         {"BatchNormalization", &Reader::batch_normalization},
                                                         {"Relu", &Reader::activation},
                                                         {"Tanh", &Reader::activation},
                                                         {"Sigmoid", &Reader::activation},
                                                         {"LeakyRelu", &Reader::activation},
                                                         {"Softmax", &Reader::softmax},
                                                         {"LogSoftmax", &Reader::softmax},
                                                         {"ArgMax", &Reader::argmax},
                                                         {"Flatten", &Reader::flatten},
                                                         {"Reshape", &Reader::flatten},
                                                         {"Identity", &Reader::identity},
                                                         {"Dropout", &Reader::identity},
                                                         {"ZipMap", &Reader::identity},
                                                         {"Cast", &Reader::cast_features},
                                                         {"Quant", &Reader::quant},
                                                         {"IntQuant", &Reader::quant},
                                                         {"QuantizeLinear", &Reader::quantize_linear},
                                                         {"DequantizeLinear", &Reader::dequantize_linear},
                                                         {"MultiThreshold", &Reader::multi_threshold}};
    const auto handler = handlers.find(work.node.op_type());
    if (handler == handlers.end()) {
      std::vector<std::string> known;
      for (const auto& [name, ignored] : handlers) known.push_back(name);
      work.place.fail("an operation that is not read", fmt::format("one of {}", fmt::join(known, ", ")),
                      "choose an earlier value as output with --output-name, or export the layers only");
    }
    if (features != 0 && handler->second != &Reader::arithmetic)
      work.place.fail("the features as input " + std::to_string(features), "the features first, constants behind",
                      "export weights on the right");
    (this->*handler->second)(work, features);
  }

  AffineStep affine(const Work& work, const Tensor& weights, bool transposed) {
    need_flat(work.place);
    if (weights.shape.size() != 2) work.place.fail("weights of shape " + shape_text(weights.shape), "(inputs, outputs)");
    AffineStep step;
    step.inputs = weights.shape[transposed ? 1 : 0];
    step.outputs = weights.shape[transposed ? 0 : 1];
    if (step.inputs == 0 || step.outputs == 0)
      work.place.fail("weights of shape " + shape_text(weights.shape), "at least one input and one output");
    step.weights = transposed ? weights.values : transpose(weights, {}, work.place).values;
    step.bias.assign(step.outputs, 0);
    return step;
  }

  void matmul(const Work& work, int) { push(work, affine(work, need_constant(work, 1, "weights"), false)); }

  void gemm(const Work& work, int) {
    if (work.integer("transA", 0) != 0) work.place.fail("transA", "features as rows");
    AffineStep step = affine(work, need_constant(work, 1, "weights"), work.integer("transB", 0) != 0);
    const double alpha = work.real("alpha", 1), beta = work.real("beta", 1);
    for (double& w : step.weights) w *= alpha;
    if (const auto bias = optional_constant(work, 2, "bias")) {
      const std::vector<double> values = vector_of(*bias, work);
      if (values.size() != 1 && values.size() != step.outputs)
        work.place.fail(fmt::format("a bias of {} elements", values.size()), fmt::format("{}", step.outputs));
      for (std::size_t o = 0; o < step.outputs; ++o) step.bias[o] = beta * (values.size() == 1 ? values.front() : values[o]);
    }
    push(work, std::move(step));
  }

  /// A constant along the axis of features: all other axes are 1.
  std::vector<double> vector_of(const Tensor& tensor, const Work& work) const {
    if (tensor.values.size() == 1) return tensor.values;
    need_flat(work.place);
    if (tensor.values.empty() || tensor.shape.back() != tensor.values.size())
      work.place.fail("a constant of shape " + shape_text(tensor.shape), "one number, or one per feature");
    return tensor.values;
  }

  void arithmetic(const Work& work, int features) {
    const std::string& op = work.node.op_type();
    if (op == "Neg") return push(work, ScaleStep{{-1}, {0}});
    if (work.node.input_size() != 2) work.place.fail(fmt::format("{} inputs", work.node.input_size()), "two");
    const int other = 1 - features;
    const Tensor* tensor = constant(work.node.input(other), work.place);
    if (tensor == nullptr) work.place.fail("two inputs that depend on the features", "one operation after the other");
    std::vector<double> values = vector_of(*tensor, work);
    if (op == "Add") return push(work, ScaleStep{{1}, std::move(values)});
    if (op == "Mul") return push(work, ScaleStep{std::move(values), {0}});
    if (op == "Div") {
      if (features != 0) work.place.fail("a division by the features", "a division of them");
      for (double& v : values) v = 1 / v;
      return push(work, ScaleStep{std::move(values), {0}});
    }
    if (features != 0) return push(work, ScaleStep{{-1}, std::move(values)});
    for (double& v : values) v = -v;
    push(work, ScaleStep{{1}, std::move(values)});
  }

  /// ai.onnx.ml: (x - offset) * scale.
  void scaler(const Work& work, int) {
    const auto floats = [&](const char* name) {
      const AttributeProto* a = work.attribute(name);
      return a == nullptr ? std::vector<double>{} : std::vector<double>(a->floats().begin(), a->floats().end());
    };
    std::vector<double> scale = floats("scale"), shift = floats("offset");
    if (scale.empty()) scale = {1};
    if (shift.empty()) shift = {0};
    const bool fits = scale.size() == shift.size() || scale.size() == 1 || shift.size() == 1;
    if (!fits) work.place.fail(fmt::format("{} offsets and {} scales", shift.size(), scale.size()), "one each, or one per feature");
    if (shift.size() == 1) shift.resize(scale.size(), shift.front());
    for (std::size_t i = 0; i < shift.size(); ++i) shift[i] *= -(scale.size() == 1 ? scale.front() : scale[i]);
    need_flat(work.place);
    push(work, ScaleStep{std::move(scale), std::move(shift)});
  }

  void batch_normalization(const Work& work, int) {
    need_flat(work.place);
    if (work.integer("training_mode", 0) != 0) work.place.fail("training mode", "inference", "export the model in evaluation mode");
    const double epsilon = work.real("epsilon", 1e-5);
    const Tensor gamma = need_constant(work, 1, "scale"), beta = need_constant(work, 2, "bias");
    const Tensor mean = need_constant(work, 3, "mean"), variance = need_constant(work, 4, "variance");
    const std::size_t count = gamma.values.size();
    for (const Tensor* t : {&beta, &mean, &variance}) {
      if (t->values.size() != count || count == 0)
        work.place.fail(fmt::format("constants of {} and {} elements", count, t->values.size()), "one per feature each");
    }
    ScaleStep step;
    for (std::size_t i = 0; i < count; ++i) {
      step.scale.push_back(gamma.values[i] / std::sqrt(variance.values[i] + epsilon));
      step.shift.push_back(beta.values[i] - mean.values[i] * step.scale.back());
    }
    push(work, std::move(step));
  }

  void activation(const Work& work, int) {
    const std::string& op = work.node.op_type();
    if (op == "Relu") return push(work, ActivationStep{space::Activation::relu, 0});
    if (op == "Tanh") return push(work, ActivationStep{space::Activation::tanh, 0});
    if (op == "Sigmoid") return push(work, ActivationStep{space::Activation::sigmoid, 0});
    push(work, ActivationStep{space::Activation::leaky_relu, work.real("alpha", 0.01F)});
  }

  void softmax(const Work& work, int) {
    need_flat(work.place);
    const std::int64_t axis = work.integer("axis", -1);
    if (axis != -1 && axis != 1) work.place.fail(fmt::format("axis {}", axis), "the axis of classes, the last one");
    push(work, SoftmaxStep{});
  }

  void argmax(const Work& work, int) {
    need_flat(work.place);
    const std::int64_t axis = work.integer("axis", 0);
    if (axis != -1 && axis != 1) work.place.fail(fmt::format("axis {}", axis), "the axis of classes, the last one");
    if (work.integer("select_last_index", 0) != 0) work.place.fail("the last of several largest", "the first");
    push(work, ArgmaxStep{});
  }

  void flatten(const Work& work, int) {
    if (work.node.op_type() == "Flatten") {
      if (const std::int64_t axis = work.integer("axis", 1); axis != 1)
        work.place.fail(fmt::format("axis {}", axis), "axis 1: one row per sample");
    } else {
      const Tensor& target = need_constant(work, 1, "shape");
      const std::size_t known = width(chain_);
      const bool to_rows =
          target.values.size() == 2 &&
          (target.values[1] == -1 || (known > 0 && target.values[1] == static_cast<double>(known)) || (target.values[1] == 0 && flat_));
      if (!to_rows) work.place.fail(fmt::format("a reshape to ({})", fmt::join(target.values, ", ")), "one row of features per sample");
    }
    flat_ = true;
    pass(work);
  }

  void identity(const Work& work, int) { pass(work); }

  void cast_features(const Work& work, int) {
    using P = onnx::TensorProto;
    const std::int64_t to = work.integer("to", 0);
    const bool index = !chain_.steps.empty() && std::holds_alternative<ArgmaxStep>(chain_.steps.back().op);
    if (to != P::FLOAT && to != P::DOUBLE && !index) work.place.fail(fmt::format("a cast to ONNX type number {}", to), "float or double");
    pass(work);
  }

  IntegerRange quant_range(const Work& work) {
    return integer_range(scalar(work, 3, "bit width"), work.integer("signed", 1) != 0, work.integer("narrow", 0) != 0, work.place);
  }

  void quant(const Work& work, int) {
    const std::vector<double> scales = vector_of(need_constant(work, 1, "scale"), work);
    const std::vector<double> zeros = vector_of(need_constant(work, 2, "zero point"), work);
    const double bits = scalar(work, 3, "bit width");
    quant_range(work);
    const std::string mode = work.text("rounding_mode", "ROUND");
    rounding_function(mode, work.place);
    const bool is_signed = work.integer("signed", 1) != 0, narrow = work.integer("narrow", 0) != 0;
    QuantStep step;
    const std::map<std::string, fixed::Rounding> roundings{{"ROUND", fixed::Rounding::rnd_conv},  {"HALF_EVEN", fixed::Rounding::rnd_conv},
                                                           {"FLOOR", fixed::Rounding::trn},       {"DOWN", fixed::Rounding::trn_zero},
                                                           {"HALF_UP", fixed::Rounding::rnd_inf}, {"HALF_DOWN", fixed::Rounding::rnd_zero}};
    std::string upper = mode;
    for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    const auto rounding = roundings.find(upper);
    if (rounding == roundings.end()) step.refusal = "rounding mode " + upper;
    if (std::any_of(zeros.begin(), zeros.end(), [](double z) { return z != 0; })) step.refusal = "a zero point other than 0";
    if (is_signed && bits == 1) step.refusal = "one signed bit, which means -1 and +1";
    if (!is_signed && narrow) step.refusal = "a narrow unsigned range";
    for (const double scale : scales) {
      int fraction = 0;
      if (!power_of_two(scale, fraction)) {
        if (!(scale > 0)) work.place.fail(fmt::format("a scale of {}", scale), "a positive number");
        step.refusal = fmt::format("a scale of {:g}, which is no power of two", scale);
        fraction = 0;
      }
      const int width_bits = static_cast<int>(bits);
      const fixed::FixedType type{width_bits, width_bits - fraction, is_signed,
                                  rounding == roundings.end() ? fixed::Rounding::rnd_conv : rounding->second,
                                  narrow ? fixed::Overflow::sat_sym : fixed::Overflow::sat};
      if (!type.valid()) step.refusal = fmt::format("{} bits with a scale of {:g}", bits, scale);
      step.types.push_back(type);
    }
    push(work, std::move(step));
  }

  void quantize_linear(const Work& work, int) {
    const std::vector<double> scales = vector_of(need_constant(work, 1, "scale"), work);
    std::vector<double> zeros{0};
    int element = onnx::TensorProto::UINT8;
    if (work.node.input_size() > 2 && !work.node.input(2).empty()) {
      zeros = vector_of(need_constant(work, 2, "zero point"), work);
      const auto stored = initializers_.find(work.node.input(2));
      if (stored != initializers_.end()) element = stored->second->data_type();
      if (stored == initializers_.end()) element = constant_type(work.node.input(2));
    }
    using P = onnx::TensorProto;
    if (element != P::INT8 && element != P::UINT8 && element != P::INT16 && element != P::UINT16)
      work.place.fail(fmt::format("integers of ONNX type number {}", element), "int8, uint8, int16 or uint16");
    const bool is_signed = element == P::INT8 || element == P::INT16;
    const int bits = element == P::INT8 || element == P::UINT8 ? 8 : 16;
    QuantStep step;
    for (std::size_t i = 0; i < std::max(scales.size(), zeros.size()); ++i) {
      const double scale = scales.size() == 1 ? scales.front() : i < scales.size() ? scales[i] : 0;
      const double zero = zeros.size() == 1 ? zeros.front() : i < zeros.size() ? zeros[i] : NAN;
      int fraction = 0;
      if (!(scale > 0)) work.place.fail(fmt::format("a scale of {}", scale), "a positive number");
      if (!power_of_two(scale, fraction)) step.refusal = fmt::format("a scale of {:g}, which is no power of two", scale);
      // Half of the unsigned range as zero point is the signed type.
      const bool centred = !is_signed && zero == std::ldexp(1.0, bits - 1);
      if (zero != 0 && !centred) step.refusal = fmt::format("a zero point of {:g}", zero);
      step.types.push_back({bits, bits - fraction, is_signed || centred, fixed::Rounding::rnd_conv, fixed::Overflow::sat});
      if (!step.types.back().valid()) step.refusal = fmt::format("{} bits with a scale of {:g}", bits, scale);
    }
    push(work, std::move(step));
    pending_scale_ = std::pair(scales, zeros);
  }

  int constant_type(const std::string& name) const {
    const auto producer = producers_.find(name);
    if (producer == producers_.end()) return 0;
    for (const auto& a : graph_.node(producer->second).attribute()) {
      if (a.name() == "value" && a.has_t()) return a.t().data_type();
    }
    return 0;
  }

  void dequantize_linear(const Work& work, int) {
    if (!pending_scale_) work.place.fail("a DequantizeLinear without QuantizeLinear in front", "both");
    const std::vector<double> scales = vector_of(need_constant(work, 1, "scale"), work);
    std::vector<double> zeros{0};
    if (const auto given = optional_constant(work, 2, "zero point")) zeros = vector_of(*given, work);
    if (std::pair(scales, zeros) != *pending_scale_) work.place.fail("another scale or zero point than its QuantizeLinear has", "the same");
    pending_scale_.reset();
    pass(work);
  }

  void multi_threshold(const Work& work, int) {
    const Tensor& thresholds = need_constant(work, 1, "thresholds");
    if (thresholds.shape.size() != 2 || thresholds.shape[0] == 0)
      work.place.fail("thresholds of shape " + shape_text(thresholds.shape), "(elements or 1, thresholds)");
    const std::string layout = work.text("data_layout", "");
    if (!layout.empty() && layout != "NC") work.place.fail("data layout '" + printable(layout) + "'", "NC");
    need_flat(work.place);
    ThresholdStep step;
    step.rows = thresholds.shape[0];
    step.thresholds = thresholds.values;
    step.step = work.real("out_scale", 1);
    step.offset = work.real("out_bias", 0);
    const auto row = static_cast<std::ptrdiff_t>(thresholds.shape[1]);
    for (std::size_t r = 0; r < step.rows; ++r) {
      const auto first = step.thresholds.begin() + static_cast<std::ptrdiff_t>(r) * row;
      if (std::any_of(first, first + row, [](double t) { return std::isnan(t); }))
        work.place.fail("a threshold that is no number", "numbers");
      std::sort(first, first + row);
    }
    push(work, std::move(step));
  }

  const GraphProto& graph_;
  std::string file_, folder_;
  Chain chain_;
  std::map<std::string, const onnx::TensorProto*> initializers_;
  std::map<std::string, const onnx::ValueInfoProto*> inputs_;
  std::map<std::string, int> producers_;
  std::map<std::string, Tensor> constants_;
  std::size_t values_ = 0;
  std::string head_;                                                                  ///< the value at the chain's end
  bool flat_ = true;                                                                  ///< one axis of features besides the batch
  std::optional<std::pair<std::vector<double>, std::vector<double>>> pending_scale_;  ///< between QuantizeLinear and DequantizeLinear
};

}  // namespace

Chain read_onnx(const std::string& bytes, const std::string& file, const std::string& folder, const std::string& output) {
  const QuietProtobuf quiet;
  onnx::ModelProto model;
  if (bytes.size() > 0x7FFFFFFFU || !model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    throw DataError(
        "a model file is damaged",
        {.where = file, .found = "bytes that are no ONNX model", .expected = "a complete .onnx file", .hint = "export it again"});
  }
  if (!model.has_graph() || model.graph().node_size() == 0) fail_at(file, "", "no graph", "an ONNX model with a graph");
  if (model.functions_size() > 0) {
    fail_at(file, "", "functions of the model's own", "operations of ONNX and QONNX only",
            "inline them: onnx.inliner.inline_local_functions");
  }
  return Reader(model, file, folder).read(output);
}

}  // namespace snac::exchange
