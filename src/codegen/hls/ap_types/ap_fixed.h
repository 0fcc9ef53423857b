// ap_fixed<W, I, Q, O> and ap_ufixed<W, I, Q, O>: value = raw * 2^-(W - I), rounding first, then overflow.
// Subset of UG1399, see snac_ap_base.h. The number of saturated bits N is 0. Results of arithmetic are exact.
#ifndef SNAC_AP_FIXED_H
#define SNAC_AP_FIXED_H

#include "ap_int.h"

template <int W, int I, bool S, ap_q_mode Q, ap_o_mode O, int N>
struct ap_fixed_base;

namespace snac_ap {

/// x.range(): all bits of x as an unsigned integer; assigning it sets them.
template <int W, int I, bool S, ap_q_mode Q, ap_o_mode O, int N>
class Range {
 public:
  explicit Range(ap_fixed_base<W, I, S, Q, O, N>& number) : number_(number) {}
  SNAC_AP_INLINE operator ap_uint<W>() const { return ap_int_base<W, S>(number_.raw()); }
  template <int W2, bool S2>
  SNAC_AP_INLINE Range& operator=(const ap_int_base<W2, S2>& bits) {
    number_.set_raw(ap_int_base<W, S>(bits).raw());
    return *this;
  }

 private:
  ap_fixed_base<W, I, S, Q, O, N>& number_;
};

}  // namespace snac_ap

template <int W, int I, bool S, ap_q_mode Q, ap_o_mode O, int N>
struct ap_fixed_base {
  static_assert(N == 0, "wrapping with saturated bits is not part of these headers");
  typedef typename snac_ap::Raw<W>::type raw_type;
  static const int width = W;
  static const int iwidth = I;
  static const ap_q_mode qmode = Q;
  static const ap_o_mode omode = O;

  ap_fixed_base() : raw_(0) {}
  template <int W2, int I2, bool S2, ap_q_mode Q2, ap_o_mode O2, int N2>
  SNAC_AP_INLINE ap_fixed_base(const ap_fixed_base<W2, I2, S2, Q2, O2, N2>& other)
      : raw_(snac_ap::cast<W2, W2 - I2, W, W - I, S, Q, O>(other.raw())) {}
  template <int W2, bool S2>
  SNAC_AP_INLINE ap_fixed_base(const ap_int_base<W2, S2>& other) : raw_(snac_ap::cast<W2, 0, W, W - I, S, Q, O>(other.raw())) {}
  template <class T, typename std::enable_if<std::is_integral<T>::value, int>::type = 0>
  SNAC_AP_INLINE ap_fixed_base(T value) : raw_(snac_ap::cast<65, 0, W, W - I, S, Q, O>(static_cast<snac_ap::int128>(value))) {}
  ap_fixed_base(double value) : raw_(snac_ap::cast_double<W, W - I, S, Q, O>(value)) {}
  ap_fixed_base(float value) : raw_(snac_ap::cast_double<W, W - I, S, Q, O>(static_cast<double>(value))) {}

  SNAC_AP_INLINE raw_type raw() const { return raw_; }
  SNAC_AP_INLINE void set_raw(raw_type raw) { raw_ = raw; }
  /// All bits; other selections are not part of these headers.
  SNAC_AP_INLINE snac_ap::Range<W, I, S, Q, O, N> range() { return snac_ap::Range<W, I, S, Q, O, N>(*this); }
  SNAC_AP_INLINE ap_uint<W> range() const { return ap_int_base<W, S>(raw_); }
  double to_double() const { return std::ldexp(static_cast<double>(raw_), I - W); }

