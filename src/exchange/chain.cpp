#include "chain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace snac::exchange {
namespace {

double at(const std::vector<double>& values, std::size_t element) { return values.size() == 1 ? values.front() : values[element]; }

void require_finite(const Chain& chain, const std::string& node, const std::vector<double>& values) {
  const auto bad = std::find_if(values.begin(), values.end(), [](double v) { return !std::isfinite(v); });
  if (bad != values.end()) fail_at(chain.file, node, fmt::format("a constant {}", *bad), "finite numbers");
}

void require_width(const Chain& chain, const std::string& node, std::size_t elements) {
  const std::size_t known = width(chain);
  if (elements > 1 && known > 0 && known != elements) {
    fail_at(chain.file, node, fmt::format("a constant for {} elements", elements), fmt::format("{} elements, as its input has", known));
  }
}

/// The affine step behind `scale`: scale * (W x + b) + shift.
void join(AffineStep& affine, const ScaleStep& scale) {
  for (std::size_t o = 0; o < affine.outputs; ++o) {
    const double factor = at(scale.scale, o);
    if (factor != 1) {
      for (std::size_t i = 0; i < affine.inputs; ++i) affine.weights[o * affine.inputs + i] *= factor;
    }
    affine.bias[o] = affine.bias[o] * factor + at(scale.shift, o);
  }
}

}  // namespace

void fail_at(const std::string& file, const std::string& node, const std::string& found, const std::string& expected,
             const std::string& hint) {
  throw DataError("a model cannot be imported",
                  {.where = node.empty() ? file : file + ": " + node, .found = found, .expected = expected, .hint = hint});
}

std::size_t width(const Chain& chain) {
  for (std::size_t k = chain.steps.size(); k-- > 0;) {
    const auto& op = chain.steps[k].op;
    if (const auto* affine = std::get_if<AffineStep>(&op)) return affine->outputs;
    if (std::holds_alternative<ArgmaxStep>(op)) return 1;
    std::size_t elements = 0;
    if (const auto* scale = std::get_if<ScaleStep>(&op)) elements = std::max(scale->scale.size(), scale->shift.size());
    if (const auto* quant = std::get_if<QuantStep>(&op)) elements = quant->types.size();
    if (elements > 1) return elements;
  }
  return chain.inputs;
}

void append(Chain& chain, Step step) {
  if (chain.steps.size() >= kMaxChainNodes) fail_at(chain.file, step.node, "too many nodes", fmt::format("at most {}", kMaxChainNodes));
  if (!chain.steps.empty() && std::holds_alternative<ArgmaxStep>(chain.steps.back().op)) {
    fail_at(chain.file, step.node, "a step behind the class index", "the index as the model's output");
  }
  if (const auto* affine = std::get_if<AffineStep>(&step.op)) {
    const std::size_t known = width(chain);
    if (known > 0 && known != affine->inputs) {
      fail_at(chain.file, step.node, fmt::format("weights for {} inputs", affine->inputs), fmt::format("{}, as its input has", known));
    }
    require_finite(chain, step.node, affine->weights);
    require_finite(chain, step.node, affine->bias);
  }
  if (const auto* scale = std::get_if<ScaleStep>(&step.op)) {
    for (const auto* values : {&scale->scale, &scale->shift}) {
      require_finite(chain, step.node, *values);
      require_width(chain, step.node, values->size());
    }
    if (!chain.steps.empty()) {
      if (auto* affine = std::get_if<AffineStep>(&chain.steps.back().op)) {
        join(*affine, *scale);
        require_finite(chain, step.node, affine->weights);
        require_finite(chain, step.node, affine->bias);
        return;
      }
      if (auto* before = std::get_if<ScaleStep>(&chain.steps.back().op)) {
        const std::size_t elements = std::max({before->scale.size(), before->shift.size(), scale->scale.size(), scale->shift.size()});
        ScaleStep both;
        for (std::size_t i = 0; i < elements; ++i) {
          both.scale.push_back(at(before->scale, i) * at(scale->scale, i));
          both.shift.push_back(at(before->shift, i) * at(scale->scale, i) + at(scale->shift, i));
        }
        require_finite(chain, step.node, both.scale);
        require_finite(chain, step.node, both.shift);
        *before = both;
        return;
      }
    }
  }
  if (const auto* quant = std::get_if<QuantStep>(&step.op)) require_width(chain, step.node, quant->types.size());
  if (const auto* threshold = std::get_if<ThresholdStep>(&step.op)) require_width(chain, step.node, threshold->rows);
  chain.steps.push_back(std::move(step));
}

bool is_quantised(const Chain& chain) {
  return std::any_of(chain.steps.begin(), chain.steps.end(), [](const Step& step) {
    return std::holds_alternative<QuantStep>(step.op) || std::holds_alternative<ThresholdStep>(step.op);
  });
}

}  // namespace snac::exchange
