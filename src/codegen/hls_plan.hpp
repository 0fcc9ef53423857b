// What an HLS project consists of, before it becomes text: names, types, reuse factors. Private to the HLS printers.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hls_text.hpp"
#include "snac/codegen/hls.hpp"

namespace snac::codegen {

/// A value of the network: the input or what a node gives.
struct HlsValue {
  const fixed::TensorType* tensor = nullptr;
  std::string name;                     ///< "input", "layer3"
  Carrier carrier;                      ///< holds every element exactly
  std::vector<int> shifts;              ///< raw integer of element i << shifts[i] = raw integer of the carrier
  std::vector<fixed::FixedType> casts;  ///< distinct types of the elements
  std::vector<std::size_t> cast_of;     ///< per element: index into casts
  int readers = 0;                      ///< nodes that reach the output

  std::size_t size() const { return shifts.size(); }
  std::string type() const { return name + "_t"; }
  std::string vector_type() const { return name + "_vector_t"; }
  std::string cast_type(std::size_t cast) const {
    return casts.size() == 1 ? name + "_cast_t" : name + "_cast" + std::to_string(cast) + "_t";
  }
};

/// A dense layer's own types.
struct HlsDense {
  Carrier weight, bias, accumulator;
  int reuse_factor = 1;
};

/// A softmax's own types; the casts' types are the node's.
struct HlsSoftmax {
  Carrier gap;  ///< largest element - element
  Carrier exponential, total, inverse, product;
};

struct HlsNode {
  const fixed::Node* node = nullptr;
  int source = 0;  ///< value read
  int value = 0;   ///< value given
  std::optional<HlsDense> dense;
  std::optional<HlsSoftmax> softmax;

  bool has_constants() const { return dense || softmax || std::holds_alternative<fixed::TableOp>(node->op); }
};

struct HlsPlan {
  const fixed::FixedNet* net = nullptr;
  HlsParams params;
  std::vector<HlsValue> values;  ///< as the network counts them
  std::vector<HlsNode> nodes;    ///< those that reach the output, in order

  const HlsValue& output() const { return values.back(); }
  bool is_stream() const { return params.interface == HlsInterface::stream; }
  /// Layers run side by side as processes, each with its own copy of what it reads.
  bool is_dataflow() const { return is_stream() || params.strategy == HlsStrategy::resource; }
};

/// Checks the parameters and the network. The plan points into `net`.
HlsPlan plan_hls(const fixed::FixedNet& net, const HlsParams& params);

/// The four groups of printers.
Files hls_firmware(const HlsPlan& plan);
Files hls_testbench(const HlsPlan& plan, std::span<const std::int64_t> inputs, std::span<const std::int64_t> expected);
Files hls_scripts(const HlsPlan& plan);
Files hls_embedded_files();  ///< generated at build time from hls/

}  // namespace snac::codegen
