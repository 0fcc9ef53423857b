// Fuzz target of the FixedNet file reader, in libFuzzer's form. Any bytes are either refused with a DataError or give a network that
// writes and reads back as itself and runs. Link with libFuzzer (clang, -fsanitize=fuzzer) or with driver.cpp (any compiler).
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "snac/core/error.hpp"
#include "snac/fixed/fixed_net.hpp"
#include "snac/fixed/interpreter.hpp"
#include "snac/fixed/output_stage.hpp"

namespace {

using namespace snac;
using namespace snac::fixed;

/// Rows of lowest, highest and zero raw values.
std::vector<std::int64_t> corner_rows(const FixedNet& net) {
  std::vector<std::int64_t> rows;
  for (int row = 0; row < 3; ++row) {
    for (std::size_t i = 0; i < net.input.size(); ++i) {
      const FixedType& type = net.input.type(i);
      rows.push_back(row == 0 ? type.min_raw() : row == 1 ? type.max_raw() : 0);
    }
  }
  return rows;
}

void require(bool condition) {
  if (!condition) std::abort();
}

void use(const FixedNet& net) {
  require(fixed_net_from_json(to_json(net), "copy") == net);
  std::size_t elements = net.input.size();
  for (const Node& node : net.nodes) elements += node.output.size();
  if (elements > 4096) return;  // valid, but slow to run
  const std::vector<std::int64_t> rows = corner_rows(net), outputs = run(net, rows);
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    const FixedType& type = net.output().type(k % net.output().size());
    require(outputs[k] >= type.min_raw() && outputs[k] <= type.max_raw());
  }
  const std::size_t classes = net.num_classes();
  for (const int c : classify(net, outputs)) require(c >= 0 && static_cast<std::size_t>(c) < classes);
  try {
    with_output(net, OutputKind::softmax, 4);
  } catch (const DataError&) {  // logits too far apart to compare
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    use(fixed_net_from_json(parse_json(std::string(reinterpret_cast<const char*>(data), size), "fuzz"), "fuzz"));
  } catch (const DataError&) {
  }
  return 0;
}
