// The file form of a FixedNet. Sizes come from what is in the file, never from what the file says is in it.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "snac/core/error.hpp"
#include "snac/core/files.hpp"
#include "snac/fixed/fixed_net.hpp"

namespace snac::fixed {
namespace {

// ---- writing

Json to_json(const TensorType& tensor) {
  Json shape = Json::array(), types = Json::array();
  for (const NamedAxis& axis : tensor.shape) shape.push_back({{"name", axis.name}, {"size", axis.size}});
  for (const FixedType& type : tensor.types) types.push_back(to_string(type));
  return {{"shape", std::move(shape)}, {"types", std::move(types)}};
}

Json to_json(const DenseOp& op) {
  Json rows = Json::array();
  const auto inputs = static_cast<std::ptrdiff_t>(op.inputs);
  for (auto row = op.weights.begin(); inputs > 0 && op.weights.end() - row >= inputs; row += inputs)
    rows.push_back(Json(std::vector<std::int32_t>(row, row + inputs)));
  return {{"kind", "dense"},
          {"weight_fraction_bits", op.weight_fraction_bits},
          {"bias_fraction_bits", op.bias_fraction_bits},
          {"bias", op.bias},
          {"inputs", op.inputs},
          {"outputs", op.outputs},
          {"weights", std::move(rows)}};
}
Json to_json(const CastOp&) { return Json::object({{"kind", "cast"}}); }
Json to_json(const ReluOp&) { return Json::object({{"kind", "relu"}}); }
Json to_json(const ArgmaxOp&) { return Json::object({{"kind", "argmax"}}); }
Json to_json(const SoftmaxOp& op) {
  const auto table = [](const FixedType& index, int fraction_bits, const std::vector<std::int64_t>& entries) {
    return Json{{"index", to_string(index)}, {"fraction_bits", fraction_bits}, {"table", entries}};
  };
  return {{"kind", "softmax"},
          {"exponential", table(op.difference, op.exponential_fraction_bits, op.exponential)},
          {"inverse", table(op.sum, op.inverse_fraction_bits, op.inverse)}};
}
Json to_json(const TableOp& op) { return {{"kind", "table"}, {"function", op.function}, {"table", op.table}}; }

/// What holds plain values only stands on one line: a changed weight changes one line.
void write(const Json& json, int depth, std::string& out, const std::string& where) {
  if (json.is_structured() && depth >= kMaxJsonDepth) {
    throw DataError("a record is too deeply nested to write",
                    {.where = where, .found = fmt::format("more than {} levels", kMaxJsonDepth), .expected = {}, .hint = {}});
  }
  if (json.is_number_float() && !std::isfinite(json.get<double>())) {
    throw DataError("a number cannot be written",
                    {.where = where, .found = fmt::format("{}", json.get<double>()), .expected = "a finite number", .hint = {}});
  }
  const bool nested = json.is_structured() && std::any_of(json.begin(), json.end(), [](const Json& item) { return item.is_structured(); });
  if (!json.is_structured() || json.empty()) {
    out += json.dump();
    return;
  }
  std::string line;
  if (nested) line = fmt::format("\n{:{}}", "", depth + 1);
  out += json.is_object() ? '{' : '[';
  bool first = true;
  for (auto item = json.begin(); item != json.end(); ++item) {
    if (!first) out += json.is_object() && !nested ? ", " : ",";
    first = false;
    out += line;
    if (json.is_object()) out += Json(item.key()).dump() + ": ";
    write(*item, depth + 1, out, where);
  }
  if (!line.empty()) out += line.substr(0, line.size() - 1);
  out += json.is_object() ? '}' : ']';
}

// ---- reading

[[noreturn]] void damaged(const std::string& where, std::string found, std::string expected, std::string hint = {}) {
  throw DataError("a fixed-point network file is damaged",
                  {.where = where, .found = std::move(found), .expected = std::move(expected), .hint = std::move(hint)});
}

std::string kind_of(const Json& json) { return fmt::format("{} {}", json.is_structured() ? "a JSON" : "a", json.type_name()); }

/// The known names stand in the message already; only a near one is worth a hint.
std::string hint_for(const std::string& name, const std::vector<std::string>& known) {
  return nearest_name(name, known).empty() ? std::string() : suggest(name, known);
}

void check_members(const Json& object, const std::vector<std::string>& known, const std::string& where) {
  if (!object.is_object()) damaged(where, kind_of(object), "an object");
  for (auto item = object.begin(); item != object.end(); ++item) {
    if (std::find(known.begin(), known.end(), item.key()) == known.end()) {
      damaged(where, fmt::format("unknown member '{}'", item.key().substr(0, 80)), fmt::format("members {}", fmt::join(known, ", ")),
              hint_for(item.key(), known));
    }
  }
}

const Json& list_in(const Json& object, const char* key, const std::string& where) {
  const auto member = object.find(key);
  if (member == object.end()) damaged(where, fmt::format("no member '{}'", key), fmt::format("a list '{}'", key));
  if (!member->is_array()) damaged(where + ": " + key, kind_of(*member), "a list");
  return *member;
}

template <class Int>
std::vector<Int> integers(const Json& list, const std::string& where) {
  if (!list.is_array()) damaged(where, kind_of(list), "a list of integers");
  std::vector<Int> values;
  values.reserve(list.size());
  for (const Json& item : list) {
    bool fits = item.is_number_integer();
    if (fits)
      fits = item.is_number_unsigned() ? std::in_range<Int>(item.get<std::uint64_t>()) : std::in_range<Int>(item.get<std::int64_t>());
    if (!fits) {
      damaged(fmt::format("{}: item {}", where, values.size()), item.is_structured() ? kind_of(item) : item.dump().substr(0, 80),
              fmt::format("an integer of {} bits", 8 * sizeof(Int)));
    }
    values.push_back(item.get<Int>());
  }
  return values;
}

std::string text_of(const Json& json, const std::string& where) {
  if (!json.is_string()) damaged(where, kind_of(json), "a text");
  return json.get<std::string>();
}

FixedType type_from(const Json& text, const std::string& where) {
  try {
    return fixed_type_from_string(text_of(text, where));
  } catch (const ConfigError& error) {
    damaged(where, error.text().found + " in " + error.text().where, error.text().expected, error.text().hint);
  }
}

TensorType tensor_from(const Json& object, const char* key, const std::string& where) {
  const std::string place = where + ": " + key;
  const auto member = object.find(key);
  if (member == object.end()) damaged(where, fmt::format("no member '{}'", key), fmt::format("a tensor '{}'", key));
  check_members(*member, {"shape", "types"}, place);
  TensorType tensor;
  for (const Json& axis : list_in(*member, "shape", place)) {
    check_members(axis, {"name", "size"}, place + ": shape");
    tensor.shape.push_back({json_get<std::string>(axis, "name", place), json_get<int>(axis, "size", place)});
  }
  for (const Json& text : list_in(*member, "types", place)) tensor.types.push_back(type_from(text, place + ": types"));
  return tensor;
}

DenseOp dense_from(const Json& object, const std::string& where) {
  check_members(object, {"kind", "weight_fraction_bits", "bias_fraction_bits", "bias", "inputs", "outputs", "weights"}, where);
  DenseOp op;
  op.inputs = json_get<int>(object, "inputs", where);
  op.outputs = json_get<int>(object, "outputs", where);
  op.weight_fraction_bits = json_get<int>(object, "weight_fraction_bits", where);
  op.bias_fraction_bits = json_get<int>(object, "bias_fraction_bits", where);
  op.bias = integers<std::int64_t>(list_in(object, "bias", where), where + ": bias");
  const Json& rows = list_in(object, "weights", where);
  if (!std::cmp_equal(rows.size(), op.outputs))
    damaged(where + ": weights", fmt::format("{} rows", rows.size()), fmt::format("{}: one per output", op.outputs));
  for (std::size_t o = 0; o < rows.size(); ++o) {
    const std::string place = fmt::format("{}: weights: row {}", where, o);
    const std::vector<std::int32_t> row = integers<std::int32_t>(rows[o], place);
    if (!std::cmp_equal(row.size(), op.inputs))
      damaged(place, fmt::format("{} weights", row.size()), fmt::format("{}: one per input", op.inputs));
    op.weights.insert(op.weights.end(), row.begin(), row.end());
  }
  return op;
}

SoftmaxOp softmax_from(const Json& object, const std::string& where) {
  check_members(object, {"kind", "exponential", "inverse"}, where);
  SoftmaxOp op;
  const auto table = [&](const char* key, FixedType& index, int& fraction_bits, std::vector<std::int64_t>& entries) {
    const std::string place = where + ": " + key;
    const auto member = object.find(key);
    if (member == object.end()) damaged(where, fmt::format("no member '{}'", key), fmt::format("a table '{}'", key));
    check_members(*member, {"index", "fraction_bits", "table"}, place);
    index = type_from(json_get<std::string>(*member, "index", place), place + ": index");
    fraction_bits = json_get<int>(*member, "fraction_bits", place);
    entries = integers<std::int64_t>(list_in(*member, "table", place), place + ": table");
  };
  table("exponential", op.difference, op.exponential_fraction_bits, op.exponential);
  table("inverse", op.sum, op.inverse_fraction_bits, op.inverse);
  return op;
}

Op op_from(const Json& object, const std::string& where) {
  const auto kind = json_get<std::string>(object, "kind", where);
  if (kind == "dense") return dense_from(object, where);
  if (kind == "table") {
    check_members(object, {"kind", "function", "table"}, where);
    return TableOp{json_get<std::string>(object, "function", where),
                   integers<std::int64_t>(list_in(object, "table", where), where + ": table")};
  }
  if (kind == "softmax") return softmax_from(object, where);
  if (kind == "cast" || kind == "relu" || kind == "argmax") {
    check_members(object, {"kind"}, where);
    return kind == "cast" ? Op(CastOp{}) : kind == "relu" ? Op(ReluOp{}) : Op(ArgmaxOp{});
  }
  damaged(where + ": kind", fmt::format("'{}'", kind.substr(0, 80)), "dense, cast, relu, table, argmax or softmax",
          hint_for(kind, {"dense", "cast", "relu", "table", "argmax", "softmax"}));
}

Node node_from(const Json& object, const std::string& where) {
  check_members(object, {"name", "op", "inputs", "output"}, where);
  Node node;
  node.name = json_get<std::string>(object, "name", where);
  if (!object.contains("op")) damaged(where, "no member 'op'", "what the node does");
  node.op = op_from(object.at("op"), where + ": op");
  node.inputs = integers<int>(list_in(object, "inputs", where), where + ": inputs");
  node.output = tensor_from(object, "output", where);
  return node;
}

}  // namespace

Json to_json(const FixedNet& net) {
  Json nodes = Json::array();
  for (const Node& node : net.nodes) {
    Json op = std::visit([](const auto& each) { return to_json(each); }, node.op);
    nodes.push_back({{"name", node.name}, {"inputs", node.inputs}, {"output", to_json(node.output)}, {"op", std::move(op)}});
  }
  return with_header(
      kFixedNetFormat,
      {{"input", to_json(net.input)}, {"class_names", net.class_names}, {"preprocessing", net.preprocessing}, {"nodes", std::move(nodes)}});
}

FixedNet fixed_net_from_json(const Json& json, const std::string& where) {
  check_header(json, kFixedNetFormat, where);
  check_members(json, {"format", "version", "input", "class_names", "preprocessing", "nodes"}, where);
  FixedNet net;
  net.input = tensor_from(json, "input", where);
  for (const Json& name : list_in(json, "class_names", where)) net.class_names.push_back(text_of(name, where + ": class_names"));
  if (const auto preprocessing = json.find("preprocessing"); preprocessing != json.end()) net.preprocessing = *preprocessing;
  const Json& nodes = list_in(json, "nodes", where);
  for (std::size_t k = 0; k < nodes.size(); ++k) net.nodes.push_back(node_from(nodes[k], fmt::format("{}: node {}", where, k)));
  net.validate(where);
  return net;
}

void save(const FixedNet& net, const std::string& path) {
  net.validate(path);
  std::string text;
  try {
    write(to_json(net), 0, text, path);
  } catch (const nlohmann::json::exception& error) {  // a name that is not UTF-8
    throw DataError("a network cannot be written", {.where = path, .found = error.what(), .expected = "names in UTF-8", .hint = {}});
  }
  write_file_atomically(path, text + "\n");
}

FixedNet load_fixed_net(const std::string& path) { return fixed_net_from_json(parse_json(read_file(path), path), path); }

}  // namespace snac::fixed
