// Layers of fixed-point networks for Vitis HLS and Vivado HLS. Sums are exact: the accumulator type of each layer is wide
// enough for its weights and inputs, so that bits are only dropped in the one cast at the end of a layer.
#ifndef SNAC_KERNELS_H
#define SNAC_KERNELS_H

#include "ap_fixed.h"
#include "ap_int.h"

namespace snac {

/// sum[o] = bias[o] + w[o][i] * x[i] over all i. Everything at once: one multiplier per weight, none for a weight of zero.
template <class config, class x_t, class weight_t, class bias_t, class acc_t>
void dense_latency(const x_t x[config::n_in], const weight_t weights[config::n_out * config::n_in], const bias_t bias[config::n_out],
                   acc_t sum[config::n_out]) {
#pragma HLS PIPELINE II=1
#pragma HLS FUNCTION_INSTANTIATE variable=weights
#pragma HLS ARRAY_PARTITION variable=weights complete dim=0
#pragma HLS ARRAY_PARTITION variable=bias complete dim=0
  for (int o = 0; o < config::n_out; o++) {
#pragma HLS UNROLL
    acc_t total = bias[o];
    for (int i = 0; i < config::n_in; i++) {
#pragma HLS UNROLL
      total += acc_t(x[i] * weights[o * config::n_in + i]);
    }
    sum[o] = total;
  }
}

/// The same sums in reuse_factor cycles with n_out * n_in / reuse_factor multipliers. Each cycle takes n_in / inputs_per_group
/// inputs of n_out / outputs_per_group outputs; the weights of a cycle are one word of a memory.
template <class config, class x_t, class weight_t, class bias_t, class acc_t>
void dense_resource(const x_t x[config::n_in], const weight_t weights[config::n_out * config::n_in], const bias_t bias[config::n_out],
                    acc_t sum[config::n_out]) {
  // The loop runs over the inputs of a group and, if that is not enough, over the outputs of a group.
  const int inputs_per_group = config::reuse_factor < config::n_in ? config::reuse_factor : config::n_in;
  const int outputs_per_group = config::reuse_factor / inputs_per_group;
  const int input_groups = config::n_in / inputs_per_group;
  const int output_groups = config::n_out / outputs_per_group;
  const int multipliers = input_groups * output_groups;
  (void)multipliers;  // only a pragma reads it
#pragma HLS FUNCTION_INSTANTIATE variable=weights
#pragma HLS ARRAY_RESHAPE variable=weights block factor=multipliers
#pragma HLS ARRAY_PARTITION variable=bias complete dim=0
  acc_t total[config::n_out];
#pragma HLS ARRAY_PARTITION variable=total complete dim=0
  for (int o = 0; o < config::n_out; o++) {
#pragma HLS UNROLL
    total[o] = bias[o];
  }
  int input = 0, output = 0;
  for (int cycle = 0; cycle < config::reuse_factor; cycle++) {
#pragma HLS PIPELINE II=1 rewind
    for (int p = 0; p < output_groups; p++) {
#pragma HLS UNROLL
      const int o = output + p * outputs_per_group;
      acc_t part = total[o];
      for (int g = 0; g < input_groups; g++) {
#pragma HLS UNROLL
        const int i = input + g * inputs_per_group;
        part += acc_t(x[i] * weights[o * config::n_in + i]);
      }
      total[o] = part;
    }
    if (++input == inputs_per_group) {
      input = 0;
      ++output;
    }
  }
  for (int o = 0; o < config::n_out; o++) {
#pragma HLS UNROLL
    sum[o] = total[o];
  }
}

/// max(x, 0), exact.
template <class T>
T positive(const T& x) {
#pragma HLS INLINE
  return x > T(0) ? x : T(0);
}

/// For x closer to zero than half a step of a grid with `fraction` bits: another such number of the same sign, which rounds alike.
/// The vendor's headers cannot round a number whose bits all lie below the first one that is dropped.
template <int fraction, class T>
ap_fixed<3, 1 - fraction> tiny(const T& x) {
#pragma HLS INLINE
  ap_fixed<3, 1 - fraction> quarter;
  quarter.range() = ap_uint<3>(x == T(0) ? 0 : x > T(0) ? 1 : 7);
  return quarter;
}

/// y = (cast_t)x: rounding and overflow of cast_t, then stored without change.
template <int n, class cast_t, class x_t, class y_t>
void cast(const x_t x[n], y_t y[n]) {
#pragma HLS INLINE
  for (int i = 0; i < n; i++) {
#pragma HLS UNROLL
    y[i] = cast_t(x[i]);
  }
}

/// y = (cast_t)max(x, 0).
template <int n, class cast_t, class x_t, class y_t>
void relu(const x_t x[n], y_t y[n]) {
#pragma HLS INLINE
  for (int i = 0; i < n; i++) {
#pragma HLS UNROLL
    y[i] = cast_t(positive(x[i]));
  }
}

/// y = values[position of x among all values of its type, lowest first].
template <int n, int width, bool is_signed, class x_t, class y_t>
void table(const x_t x[n], const y_t values[1 << width], y_t y[n]) {
#pragma HLS INLINE
  const ap_uint<width> flip = is_signed ? 1 << (width - 1) : 0;  // the sign bit: negative values come first
  for (int i = 0; i < n; i++) {
#pragma HLS UNROLL
    const ap_uint<width> bits = x[i].range();
    const ap_uint<width> position = bits ^ flip;
    y[i] = values[position.to_int()];
  }
}

/// y = position of the first largest element.
template <int n, class x_t, class y_t>
void argmax(const x_t x[n], y_t y[1]) {
#pragma HLS INLINE
  x_t largest = x[0];
  int position = 0;
  for (int i = 1; i < n; i++) {
#pragma HLS UNROLL
    if (x[i] > largest) {
      largest = x[i];
      position = i;
    }
  }
  y[0] = position;
}

/// product[i] = e_i * r; e_i = exponential[(difference_t)(max x - x_i)], r = inverse[(sum_t)(sum of all e_i)]. Only the two casts drop
/// bits, and they saturate.
template <int n, class config, class x_t, class e_t, class r_t, class product_t>
void softmax(const x_t x[n], const e_t exponential[config::exponential_size], const r_t inverse[config::inverse_size],
             product_t product[n]) {
#pragma HLS INLINE
  x_t largest = x[0];
  for (int i = 1; i < n; i++) {
#pragma HLS UNROLL
    if (x[i] > largest) largest = x[i];
  }
  e_t e[n];
#pragma HLS ARRAY_PARTITION variable=e complete dim=0
  typename config::total_t total = 0;
  for (int i = 0; i < n; i++) {
#pragma HLS UNROLL
    const typename config::gap_t gap = largest - x[i];
    const typename config::difference_t difference = gap;
    const ap_uint<config::difference_width> position = difference.range();
    e[i] = exponential[position.to_int()];
    total += e[i];
  }
  const typename config::sum_t sum = total;
  const ap_uint<config::sum_width> position = sum.range();
  const r_t scale = inverse[position.to_int()];
  for (int i = 0; i < n; i++) {
#pragma HLS UNROLL
    product[i] = e[i] * scale;
  }
}

/// y = x.
template <int n, class T>
void copy(const T x[n], T y[n]) {
#pragma HLS INLINE
  for (int i = 0; i < n; i++) {
#pragma HLS UNROLL
    y[i] = x[i];
  }
}

/// a = b = x: each reader of a value has its own where layers run side by side.
template <int n, class T>
void duplicate(const T x[n], T a[n], T b[n]) {
#pragma HLS PIPELINE II=1
  copy<n>(x, a);
  copy<n>(x, b);
}

}  // namespace snac

#endif