  template <int W2, int I2, bool S2, ap_q_mode Q2, ap_o_mode O2, int N2>
  SNAC_AP_INLINE ap_fixed_base& operator+=(const ap_fixed_base<W2, I2, S2, Q2, O2, N2>& other) {
    return *this = ap_fixed_base(*this + other);
  }
  template <int W2, int I2, bool S2, ap_q_mode Q2, ap_o_mode O2, int N2>
  SNAC_AP_INLINE ap_fixed_base& operator-=(const ap_fixed_base<W2, I2, S2, Q2, O2, N2>& other) {
    return *this = ap_fixed_base(*this - other);
  }
  template <int W2, int I2, bool S2, ap_q_mode Q2, ap_o_mode O2, int N2>
  SNAC_AP_INLINE ap_fixed_base& operator*=(const ap_fixed_base<W2, I2, S2, Q2, O2, N2>& other) {
    return *this = ap_fixed_base(*this * other);
  }

 private:
  raw_type raw_;
};

template <int W, int I, ap_q_mode Q = AP_TRN, ap_o_mode O = AP_WRAP, int N = 0>
struct ap_fixed : ap_fixed_base<W, I, true, Q, O, N> {
  using ap_fixed_base<W, I, true, Q, O, N>::ap_fixed_base;
  ap_fixed() {}
  template <int W2, int I2, bool S2, ap_q_mode Q2, ap_o_mode O2, int N2>
  SNAC_AP_INLINE ap_fixed(const ap_fixed_base<W2, I2, S2, Q2, O2, N2>& other) : ap_fixed_base<W, I, true, Q, O, N>(other) {}
};

template <int W, int I, ap_q_mode Q = AP_TRN, ap_o_mode O = AP_WRAP, int N = 0>
struct ap_ufixed : ap_fixed_base<W, I, false, Q, O, N> {
  using ap_fixed_base<W, I, false, Q, O, N>::ap_fixed_base;
  ap_ufixed() {}
  template <int W2, int I2, bool S2, ap_q_mode Q2, ap_o_mode O2, int N2>
  SNAC_AP_INLINE ap_ufixed(const ap_fixed_base<W2, I2, S2, Q2, O2, N2>& other) : ap_fixed_base<W, I, false, Q, O, N>(other) {}
};

namespace snac_ap {

/// The grid and sign on which two numbers are added or compared without loss.
template <int W1, int I1, bool S1, int W2, int I2, bool S2>
struct Common {
  static constexpr int kFraction = larger(W1 - I1, W2 - I2);
  static constexpr int kInteger = larger(I1 + (S2 && !S1 ? 1 : 0), I2 + (S1 && !S2 ? 1 : 0)) + 1;  // one for the carry
  static constexpr int kWidth = kInteger + kFraction;
  typedef typename Raw<kWidth>::type Raw_;
  static SNAC_AP_INLINE Raw_ first(typename Raw<W1>::type raw) { return static_cast<Raw_>(raw) * power(kFraction - (W1 - I1)); }
  static SNAC_AP_INLINE Raw_ second(typename Raw<W2>::type raw) { return static_cast<Raw_>(raw) * power(kFraction - (W2 - I2)); }

 private:
  static SNAC_AP_INLINE Raw_ power(int exponent) { return static_cast<Raw_>(static_cast<uint128>(1) << exponent); }
};

}  // namespace snac_ap

#define SNAC_AP_TWO_NUMBERS \
  template <int W1, int I1, bool S1, ap_q_mode Q1, ap_o_mode O1, int N1, int W2, int I2, bool S2, ap_q_mode Q2, ap_o_mode O2, int N2>
#define SNAC_AP_OPERANDS const ap_fixed_base<W1, I1, S1, Q1, O1, N1>&a, const ap_fixed_base<W2, I2, S2, Q2, O2, N2>&b
#define SNAC_AP_COMMON snac_ap::Common<W1, I1, S1, W2, I2, S2>

