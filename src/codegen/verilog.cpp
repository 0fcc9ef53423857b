#include "snac/codegen/verilog.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <utility>

#include "snac/core/error.hpp"
#include "snac/fixed/fixed_type.hpp"
#include "verilog_nodes.hpp"
#include "verilog_text.hpp"

namespace snac::codegen {
namespace {

using circuit::Circuit;
using circuit::Id;
using circuit::Kind;
using circuit::Node;
using circuit::Port;
using circuit::Schedule;

std::size_t at(Id id) { return static_cast<std::size_t>(id); }

/// A value as it is available in one stage.
struct Signal {
  Id node = circuit::kNone;
  std::int32_t stage = 0;
  auto operator<=>(const Signal&) const = default;
};

/// Part of a group that becomes one module. Unit 0 is the top module, which holds the inputs and their registers.
struct Unit {
  std::string module;
  std::string group;
  std::vector<Id> nodes;
  std::set<Signal> reads, exports;  ///< ports: from and to other units
};

class Printer {
 public:
  Printer(const Circuit& circuit, const Schedule& schedule, const VerilogParams& params)
      : circuit_(circuit), schedule_(schedule), params_(params), wires_(circuit::live_wires(circuit)), unit_of_(circuit.size(), 0) {
    check();
    divide();
    name_tables();
    connect();
  }

  Files files() const {
    Files files;
    files[params_.top + ".v"] = top_module();
    for (std::size_t u = 1; u < units_.size(); ++u) files[units_[u].module + ".v"] = group_module(units_[u]);
    for (std::size_t t = 0; t < table_modules_.size(); ++t) {
      files[table_modules_[t] + ".v"] = table_text(circuit_.tables()[t], table_modules_[t]);
    }
    return files;
  }

 private:
  void check() const {
    check_top(params_.top);
    if (params_.max_module_nodes < 1) throw std::invalid_argument("verilog: max_module_nodes must be 1 or more");
    if (circuit_.inputs().empty() || circuit_.outputs().empty()) throw std::invalid_argument("verilog: a circuit without ports");
    if (schedule_.stage.size() != circuit_.size() || schedule_.last_use.size() != circuit_.size() || schedule_.latency < 1) {
      throw std::invalid_argument("verilog: the schedule is not this circuit's");
    }
  }

  const Node& node(Id id) const { return circuit_.node(id); }
  /// The node whose wire and registers carry this value: a shift only renames.
  Id storage(Id id) const { return node(id).kind == Kind::shift ? node(id).args[0] : id; }
  bool is_literal(Id id) const { return node(id).range.low == node(id).range.high; }
  std::int32_t stage(Id id) const { return schedule_.stage[at(id)]; }
  std::int32_t last_use(Id id) const { return schedule_.last_use[at(id)]; }
  bool is_read(Id id) const { return wires_[at(id)].count > 0; }
  /// Nodes that print something.
  bool is_printed(Id id) const { return !is_literal(id) && node(id).kind != Kind::shift && is_read(id); }

  std::string unique(const std::string& wanted, std::set<std::string>& taken) const {
    std::string name = wanted;
    for (int k = 2; !taken.insert(name).second; ++k) name = fmt::format("{}_{}", wanted, k);
    return name;
  }

