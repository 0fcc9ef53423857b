#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "builders.hpp"

namespace snac::exchange {
namespace {

struct Layer {
  AffineStep affine;
  space::Activation activation = space::Activation::linear;
  double negative_slope = space::kLeakySlope;
};

double at(const std::vector<double>& values, std::size_t element) { return values.size() == 1 ? values.front() : values[element]; }

class MlpBuilder {
 public:
  MlpBuilder(const Chain& chain, std::vector<std::string>& notes) : chain_(chain), notes_(notes) {}

  nn::Mlp build() {
    for (const Step& step : chain_.steps) {
      if (ended_) fail(step, "a step behind softmax or argmax", "them as the model's last steps");
      std::visit([&](const auto& op) { add(step, op); }, step.op);
    }
    if (layers_.empty()) fail_at(chain_.file, "", "no dense layer", "an MLP");
    if (pending_) fail(*pending_step_, "a scaling behind the last activation", "an activation or a dense layer at the end");
    return mlp();
  }

 private:
  [[noreturn]] void fail(const Step& step, const std::string& found, const std::string& expected, const std::string& hint = {}) const {
    fail_at(chain_.file, step.node, found, expected, hint);
  }

  void add(const Step& step, AffineStep affine) {
    if (pending_) {
      for (std::size_t o = 0; o < affine.outputs; ++o) {
        for (std::size_t i = 0; i < affine.inputs; ++i) {
          double& weight = affine.weights[o * affine.inputs + i];
          affine.bias[o] += weight * at(pending_->shift, i);
          weight *= at(pending_->scale, i);
        }
      }
      notes_.push_back(fmt::format("{}: folded into the dense layer behind it", pending_step_->node));
      pending_.reset();
    }
    if (!layers_.empty() && layers_.back().activation == space::Activation::linear)
      notes_.push_back(fmt::format("{}: follows a linear layer", step.node));
    layers_.push_back({.affine = std::move(affine)});
  }

  void add(const Step& step, const ScaleStep& scale) {
    pending_ = scale;
    pending_step_ = &step;
  }

  void add(const Step& step, const ActivationStep& activation) {
    if (layers_.empty() || pending_ || layers_.back().activation != space::Activation::linear) {
      fail(step, space::to_string(activation.kind) + " that does not stand behind a dense layer",
           "dense layer, normalisation, activation in this order");
    }
    layers_.back().activation = activation.kind;
    if (activation.kind != space::Activation::leaky_relu) return;
    if (!(activation.slope >= 0 && activation.slope < 1))
      fail(step, fmt::format("LeakyReLU with slope {:g}", activation.slope), "a slope of at least 0 and below 1");
    if (activation.slope == 0) {
      layers_.back().activation = space::Activation::relu;
    } else {
      layers_.back().negative_slope = activation.slope;
    }
  }

  void add(const Step& step, const QuantStep& quant) {
    const bool clips = std::none_of(quant.types.begin(), quant.types.end(), [](const auto& type) { return type.is_signed; });
    if (clips && !quant.types.empty() && !layers_.empty() && !pending_ && layers_.back().activation == space::Activation::linear)
      layers_.back().activation = space::Activation::relu;
    notes_.push_back(fmt::format("{}: quantiser left out", step.node));
  }

  void add(const Step& step, const ThresholdStep&) { fail(step, "thresholds", "an activation that a float model has"); }

  void add(const Step& step, const SoftmaxStep&) {
    notes_.push_back(fmt::format("{}: taken off, the model gives its logits", step.node));
    ended_ = true;
  }
  void add(const Step& step, const ArgmaxStep&) { add(step, SoftmaxStep{}); }

  nn::Mlp mlp() const {
    space::ArchSpec spec;
    spec.input = {{"feature", static_cast<int>(std::min<std::size_t>(layers_.front().affine.inputs, 1U << 30))}};
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      space::DenseLayer dense;
      dense.units = static_cast<int>(std::min<std::size_t>(layers_[l].affine.outputs, 1U << 30));
      dense.activation = layers_[l].activation;
      dense.negative_slope = layers_[l].negative_slope;
      spec.nodes.push_back({dense, {static_cast<int>(l)}});
    }
    nn::Mlp mlp;
    try {
      mlp = nn::make_empty_mlp(spec);
    } catch (const ConfigError& error) {
      fail_at(chain_.file, error.text().where, error.text().found, error.text().expected);
    }
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      const AffineStep& affine = layers_[l].affine;
      const auto copy = [&](const std::vector<double>& from, std::span<float> to) {
        for (std::size_t i = 0; i < to.size(); ++i) {
          to[i] = static_cast<float>(from[i]);
          if (!std::isfinite(to[i]))
            fail_at(chain_.file, fmt::format("layer {}", l + 1), fmt::format("a weight {:g}", from[i]), "a 32-bit float");
        }
      };
      copy(affine.weights, mlp.weights(l));
      copy(affine.bias, mlp.biases(l));
    }
    return mlp;
  }

  const Chain& chain_;
  std::vector<std::string>& notes_;
  std::vector<Layer> layers_;
  std::optional<ScaleStep> pending_;  ///< waits for the dense layer behind it
  const Step* pending_step_ = nullptr;
  bool ended_ = false;
};

}  // namespace

nn::Mlp to_mlp(const Chain& chain, std::vector<std::string>& notes) { return MlpBuilder(chain, notes).build(); }

}  // namespace snac::exchange
