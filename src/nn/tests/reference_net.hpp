// The network in double precision, written from the formulas alone: the judge of forward passes and gradients.
#pragma once

#include <cmath>
#include <functional>
#include <utility>
#include <vector>

#include "nn_fixtures.hpp"

namespace snac::nn {

class ReferenceNet {
 public:
  ReferenceNet(const Mlp& mlp, const data::Dataset& data, std::vector<std::uint32_t> rows, const NetQuantizer* quantizer = nullptr)
      : mlp_(mlp), data_(data), rows_(std::move(rows)), quantizer_(quantizer) {}

  /// Factor of an output after dropout; unset = 1.
  std::function<double(std::size_t layer, std::size_t row, std::size_t output)> dropout;
  double l1 = 0, l2 = 0;
  bool training = true;  ///< batch norm over the batch, else by running statistics

  std::vector<double> parameters() const { return {mlp_.parameters.begin(), mlp_.parameters.end()}; }

  /// Mean cross-entropy plus L1 and L2. With a quantizer this is the function whose derivative the straight-through estimator
  /// gives: at the parameters of the first call each rounding is replaced by its tangent, y0 + slope (x - x0).
  double loss(const std::vector<double>& parameters) {
    const std::vector<std::vector<double>> logits = forward(parameters);
    double sum = 0;
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      double total = 0;
      for (const double logit : logits[r]) total += std::exp(logit);
      sum += std::log(total) - logits[r][data_.labels[rows_[r]]];
    }
    double penalty = 0;
    for (const LayerLayout& layer : mlp_.layers) {
      for (std::size_t i = 0; i < width(layer.inputs) * width(layer.outputs); ++i) {
        const double w = parameters[layer.weight + i];
        penalty += l1 * std::fabs(w) + l2 * w * w;
      }
    }
    return sum / static_cast<double>(rows_.size()) + penalty;
  }

  /// Central differences of loss().
  std::vector<double> gradient(std::vector<double> parameters) {
    loss(parameters);  // fixes the tangents
    std::vector<double> result;
    constexpr double kStep = 1e-6;
    for (double& parameter : parameters) {
      const double value = parameter;
      parameter = value + kStep;
      const double above = loss(parameters);
      parameter = value - kStep;
      const double below = loss(parameters);
      parameter = value;
      result.push_back((above - below) / (2 * kStep));
    }
    return result;
  }

  std::vector<std::vector<double>> forward(const std::vector<double>& p) {
    cursor_ = 0;
    std::vector<std::vector<double>> x;
    for (const std::uint32_t row : rows_) {
      const auto features = data_.row(row);
      x.emplace_back(features.begin(), features.end());
      if (quantizer_ == nullptr) continue;
      for (double& value : x.back()) value = quantize(quantizer_->input[0], value);
    }
    for (std::size_t l = 0; l < mlp_.layers.size(); ++l) {
      std::vector<std::vector<double>> y = dense(l, p, x);
      if (mlp_.layers[l].batch_norm) normalize(mlp_.layers[l], p, y);
      for (std::size_t r = 0; r < y.size(); ++r) {
        for (std::size_t o = 0; o < y[r].size(); ++o) {
          y[r][o] = activate(l, y[r][o]);
          if (dropout) y[r][o] *= dropout(l, r, o);
        }
      }
      x = std::move(y);
    }
    recorded_ = true;
    return x;
  }

  /// Mean and biased variance of each output before the batch norm of a layer, from the last forward pass.
  std::vector<std::pair<double, double>> batch_statistics;

 private:
  struct Tangent {
    double x = 0, y = 0, slope = 0;
  };
  static std::size_t width(int value) { return static_cast<std::size_t>(value); }

  double straight_through(double x, const std::function<Tangent(double)>& function) {
    if (!recorded_) {
      tangents_.push_back(function(x));
      return tangents_.back().y;
    }
    const Tangent& t = tangents_[cursor_++];
    return t.y + t.slope * (x - t.x);
  }
  double on_grid(const Grid& grid, double x, bool always_passes = false) {
    return straight_through(x, [&](double value) {
      const bool inside = value >= grid.lowest() && value <= grid.highest();
      return Tangent{value, quantize(grid, value), always_passes || inside ? 1.0 : 0.0};
    });
  }

