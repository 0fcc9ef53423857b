// Search space: axes with conditions, read from YAML; genome <-> candidate.
//
//   space:
//     family: mlp                            # the default, and the only family so far
//     layers: [4, 5, 6]                      # hidden layers; the axes of layer k exist only if layers >= k
//     width: [16, 32]                        # one list for all layers, or one per layer: {1: [64, 120], 2: 32, ...}
//     activation: [relu, tanh, sigmoid]      # any case; also leaky_relu, linear
//     batch_norm: {per_layer: [true, false]} # per_layer: one axis per layer (activation, batch_norm, dropout)
//     dropout: {values: [0, 0.1], when: {activation: [relu, tanh], layers: 4}}
//     learning_rate: {min: 1e-4, max: 1e-2, count: 5, scale: log}
//     l1: [0, 1e-5]
//     batch: 128                             # a single value is an axis with one choice
//
// Numbers may be written as a value, a list, {min, max, step} or {min, max, count, scale: linear | log}; integers may leave
// out the step of 1. They are sorted; ranges are rounded to 12 significant digits, so that they are the same everywhere.
// `layers` and `width` must be given. A key that is left out is no axis: activation relu, no batch normalisation, no dropout,
// and the study's own learning rate, l1 and batch. The same defaults hold while a `when` switches an axis off.
//
// `when` names axes that stand earlier in the fixed order of axes: layers, width_1.., activation or activation_1..,
// batch_norm.., dropout.., learning_rate, l1, batch. All its lines must hold, and an axis that is itself switched off has none
// of its choices. `layers` and `width` cannot be switched off. With per_layer, layers at which `when` can never hold have no axis.
#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "snac/space/arch_spec.hpp"

namespace snac::space {

/// Gene i lies in [0, cardinality of axis i).
using Genome = std::vector<std::int32_t>;

/// One choice on an axis: a number, a truth value or a word.
using Choice = std::variant<std::int64_t, double, bool, std::string>;
std::string to_string(const Choice& choice);

/// The axis exists only while axis `axis` exists and has one of the choices whose indices are listed (sorted, not empty).
struct Condition {
  int axis = 0;
  std::vector<std::int32_t> allowed;
  bool operator==(const Condition&) const = default;
};

/// What the choice on an axis sets.
enum class Parameter { layers, width, activation, batch_norm, dropout, learning_rate, l1, batch };

/// A parameter of the space, for instance "width_3" or "learning_rate".
struct SearchAxis {
  std::string name;
  std::vector<Choice> choices;
  bool ordered = false;               ///< numeric and sorted: neighbours are similar
  std::vector<Condition> conditions;  ///< all must hold; at most one per axis; refer to earlier axes
  Parameter parameter = Parameter::layers;
  int layer = 0;  ///< the hidden layer, from 1, that the axis belongs to; 0 = the whole network
};

/// Training hyper-parameters that may be genes. Unset: the study's own value holds.
struct TrainingGenes {
  std::optional<double> learning_rate;
  std::optional<double> l1;
  std::optional<std::int64_t> batch;
  bool operator==(const TrainingGenes&) const = default;
};

struct Candidate {
  ArchSpec arch;
  TrainingGenes training;
  bool operator==(const Candidate&) const = default;
};

/// Bounds of a space: generous for hardware, small enough to stay far from overflow.
inline constexpr int kMaxHiddenLayers = 100;
inline constexpr int kMaxWidth = 65536;
inline constexpr int kMaxChoices = 4096;

class SearchSpace {
 public:
  /// Reads the `space:` mapping. `where` is used in messages: "study.yaml: space" gives "study.yaml:12: space.width".
  /// @throws ConfigError for unknown keys (nearest known one named), empty axes, repeated choices, widths < 1,
  ///         probabilities outside [0,1), missing widths for a layer that may exist, a width for a layer that cannot exist,
  ///         a condition that names no earlier axis or no choice of it, or that can never hold.
  static SearchSpace from_yaml(const YAML::Node& node, int num_inputs, int num_outputs, const std::string& where);

  const std::vector<SearchAxis>& axes() const& noexcept { return axes_; }
  const std::vector<SearchAxis>& axes() const&& = delete;  // would outlive the space
  int num_inputs() const noexcept { return num_inputs_; }
  int num_outputs() const noexcept { return num_outputs_; }
  std::vector<std::int32_t> cardinality() const;
  /// Number of distinct candidates (inactive genes do not count), as a double: it may be huge.
  double size() const;

  // The functions below throw std::invalid_argument for a genome of another length or with a gene out of range.

  bool is_active(const Genome& genome, int axis) const;
  /// The genome with every switched-off gene set to 0: two genomes stand for the same candidate exactly if
  /// their identities are equal.
  Genome identity(const Genome& genome) const;
  Candidate candidate(const Genome& genome) const;
  /// Name -> choice of every active axis, for records and tables.
  Json describe(const Genome& genome) const;

  /// The genome whose described choices are `values`; inactive genes are 0. @throws DataError if it is not in this space.
  Genome genome_from(const Json& values, const std::string& where) const;
  /// The whole space as JSON: its hash identifies it in a store.
  Json to_json() const;

 private:
  /// One flag per axis. @throws std::invalid_argument
  std::vector<bool> activity(const Genome& genome) const;

  int num_inputs_ = 0, num_outputs_ = 0;
  std::vector<SearchAxis> axes_;
};

}  // namespace snac::space