  /// Groups in the order of their first node; large ones in runs of neighbouring nodes, which share most signals.
  void divide() {
    modules_ = {params_.top, "testbench"};
    units_.push_back({.module = params_.top, .group = "", .nodes = {}, .reads = {}, .exports = {}});
    std::vector<std::vector<Id>> members(circuit_.group_names().size());
    for (std::size_t i = 0; i < circuit_.size(); ++i) {
      const Id id = static_cast<Id>(i);
      if (!is_printed(id)) continue;
      if (node(id).kind == Kind::input) {
        units_[0].nodes.push_back(id);
      } else {
        members[static_cast<std::size_t>(node(id).group)].push_back(id);
      }
    }
    const auto limit = static_cast<std::size_t>(params_.max_module_nodes);
    for (std::size_t g = 0; g < members.size(); ++g) {
      const std::size_t count = members[g].size(), parts = (count + limit - 1) / limit;
      const std::string base = params_.top + "_" + as_identifier_part(circuit_.group_names()[g]);
      for (std::size_t p = 0; p < parts; ++p) {
        Unit unit{
            .module = unique(parts == 1 ? base : fmt::format("{}_p{}", base, p + 1), modules_),
            .group = parts == 1 ? circuit_.group_names()[g] : fmt::format("{}, part {} of {}", circuit_.group_names()[g], p + 1, parts),
            .nodes = {},
            .reads = {},
            .exports = {}};
        const auto begin = members[g].begin();
        unit.nodes.assign(begin + static_cast<std::ptrdiff_t>(count * p / parts),
                          begin + static_cast<std::ptrdiff_t>(count * (p + 1) / parts));
        for (const Id id : unit.nodes) unit_of_[at(id)] = units_.size();
        units_.push_back(std::move(unit));
      }
    }
  }

  void name_tables() {
    for (std::size_t t = 0; t < circuit_.tables().size(); ++t) {
      table_modules_.push_back(unique(fmt::format("{}_table_{}", params_.top, t), modules_));
    }
  }

  /// Finds the signals that cross between units, and checks that every value is there when it is read.
  void connect() {
    const auto read = [&](Id value, std::int32_t when, std::size_t reader) {
      const Id source = storage(value);
      if (is_literal(source) || !is_read(source)) return;
      if (stage(source) > when || last_use(source) < when) {
        throw std::invalid_argument(
            fmt::format("verilog: node {} is read in stage {} but scheduled in {} .. {}", source, when, stage(source), last_use(source)));
      }
      const std::size_t owner = unit_of_[at(source)];
      if (owner == reader) return;
      units_[owner].exports.insert({source, when});
      units_[reader].reads.insert({source, when});
    };
    for (std::size_t i = 0; i < circuit_.size(); ++i) {
      const Id id = static_cast<Id>(i);
      if (!is_printed(id)) continue;
      for (int k = 0; k < node(id).num_args(); ++k) read(node(id).args[static_cast<std::size_t>(k)], stage(id), unit_of_[i]);
    }
    for (const Port& port : circuit_.outputs()) read(port.node, schedule_.latency, 0);
  }

  std::string name(Id id, std::int32_t when) const { return when == stage(id) ? fmt::format("n{}", id) : fmt::format("n{}_s{}", id, when); }
  std::string name(const Signal& signal) const { return name(signal.node, signal.stage); }
  std::string range_of(Id id) const { return vector_range(wires_[at(id)].count); }

  Operand operand(Id id, std::int32_t when) const {
    const Id source = storage(id);
    return {is_literal(source) ? std::string() : name(source, when), node(source).range, &use_, wires_[at(source)]};
  }

  std::string logic(Id id, bool is_port) const {
    const Node& n = node(id);
    NodeContext context{
        .wire = name(id, stage(id)), .live = wires_[at(id)], .declared = is_port, .operands = {}, .fraction_bits = {}, .table_module = {}};
    if (n.kind == Kind::add) context.split = circuit::split_of(circuit_, n);
    for (std::size_t k = 0; k < static_cast<std::size_t>(n.num_args()); ++k) {
      context.operands[k] = operand(n.args[k], stage(id));
      context.fraction_bits[k] = node(storage(n.args[k])).fraction_bits;
    }
    if (n.kind == Kind::lookup) context.table_module = table_modules_[static_cast<std::size_t>(n.index)];
    return node_text(n, context);
  }

