#include <fmt/format.h>

#include <algorithm>

#include "hls_plan.hpp"

namespace snac::codegen {
namespace {

std::string title_of(const HlsPlan& plan) { return as_safe_comment(plan.params.title.empty() ? plan.params.top : plan.params.title); }

std::string guarded(const std::string& macro, const std::string& text) {
  return fmt::format("#ifndef {0}\n#define {0}\n\n{1}\n#endif\n", macro, text);
}

std::string guard_of(const HlsPlan& plan, std::string_view part) { return fmt::format("{}_{}_H", plan.params.top, part); }

std::string typedef_text(const std::string& type, const std::string& name) { return fmt::format("typedef {} {};\n", type, name); }

std::string value_types(const HlsPlan& plan, const HlsValue& value) {
  std::string text = typedef_text(type_text(value.carrier), value.type());
  for (std::size_t c = 0; c < value.casts.size(); ++c) text += typedef_text(type_text(value.casts[c]), value.cast_type(c));
  if (plan.is_stream()) text += typedef_text(fmt::format("snac::vector<{}, {}>", value.type(), value.size()), value.vector_type());
  return text;
}

std::string describe(const fixed::Node& node) {
  std::string text = as_safe_comment(node.name);
  if (const auto* dense = std::get_if<fixed::DenseOp>(&node.op)) {
    const auto nonzero = std::count_if(dense->weights.begin(), dense->weights.end(), [](std::int32_t w) { return w != 0; });
    text += fmt::format(": {} inputs, {} outputs, {} of {} weights are not zero", dense->inputs, dense->outputs, nonzero,
                        dense->weights.size());
  } else if (const auto* table = std::get_if<fixed::TableOp>(&node.op)) {
    text += fmt::format(": {} from a table of {}", as_safe_comment(table->function), table->table.size());
  } else if (std::holds_alternative<fixed::ReluOp>(node.op)) {
    text += ": max(x, 0)";
  } else if (std::holds_alternative<fixed::ArgmaxOp>(node.op)) {
    text += ": position of the first largest element";
  } else if (std::holds_alternative<fixed::SoftmaxOp>(node.op)) {
    text += ": probabilities";
  } else {
    text += ": cast";
  }
  return text;
}

std::string types_header(const HlsPlan& plan) {
  std::string text =
      "// <value>_t carries a value's bits without loss; <value>_cast_t is the type that rounds and saturates into it. Where the\n"
      "// elements of a value have several types there are several casts, and the carrier holds them all.\n"
      "#include \"ap_fixed.h\"\n#include \"ap_int.h\"\n";
  if (plan.is_stream()) text += "#include \"snac_streams.h\"\n";
  text += fmt::format("\n// The network's input: {} elements\n", plan.values.front().size()) + value_types(plan, plan.values.front());
  for (const HlsNode& node : plan.nodes) {
    const HlsValue& value = plan.values[static_cast<std::size_t>(node.value)];
    text += fmt::format("\n// {}\n", describe(*node.node));
    if (node.dense) {
      text += typedef_text(type_text(node.dense->weight), value.name + "_weight_t");
      text += typedef_text(type_text(node.dense->bias), value.name + "_bias_t");
      text += typedef_text(type_text(node.dense->accumulator), value.name + "_acc_t");
    }
    if (node.softmax) {
      const auto& op = std::get<fixed::SoftmaxOp>(node.node->op);
      text += typedef_text(type_text(node.softmax->gap), value.name + "_gap_t");
      text += typedef_text(type_text(op.difference), value.name + "_difference_t");
      text += typedef_text(type_text(node.softmax->exponential), value.name + "_exponential_t");
      text += typedef_text(type_text(node.softmax->total), value.name + "_total_t");
      text += typedef_text(type_text(op.sum), value.name + "_sum_t");
      text += typedef_text(type_text(node.softmax->inverse), value.name + "_inverse_t");
      text += typedef_text(type_text(node.softmax->product), value.name + "_product_t");
    }
    text += value_types(plan, value);
  }
  text += "\n// The network's output\n" + typedef_text(plan.output().type(), "result_t");
  if (plan.is_stream()) text += typedef_text(plan.output().vector_type(), "result_vector_t");
  return guarded(guard_of(plan, "types"), text);
}

/// {a, b, ...}, a line per row.
template <class Integer>
std::string array_text(const std::vector<Integer>& raw, std::size_t row, int fraction_bits, const std::string& type,
                       const std::string& where) {
  std::string text = "{";
  for (std::size_t k = 0; k < raw.size(); ++k) {
    if (k > 0) text += k % row == 0 ? ",\n    " : ", ";
    text += value_text(raw[k], fraction_bits, type, where);
  }
  return text + "}";
}

std::string constant(const std::string& type, const std::string& name, std::size_t size, const std::string& values) {
  return fmt::format("static const {} {}[{}] =\n    {};\n", type, name, size, values);
}

std::string weights_header(const HlsPlan& plan, const HlsNode& node) {
  const HlsValue& value = plan.values[static_cast<std::size_t>(node.value)];
  std::string text = fmt::format("// {}\n#include \"../types.h\"\n\n", describe(*node.node));
  if (const auto* dense = std::get_if<fixed::DenseOp>(&node.node->op)) {
    const std::string weight_type = value.name + "_weight_t", bias_type = value.name + "_bias_t";
    text += "// A row per output.\n" + constant(weight_type, value.name + "_weights", dense->weights.size(),
                                                array_text(dense->weights, static_cast<std::size_t>(dense->inputs),
                                                           dense->weight_fraction_bits, weight_type, node.node->name));
    text += constant(bias_type, value.name + "_bias", dense->bias.size(),
                     array_text(dense->bias, 16, dense->bias_fraction_bits, bias_type, node.node->name));
  } else if (const auto* softmax = std::get_if<fixed::SoftmaxOp>(&node.node->op)) {
    const std::string e_type = value.name + "_exponential_t", r_type = value.name + "_inverse_t";
    text += "// One entry per value of the difference, of the sum.\n" +
            constant(e_type, value.name + "_exponential", softmax->exponential.size(),
                     array_text(softmax->exponential, 16, softmax->exponential_fraction_bits, e_type, node.node->name)) +
            constant(r_type, value.name + "_inverse", softmax->inverse.size(),
                     array_text(softmax->inverse, 16, softmax->inverse_fraction_bits, r_type, node.node->name));
  } else {
    const auto& table = std::get<fixed::TableOp>(node.node->op).table;
    text += "// One entry per value of the input, lowest first.\n" +
            constant(value.type(), value.name + "_table", table.size(),
                     array_text(table, 16, value.carrier.fraction_bits(), value.type(), node.node->name));
  }
  return guarded(guard_of(plan, value.name), text);
}

std::string partition(const std::string& name) { return fmt::format("#pragma HLS ARRAY_PARTITION variable={} complete dim=0\n", name); }

std::string array(const std::string& type, const std::string& name, std::size_t size) {
  return fmt::format("  {} {}[{}];\n", type, name, size) + partition(name);
}

/// y = cast(x), or cast(max(x, 0)), element by element.
std::string cast_text(const HlsValue& value, const Carrier& source, const std::string& from, bool is_relu) {
  const auto is_tiny = [&](const fixed::FixedType& type) { return source.fraction_bits() - type.fraction_bits() > source.width; };
  if (value.casts.size() == 1 && !is_tiny(value.casts.front()))
    return fmt::format("  snac::{}<{}, {}>({}, y);\n", is_relu ? "relu" : "cast", value.size(), value.cast_type(0), from);
  std::string text;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const fixed::FixedType& type = value.tensor->type(i);
    std::string element = is_relu ? fmt::format("snac::positive({}[{}])", from, i) : fmt::format("{}[{}]", from, i);
    if (is_tiny(type)) element = fmt::format("snac::tiny<{}>({})", type.fraction_bits(), element);
    text += fmt::format("  y[{}] = {}({});\n", i, value.cast_type(value.cast_of[i]), element);
  }
  return text;
}

std::string layer_function(const HlsPlan& plan, const HlsNode& node) {
  const HlsValue& x = plan.values[static_cast<std::size_t>(node.source)];
  const HlsValue& y = plan.values[static_cast<std::size_t>(node.value)];
  const auto* dense = std::get_if<fixed::DenseOp>(&node.node->op);
  const bool is_resource = plan.params.strategy == HlsStrategy::resource;
  std::string text = fmt::format("\n// {}\n", describe(*node.node));
  if (dense) {
    text += fmt::format(
        "struct {}_config {{\n  static const int n_in = {};\n  static const int n_out = {};\n"
        "  static const int reuse_factor = {};\n}};\n",
        y.name, dense->inputs, dense->outputs, node.dense->reuse_factor);
  }
  if (const auto* softmax = std::get_if<fixed::SoftmaxOp>(&node.node->op)) {
    text += fmt::format("struct {}_config {{\n", y.name);
    for (const char* type : {"gap", "difference", "total", "sum"}) text += fmt::format("  typedef {0}_{1}_t {1}_t;\n", y.name, type);
    text += fmt::format(
        "  static const int difference_width = {};\n  static const int exponential_size = {};\n"
        "  static const int sum_width = {};\n  static const int inverse_size = {};\n}};\n",
        softmax->difference.width, softmax->exponential.size(), softmax->sum.width, softmax->inverse.size());
  }
  text += fmt::format("static void {0}(const {1} x[{2}], {3} y[{4}]) {{\n", y.name, x.type(), x.size(), y.type(), y.size());
  // A process of a dataflow must stay a function; a dense layer that shares multipliers brings its own pipeline.
  if (plan.is_stream() || !plan.is_dataflow()) {
    text += "#pragma HLS INLINE\n";
  } else if (!dense) {
    text += "#pragma HLS PIPELINE II=1\n";
  }
  if (dense) {
    text += array(y.name + "_acc_t", "sum", y.size());
    text +=
        fmt::format("  snac::{0}<{1}_config>(x, {1}_weights, {1}_bias, sum);\n", is_resource ? "dense_resource" : "dense_latency", y.name);
    text += cast_text(y, node.dense->accumulator, "sum", false);
  } else if (std::holds_alternative<fixed::TableOp>(node.node->op)) {
    text += fmt::format("  snac::table<{}, {}, {}>(x, {}_table, y);\n", y.size(), x.carrier.width, x.carrier.is_signed, y.name);
  } else if (node.softmax) {
    text += array(y.name + "_product_t", "product", y.size());
    text += fmt::format("  snac::softmax<{0}, {1}_config>(x, {1}_exponential, {1}_inverse, product);\n", y.size(), y.name);
    text += cast_text(y, node.softmax->product, "product", false);
  } else if (std::holds_alternative<fixed::ArgmaxOp>(node.node->op)) {
    text += fmt::format("  snac::argmax<{}>(x, y);\n", x.size());
  } else {
    text += cast_text(y, x.carrier, "x", std::holds_alternative<fixed::ReluOp>(node.node->op));
  }
  text += "}\n";
  if (plan.is_stream()) {
    text += fmt::format("static void {}_stream(hls::stream<{}>& in, hls::stream<{}>& out) {{\n", y.name, x.vector_type(), y.vector_type());
    if (!(dense && is_resource)) text += "#pragma HLS PIPELINE II=1\n";
    text += array(x.type(), "x", x.size()) + array(y.type(), "y", y.size());
    text +=
        fmt::format("  snac::read_vector<{}>(in, x);\n  {}(x, y);\n  snac::write_vector<{}>(out, y);\n}}\n", x.size(), y.name, y.size());
  }
  return text;
}

std::string layers_header(const HlsPlan& plan) {
  std::string text = "#include \"snac_kernels.h\"\n#include \"types.h\"\n";
  for (const HlsNode& node : plan.nodes) {
    if (node.has_constants()) {
      text += fmt::format("#include \"weights/{}.h\"\n", plan.values[static_cast<std::size_t>(node.value)].name);
    }
  }
  for (const HlsNode& node : plan.nodes) text += layer_function(plan, node);
  return guarded(guard_of(plan, "layers"), text);
}

std::string signature(const HlsPlan& plan) {
  if (plan.is_stream()) {
    return fmt::format("void {}(hls::stream<input_vector_t>& input, hls::stream<result_vector_t>& output)", plan.params.top);
  }
  return fmt::format("void {}(input_t input[{}], result_t output[{}])", plan.params.top, plan.values.front().size(), plan.output().size());
}

/// The body of the top function: declares what passes between layers, hands each reader its own copy where layers are processes.
class TopBody {
 public:
  explicit TopBody(const HlsPlan& plan) : plan_(plan), next_copy_(plan.values.size(), 0) {}