SNAC_AP_TWO_NUMBERS
SNAC_AP_INLINE ap_fixed_base<SNAC_AP_COMMON::kWidth, SNAC_AP_COMMON::kInteger, S1 || S2, AP_TRN, AP_WRAP, 0> operator+(SNAC_AP_OPERANDS) {
  ap_fixed_base<SNAC_AP_COMMON::kWidth, SNAC_AP_COMMON::kInteger, S1 || S2, AP_TRN, AP_WRAP, 0> sum;
  sum.set_raw(SNAC_AP_COMMON::first(a.raw()) + SNAC_AP_COMMON::second(b.raw()));
  return sum;
}
SNAC_AP_TWO_NUMBERS
SNAC_AP_INLINE ap_fixed_base<SNAC_AP_COMMON::kWidth, SNAC_AP_COMMON::kInteger, true, AP_TRN, AP_WRAP, 0> operator-(SNAC_AP_OPERANDS) {
  ap_fixed_base<SNAC_AP_COMMON::kWidth, SNAC_AP_COMMON::kInteger, true, AP_TRN, AP_WRAP, 0> difference;
  difference.set_raw(SNAC_AP_COMMON::first(a.raw()) - SNAC_AP_COMMON::second(b.raw()));
  return difference;
}
SNAC_AP_TWO_NUMBERS
SNAC_AP_INLINE ap_fixed_base<W1 + W2, I1 + I2, S1 || S2, AP_TRN, AP_WRAP, 0> operator*(SNAC_AP_OPERANDS) {
  typedef typename snac_ap::Raw<W1 + W2>::type Product;
  ap_fixed_base<W1 + W2, I1 + I2, S1 || S2, AP_TRN, AP_WRAP, 0> product;
  product.set_raw(static_cast<Product>(static_cast<Product>(a.raw()) * static_cast<Product>(b.raw())));
  return product;
}
template <int W, int I, bool S, ap_q_mode Q, ap_o_mode O, int N>
SNAC_AP_INLINE ap_fixed_base<W + 1, I + 1, true, AP_TRN, AP_WRAP, 0> operator-(const ap_fixed_base<W, I, S, Q, O, N>& a) {
  typedef typename snac_ap::Raw<W + 1>::type Negative;
  ap_fixed_base<W + 1, I + 1, true, AP_TRN, AP_WRAP, 0> negative;
  negative.set_raw(-static_cast<Negative>(a.raw()));
  return negative;
}

SNAC_AP_TWO_NUMBERS
SNAC_AP_INLINE bool operator==(SNAC_AP_OPERANDS) { return SNAC_AP_COMMON::first(a.raw()) == SNAC_AP_COMMON::second(b.raw()); }
SNAC_AP_TWO_NUMBERS
SNAC_AP_INLINE bool operator!=(SNAC_AP_OPERANDS) { return SNAC_AP_COMMON::first(a.raw()) != SNAC_AP_COMMON::second(b.raw()); }
SNAC_AP_TWO_NUMBERS
SNAC_AP_INLINE bool operator<(SNAC_AP_OPERANDS) { return SNAC_AP_COMMON::first(a.raw()) < SNAC_AP_COMMON::second(b.raw()); }
SNAC_AP_TWO_NUMBERS
SNAC_AP_INLINE bool operator>(SNAC_AP_OPERANDS) { return SNAC_AP_COMMON::first(a.raw()) > SNAC_AP_COMMON::second(b.raw()); }
SNAC_AP_TWO_NUMBERS
SNAC_AP_INLINE bool operator<=(SNAC_AP_OPERANDS) { return SNAC_AP_COMMON::first(a.raw()) <= SNAC_AP_COMMON::second(b.raw()); }
SNAC_AP_TWO_NUMBERS
SNAC_AP_INLINE bool operator>=(SNAC_AP_OPERANDS) { return SNAC_AP_COMMON::first(a.raw()) >= SNAC_AP_COMMON::second(b.raw()); }

#undef SNAC_AP_TWO_NUMBERS
#undef SNAC_AP_OPERANDS
#undef SNAC_AP_COMMON

#endif
