#include "snac/flow/hardware_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "snac/core/error.hpp"
#include "snac/data/preprocess.hpp"

namespace snac::flow {
namespace {

/// Nothing if the network does not say how its features were made, or says it of another number of features.
std::optional<data::Preprocessor> preprocessor_of(const fixed::FixedNet& net) {
  if (net.preprocessing.is_null()) return std::nullopt;
  try {
    auto preprocessor = data::Preprocessor::from_json(net.preprocessing, "preprocessing");
    if (static_cast<std::size_t>(preprocessor.num_features()) == net.input.size()) return preprocessor;
  } catch (const Error&) {
  }
  return std::nullopt;
}

/// Names come from users' files: nothing in them may end a cell or a line.
std::string cell(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '|' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return out;
}

/// From the scaled feature to its integer. Our own networks round half up and saturate; foreign ones may do otherwise.
std::string formula(const fixed::FixedNet& net, const char* scaled) {
  const bool ours = std::all_of(net.input.types.begin(), net.input.types.end(), [](const fixed::FixedType& type) {
    return type.rounding == fixed::Rounding::rnd && type.overflow == fixed::Overflow::sat;
  });
  const std::string product = fmt::format("{} * 2^F", scaled);
  return fmt::format("{}, where F = W - I are the fraction bits of fixed<W,I> (signed, two's complement) or ufixed<W,I> (unsigned).",
                     ours ? fmt::format("floor({} + 1/2), clipped to the range of its type", product)
                          : fmt::format("{}, rounded and limited as its type says", product));
}

/// "[12 +: 12]" for each element of a flat bus.
std::vector<std::string> places(const fixed::TensorType& bus) {
  std::vector<std::string> texts;
  int offset = 0;
  for (std::size_t k = 0; k < bus.size(); ++k) {
    texts.push_back(fmt::format("[{} +: {}]", offset, bus.type(k).width));
    offset += bus.type(k).width;
  }
  return texts;
}

std::string inputs_text(const fixed::FixedNet& net) {
  const auto preprocessor = preprocessor_of(net);
  const auto bits = places(net.input);
  std::string text = "## Inputs\n";
  if (preprocessor) {
    text += fmt::format(
        "A feature x becomes the integer {} Center and scale were fitted on the training rows. Apply them in front of the network, or fold "
        "them "
        "into a factor and an offset that are there already.\n\n"
        "| in_data | type | feature | center | scale |\n|---|---|---|---|---|\n",
        formula(net, "(x - center) / scale"));
  } else {
    text += fmt::format(
        "The model does not say how its features were made. A value x becomes the integer {}\n\n"
        "| in_data | type | feature |\n|---|---|---|\n",
        formula(net, "x"));
  }
  for (std::size_t k = 0; k < bits.size(); ++k) {
    text += fmt::format("| {} | {} |", bits[k], fixed::to_string(net.input.type(k)));
    if (preprocessor) {
      const std::size_t columns = preprocessor->columns().size(), column = k % columns;
      const std::string constituent = preprocessor->slots() > 0 ? fmt::format(" of constituent {}", k / columns) : "";
      text += fmt::format(" {}{} | {:.9g} | {:.9g} |\n", cell(preprocessor->columns()[column]), constituent, preprocessor->center()[column],
                          preprocessor->scale()[column]);
    } else {
      text += fmt::format(" {} |\n", k);
    }
  }
  if (preprocessor && preprocessor->slots() > 0 && preprocessor->params().order == data::ConstituentOrder::shuffled)
    text += "\nThe constituents of a jet stand in a random order.\n";
  return text;
}

std::string outputs_text(const fixed::FixedNet& net) {
  const auto bits = places(net.output());
  const auto class_of = [&](std::size_t k) { return k < net.class_names.size() ? cell(net.class_names[k]) : std::to_string(k); };
  if (net.gives_index()) {
    std::string text = fmt::format("## Output\nout_data {} is the index of the class:\n\n| index | class |\n|---|---|\n", bits.front());
    for (std::size_t k = 0; k < net.num_classes(); ++k) text += fmt::format("| {} | {} |\n", k, class_of(k));
    return text;
  }
  const bool probabilities = !net.nodes.empty() && std::holds_alternative<fixed::SoftmaxOp>(net.nodes.back().op);
  std::string text = fmt::format("## Outputs\n{} The class is that of the largest value, the first of equal ones.\n\n",
                                 probabilities ? "Probabilities: the integer times 2^-F." : "Logits: the integer times 2^-F.");
  text += "| out_data | type | class |\n|---|---|---|\n";
  for (std::size_t k = 0; k < bits.size(); ++k)
    text += fmt::format("| {} | {} | {} |\n", bits[k], fixed::to_string(net.output().type(k)), class_of(k));
  return text;
}

}  // namespace

std::string hardware_page(const fixed::FixedNet& net, const Design& design, const std::string& title, const std::string& top,
                          bool test_bench) {
  const int latency = design.latency(), interval = design.initiation_interval();
  std::string text = fmt::format("# {}\n{} inputs, {} classes; top module `{}`. Latency {} cycles, initiation interval {}.\n\n",
                                 cell(title), net.input.size(), net.num_classes(), top, latency, interval);
  text += fmt::format(
      "## Timing\nAll ports belong to `clk`. `rst` is synchronous and clears the valid bits. An input is taken in a cycle with "
      "`in_valid`{}; its "
      "result stands at `out_data` with `out_valid`, {} cycles later. Nothing holds a result back.\n\n",
      design.is_folded() ? fmt::format(" and `in_ready`, which comes at most every {} cycles", interval) : ", which may be every cycle",
      latency);
  text += inputs_text(net) + "\n" + outputs_text(net) + "\n";
  text += fmt::format(
      "## Files\n`{0}.v` and `{0}_*.v` are the design. `fixed_net.json` is the network as integers, with center and scale in full. "
      "Commands, in "
      "this folder:\n```\n",
      top);
  if (test_bench) text += "verilator --binary --timing -Wno-fatal --top-module testbench *.v && obj_dir/Vtestbench\n";
  text += fmt::format("vivado -mode batch -source {0}_vivado.tcl\nquartus_sh -t {0}_quartus.tcl\n```\n", top);
  return text;
}

}  // namespace snac::flow