  std::string text() {
    if (plan_.nodes.empty()) return pass_through();
    make_available(0, "input");
    for (const HlsNode& node : plan_.nodes) {
      const HlsValue& y = value(node.value);
      const bool is_output = &y == &plan_.output();
      const std::string result = is_output ? "output" : y.name + "_out";
      if (!is_output) declare(y, result);
      calls_ += fmt::format("  {}{}({}, {});  // {}\n", y.name, plan_.is_stream() ? "_stream" : "", source_name(node.source), result,
                            as_safe_comment(node.node->name));
      if (!is_output) make_available(node.value, result);
    }
    return declarations_ + calls_;
  }

 private:
  const HlsValue& value(int index) const { return plan_.values[static_cast<std::size_t>(index)]; }

  void declare(const HlsValue& v, const std::string& name) {
    declarations_ += plan_.is_stream() ? fmt::format("  hls::stream<{}> {}(\"{}\");\n#pragma HLS STREAM variable={} depth=2\n",
                                                     v.vector_type(), name, name, name)
                                       : array(v.type(), name, v.size());
  }

  bool is_copied(int index) const { return plan_.is_dataflow() && value(index).readers > 1; }

  void make_available(int index, const std::string& name) {
    names_.push_back({index, name});
    if (!is_copied(index)) return;
    const HlsValue& v = value(index);
    std::string rest = name;
    for (int copy = 0; copy + 1 < v.readers; ++copy) {
      const std::string own = fmt::format("{}_copy{}", v.name, copy);
      const bool is_last = copy + 2 == v.readers;
      const std::string others = is_last ? fmt::format("{}_copy{}", v.name, copy + 1) : fmt::format("{}_rest{}", v.name, copy);
      declare(v, own);
      declare(v, others);
      calls_ += plan_.is_stream() ? fmt::format("  snac::duplicate_stream({}, {}, {});\n", rest, own, others)
                                  : fmt::format("  snac::duplicate<{}>({}, {}, {});\n", v.size(), rest, own, others);
      rest = others;
    }
  }