  /// The unit's values and registers, stage by stage.
  std::string body(const Unit& unit) const {
    const bool is_top = &unit == &units_.front();
    const auto is_port = [&](const Signal& signal) { return !is_top && unit.exports.contains(signal); };
    std::vector<Id> order = unit.nodes;
    std::stable_sort(order.begin(), order.end(), [&](Id a, Id b) { return stage(a) < stage(b); });
    std::vector<Id> held;  // values that live on into the next stage
    std::string text;
    std::size_t next = 0;
    const std::int32_t first = order.empty() ? 0 : stage(order.front());
    for (std::int32_t s = first; next < order.size() || !held.empty(); ++s) {
      std::string lines, declarations, registers;
      for (; next < order.size() && stage(order[next]) == s; ++next) {
        const Id id = order[next];
        if (!is_top) lines += logic(id, is_port({id, s}));
        held.push_back(id);
      }
      std::erase_if(held, [&](Id id) { return last_use(id) <= s; });
      std::sort(held.begin(), held.end());
      for (const Id id : held) {
        if (!is_port({id, s + 1})) declarations += fmt::format("  reg {} {};\n", range_of(id), name(id, s + 1));
        registers += fmt::format("    {} <= {};\n", name(id, s + 1), name(id, s));
        use_.mark_all(name(id, s), wires_[at(id)].count);
      }
      if (!lines.empty() || !registers.empty()) text += fmt::format("\n  // stage {}\n", s) + lines;
      if (!registers.empty()) text += declarations + "  always @(posedge clk) begin\n" + registers + "  end\n";
    }
    return text;
  }

  static bool has_registers(const Unit& unit, const Schedule& schedule) {
    return std::any_of(unit.nodes.begin(), unit.nodes.end(), [&](Id id) { return schedule.last_use[at(id)] > schedule.stage[at(id)]; });
  }

  std::string group_module(const Unit& unit) const {
    std::vector<std::string> ports;
    if (has_registers(unit, schedule_)) ports.push_back("input wire clk");
    for (const Signal& signal : unit.reads) ports.push_back(fmt::format("input wire {} {}", range_of(signal.node), name(signal)));
    for (const Signal& signal : unit.exports) {
      const char* kind = signal.stage > stage(signal.node) ? "reg" : "wire";
      ports.push_back(fmt::format("output {} {} {}", kind, range_of(signal.node), name(signal)));
    }
    use_ = {};
    const std::string text = body(unit);
    std::vector<std::string> unused;
    for (const Signal& signal : unit.reads) use_.add_unused(name(signal), wires_[at(signal.node)].count, unused);
    for (const Id id : unit.nodes) {
      for (std::int32_t s = stage(id); s <= last_use(id); ++s) {
        if (!unit.exports.contains({id, s})) use_.add_unused(name(id, s), wires_[at(id)].count, unused);
      }
    }
    for (const auto& [wire, width] : use_.parts()) use_.add_unused(wire, width, unused);
    return fmt::format("// {}\nmodule {} (\n  {}\n);\n{}{}endmodule\n", as_comment(unit.group), unit.module, fmt::join(ports, ",\n  "),
                       text, BitUse::sink(unused));
  }

  std::string instance(std::size_t u) const {
    const Unit& unit = units_[u];
    for (const Signal& signal : unit.reads) use_.mark_all(name(signal), wires_[at(signal.node)].count);
    std::vector<std::string> pins;
    if (has_registers(unit, schedule_)) pins.push_back(".clk(clk)");
    for (const std::set<Signal>* side : {&unit.reads, &unit.exports}) {
      for (const Signal& signal : *side) pins.push_back(fmt::format(".{0}({0})", name(signal)));
    }
    std::string text = fmt::format("\n  {} u{} (", unit.module, u), line;
    constexpr std::size_t kLine = 120;
    for (std::size_t k = 0; k < pins.size(); ++k) {
      const std::string pin = pins[k] + (k + 1 < pins.size() ? "," : "");
      if (k == 0 || line.size() + pin.size() > kLine) {
        text += line + "\n";
        line = "    " + pin;
      } else {
        line += " " + pin;
      }
    }
    return text + line + ");\n";
  }