  std::vector<std::vector<double>> dense(std::size_t l, const std::vector<double>& p, const std::vector<std::vector<double>>& x) {
    const LayerLayout& layer = mlp_.layers[l];
    const std::size_t inputs = width(layer.inputs), outputs = width(layer.outputs);
    std::vector<double> weights, biases;
    for (std::size_t i = 0; i < inputs * outputs; ++i) {
      const double weight = p[layer.weight + i];
      weights.push_back(quantizer_ != nullptr ? on_grid(quantizer_->layers[l].weight, weight) : weight);
    }
    for (std::size_t o = 0; o < outputs; ++o) {
      const double bias = p[layer.bias + o];
      const Grid grid{quantizer_ != nullptr ? quantizer_->layers[l].bias_fraction_bits : 0, -(1LL << 50), 1LL << 50};
      biases.push_back(quantizer_ != nullptr ? on_grid(grid, bias, true) : bias);
    }
    std::vector<std::vector<double>> y(x.size(), biases);
    for (std::size_t r = 0; r < x.size(); ++r) {
      for (std::size_t o = 0; o < outputs; ++o) {
        for (std::size_t i = 0; i < inputs; ++i) y[r][o] += weights[o * inputs + i] * x[r][i];
      }
    }
    return y;
  }

  void normalize(const LayerLayout& layer, const std::vector<double>& p, std::vector<std::vector<double>>& y) {
    batch_statistics.clear();
    for (std::size_t o = 0; o < width(layer.outputs); ++o) {
      double mean = 0, variance = 0;
      for (const auto& row : y) mean += row[o] / static_cast<double>(y.size());
      for (const auto& row : y) variance += (row[o] - mean) * (row[o] - mean) / static_cast<double>(y.size());
      batch_statistics.emplace_back(mean, variance);
      if (!training) {
        mean = static_cast<double>(mlp_.statistics[layer.running_mean + o]);
        variance = static_cast<double>(mlp_.statistics[layer.running_variance + o]);
      }
      for (auto& row : y) row[o] = p[layer.gamma + o] * (row[o] - mean) / std::sqrt(variance + kBatchNormEpsilon) + p[layer.beta + o];
    }
  }

  /// Written here again: the judge must not borrow from the judged.
  static double function(space::Activation activation, double negative_slope, double x) {
    switch (activation) {
      case space::Activation::linear:
        return x;
      case space::Activation::relu:
        return x > 0 ? x : 0;
      case space::Activation::tanh:
        return std::tanh(x);
      case space::Activation::sigmoid:
        return 1 / (1 + std::exp(-x));
      case space::Activation::leaky_relu:
        return x > 0 ? x : x * negative_slope;
    }
    return x;
  }

  double activate(std::size_t l, double x) {
    const space::Activation activation = mlp_.layers[l].activation;
    const double negative_slope = mlp_.layers[l].negative_slope;
    if (quantizer_ == nullptr) return function(activation, negative_slope, x);
    const LayerQuantizer& grids = quantizer_->layers[l];
    if (activation == space::Activation::linear) return on_grid(grids.output[0], x);
    if (activation == space::Activation::relu) {
      return straight_through(x, [&](double value) {
        return Tangent{value, quantize(grids.output[0], function(activation, negative_slope, value)),
                       value > 0 && value <= grids.output[0].highest() ? 1.0 : 0.0};
      });
    }
    const double pre = on_grid(*grids.pre_activation, x);
    return straight_through(pre, [&](double value) {
      const double f = function(activation, negative_slope, value);
      const double slope = activation == space::Activation::tanh      ? 1 - f * f
                           : activation == space::Activation::sigmoid ? f * (1 - f)
                                                                      : (value > 0 ? 1.0 : negative_slope);
      return Tangent{value, quantize(grids.output[0], f), f >= grids.output[0].lowest() && f <= grids.output[0].highest() ? slope : 0.0};
    });
  }

  const Mlp& mlp_;
  const data::Dataset& data_;
  std::vector<std::uint32_t> rows_;
  const NetQuantizer* quantizer_;
  std::vector<Tangent> tangents_;
  std::size_t cursor_ = 0;
  bool recorded_ = false;
};

}  // namespace snac::nn
