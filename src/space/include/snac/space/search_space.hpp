// Search space: axes with conditions, read from YAML; genome <-> candidate.
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

/// The axis exists only while axis `axis` has one of the choices whose indices are listed.
struct Condition {
  int axis = 0;
  std::vector<std::int32_t> allowed;
};

/// A parameter of the space, for instance "width_3" or "learning_rate".
struct SearchAxis {
  std::string name;
  std::vector<Choice> choices;
  bool ordered = false;               ///< numeric and sorted: neighbours are similar
  std::vector<Condition> conditions;  ///< all must hold; refer to earlier axes
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
};

class SearchSpace {
 public:
  /// Reads the `space:` mapping. `where` is used in messages ("study.yaml: space").
  /// @throws ConfigError for unknown keys (nearest known one named), empty axes, repeated choices, widths < 1,
  ///         probabilities outside [0,1), missing widths for a layer that may exist, an impossible condition.
  static SearchSpace from_yaml(const YAML::Node& node, int num_inputs, int num_outputs, const std::string& where);

  const std::vector<SearchAxis>& axes() const noexcept { return axes_; }
  std::vector<std::int32_t> cardinality() const;
  /// Number of distinct candidates (inactive genes do not count), as a double: it may be huge.
  double size() const;

  bool is_active(const Genome& genome, int axis) const;
  /// The genome with every switched-off gene set to 0: two genomes stand for the same candidate exactly if
  /// their identities are equal.
  Genome identity(const Genome& genome) const;
  /// @throws std::invalid_argument if a gene is out of range.
  Candidate candidate(const Genome& genome) const;
  /// Name -> choice of every active axis, for records and tables.
  Json describe(const Genome& genome) const;
  /// The genome whose described choices are `values`; inactive genes are 0. @throws DataError if it is not in this space.
  Genome genome_from(const Json& values, const std::string& where) const;
  /// The whole space as JSON: its hash identifies it in a store.
  Json to_json() const;

 private:
  int num_inputs_ = 0, num_outputs_ = 0;
  std::vector<SearchAxis> axes_;
};

}  // namespace snac::space