  static std::string port_table(const char* bus, std::span<const Port> ports) {
    std::vector<fixed::FixedType> types;
    for (const Port& port : ports) types.push_back(port.type);
    return bus_table(bus, types);
  }

  std::string top_module() const {
    const int latency = schedule_.latency;
    std::string text = fmt::format("// {}\n", params_.title.empty() ? params_.top : as_comment(params_.title));
    text += fmt::format("// Latency {} cycle{}, initiation interval {}. rst is synchronous and clears the valid bits only.\n", latency,
                        latency == 1 ? "" : "s", schedule_.initiation_interval);
    text += port_table("in_data", circuit_.inputs()) + port_table("out_data", circuit_.outputs());
    text += fmt::format(
        "module {} (\n  input wire clk,\n  input wire rst,\n  input wire in_valid,\n  input wire {} in_data,\n"
        "  output wire out_valid,\n  output wire {} out_data\n);\n",
        params_.top, bus_range(circuit_.inputs()), bus_range(circuit_.outputs()));
    const std::string chain = latency == 1 ? "in_valid" : fmt::format("{{valid[{}:0], in_valid}}", latency - 2);
    text += fmt::format("  reg {0} valid;\n  always @(posedge clk) valid <= rst ? {1} : {2};\n  assign out_valid = valid[{3}];\n\n",
                        vector_range(latency), literal(0, latency), chain, latency - 1);
    use_ = {};
    std::int64_t offset = 0;
    for (const Port& port : circuit_.inputs()) {
      if (is_read(port.node)) {
        const std::int64_t low = offset + wires_[at(port.node)].first, high = offset + wires_[at(port.node)].end() - 1;
        text += fmt::format("  wire {} n{} = in_data[{}:{}];\n", range_of(port.node), port.node, high, low);
        use_.mark("in_data", low, high);
      }
      offset += port.type.width;
    }
    text += body(units_.front()) + "\n";
    for (std::size_t u = 1; u < units_.size(); ++u) {
      for (const Signal& signal : units_[u].exports) text += fmt::format("  wire {} {};\n", range_of(signal.node), name(signal));
    }
    for (std::size_t u = 1; u < units_.size(); ++u) text += instance(u);
    std::vector<std::string> elements;
    for (const Port& port : circuit_.outputs()) {
      const Operand value = operand(port.node, schedule_.latency);
      const std::int64_t left = std::int64_t{port.type.fraction_bits()} - node(port.node).fraction_bits;
      elements.push_back(bits(value, -left, port.type.width));
    }
    std::reverse(elements.begin(), elements.end());
    text += fmt::format("\n  assign out_data = {{\n    {}\n  }};\n", fmt::join(elements, ",\n    "));
    std::vector<std::string> unused;
    use_.add_unused("in_data", bus_width(circuit_.inputs()), unused);
    return text + BitUse::sink(unused) + "endmodule\n";
  }

  static std::string bus_range(std::span<const Port> ports) { return fmt::format("[{}:0]", bus_width(ports) - 1); }

  const Circuit& circuit_;
  const Schedule& schedule_;
  const VerilogParams& params_;
  const std::vector<circuit::LiveWire> wires_;  ///< per node
  std::vector<Unit> units_;
  std::vector<std::size_t> unit_of_;  ///< per node
  std::set<std::string> modules_;
  std::vector<std::string> table_modules_;
  mutable BitUse use_;  ///< of the module that is being printed
};

}  // namespace

Files verilog(const Circuit& circuit, const Schedule& schedule, const VerilogParams& params) {
  return Printer(circuit, schedule, params).files();
}

std::int64_t bus_width(std::span<const Port> ports) {
  std::int64_t width = 0;
  for (const Port& port : ports) width += port.type.width;
  return width;
}

std::vector<std::string> source_names(const Files& files) {
  std::vector<std::string> names;
  for (const auto& [name, text] : files) {
    if (name.ends_with(".v")) names.push_back(name);
  }
  return names;
}

}  // namespace snac::codegen