  std::string source_name(int index) {
    if (is_copied(index)) return fmt::format("{}_copy{}", value(index).name, next_copy_[static_cast<std::size_t>(index)]++);
    return std::find_if(names_.begin(), names_.end(), [&](const auto& entry) { return entry.first == index; })->second;
  }

  std::string pass_through() const {
    return plan_.is_stream() ? "  output.write(input.read());\n" : fmt::format("  snac::copy<{}>(input, output);\n", plan_.output().size());
  }

  const HlsPlan& plan_;
  std::vector<int> next_copy_;
  std::vector<std::pair<int, std::string>> names_;
  std::string declarations_, calls_;
};

std::string top_source(const HlsPlan& plan) {
  std::string text =
      fmt::format("// {}\n#include \"{}.h\"\n\n#include \"layers.h\"\n\n{} {{\n", title_of(plan), plan.params.top, signature(plan));
  if (plan.is_stream()) {
    text += "#pragma HLS INTERFACE axis port=input\n#pragma HLS INTERFACE axis port=output\n";
  } else {
    text += "#pragma HLS ARRAY_RESHAPE variable=input complete dim=0\n" + partition("output") +
            "#pragma HLS INTERFACE ap_vld port=input\n#pragma HLS INTERFACE ap_vld port=output\n";
  }
  text += plan.is_dataflow() ? "#pragma HLS DATAFLOW\n" : "#pragma HLS PIPELINE II=1\n";
  return text + TopBody(plan).text() + "}\n";
}

std::string top_header(const HlsPlan& plan) {
  std::string text = fmt::format("// {}\n#include \"types.h\"\n\n", title_of(plan));
  const auto elements = [&](const char* name, const HlsValue& value) {
    text += fmt::format("// {}: {} elements\n", name, value.size());
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (value.casts.size() > 1) text += fmt::format("//   {}: {}\n", i, fixed::to_string(value.tensor->type(i)));
    }
    if (value.casts.size() == 1) text += fmt::format("//   each {}\n", fixed::to_string(value.casts.front()));
  };
  elements("input", plan.values.front());
  elements("output", plan.output());
  return guarded(guard_of(plan, "top"), text + signature(plan) + ";\n");
}

}  // namespace

Files hls_firmware(const HlsPlan& plan) {
  Files files;
  files["firmware/" + plan.params.top + ".cpp"] = top_source(plan);
  files["firmware/" + plan.params.top + ".h"] = top_header(plan);
  files["firmware/types.h"] = types_header(plan);
  files["firmware/layers.h"] = layers_header(plan);
  for (const HlsNode& node : plan.nodes) {
    if (node.has_constants()) {
      files[fmt::format("firmware/weights/{}.h", plan.values[static_cast<std::size_t>(node.value)].name)] = weights_header(plan, node);
    }
  }
  return files;
}

}  // namespace snac::codegen
