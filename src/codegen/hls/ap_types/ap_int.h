// ap_int<W> and ap_uint<W>: integers that wrap. Subset of UG1399, see snac_ap_base.h.
#ifndef SNAC_AP_INT_H
#define SNAC_AP_INT_H

#include "snac_ap_base.h"

template <int W, bool S>
struct ap_int_base {
  typedef typename snac_ap::Raw<W>::type raw_type;
  static const int width = W;

  ap_int_base() : raw_(0) {}
  template <class T, typename std::enable_if<std::is_integral<T>::value || std::is_same<T, snac_ap::int128>::value, int>::type = 0>
  SNAC_AP_INLINE ap_int_base(T value) : raw_(wrapped(static_cast<snac_ap::int128>(value))) {}
  template <int W2, bool S2>
  SNAC_AP_INLINE ap_int_base(const ap_int_base<W2, S2>& other) : raw_(wrapped(other.raw())) {}

  SNAC_AP_INLINE raw_type raw() const { return raw_; }
  SNAC_AP_INLINE std::int64_t to_int64() const { return static_cast<std::int64_t>(raw_); }
  SNAC_AP_INLINE std::uint64_t to_uint64() const { return static_cast<std::uint64_t>(raw_); }
  SNAC_AP_INLINE int to_int() const { return static_cast<int>(raw_); }
  double to_double() const { return static_cast<double>(raw_); }

 private:
  static SNAC_AP_INLINE raw_type wrapped(snac_ap::int128 value) {
    return static_cast<raw_type>(snac_ap::Cast<snac_ap::int128, W, S, AP_TRN, AP_WRAP>::wrap(value));
  }
  raw_type raw_;
};

template <int W>
struct ap_int : ap_int_base<W, true> {
  using ap_int_base<W, true>::ap_int_base;
  ap_int() {}
  template <int W2, bool S2>
  SNAC_AP_INLINE ap_int(const ap_int_base<W2, S2>& other) : ap_int_base<W, true>(other) {}
};

template <int W>
struct ap_uint : ap_int_base<W, false> {
  using ap_int_base<W, false>::ap_int_base;
  ap_uint() {}
  template <int W2, bool S2>
  SNAC_AP_INLINE ap_uint(const ap_int_base<W2, S2>& other) : ap_int_base<W, false>(other) {}
};

namespace snac_ap {
/// Bits of a sum or difference, and of one operand when both are read with the sign of the result.
template <int W1, bool S1, int W2, bool S2>
struct IntSum {
  static constexpr int kWidth = larger(W1 + (S2 && !S1 ? 1 : 0), W2 + (S1 && !S2 ? 1 : 0)) + 1;
  typedef typename Raw<kWidth>::type type;
};
}  // namespace snac_ap

template <int W1, bool S1, int W2, bool S2>
SNAC_AP_INLINE ap_int_base<snac_ap::IntSum<W1, S1, W2, S2>::kWidth, S1 || S2> operator+(const ap_int_base<W1, S1>& a,
                                                                                        const ap_int_base<W2, S2>& b) {
  typedef typename snac_ap::IntSum<W1, S1, W2, S2>::type Sum;
  return static_cast<Sum>(static_cast<Sum>(a.raw()) + static_cast<Sum>(b.raw()));
}
template <int W1, bool S1, int W2, bool S2>
SNAC_AP_INLINE ap_int_base<snac_ap::IntSum<W1, S1, W2, S2>::kWidth, true> operator-(const ap_int_base<W1, S1>& a,
                                                                                    const ap_int_base<W2, S2>& b) {
  typedef typename snac_ap::IntSum<W1, S1, W2, S2>::type Sum;
  return static_cast<Sum>(static_cast<Sum>(a.raw()) - static_cast<Sum>(b.raw()));
}
template <int W1, bool S1, int W2, bool S2>
SNAC_AP_INLINE ap_int_base<W1 + W2, S1 || S2> operator*(const ap_int_base<W1, S1>& a, const ap_int_base<W2, S2>& b) {
  typedef typename snac_ap::Raw<W1 + W2>::type Product;
  return static_cast<Product>(static_cast<Product>(a.raw()) * static_cast<Product>(b.raw()));
}
template <int W1, bool S1, int W2, bool S2>
SNAC_AP_INLINE ap_int_base<snac_ap::larger(W1, W2), S1 && S2> operator^(const ap_int_base<W1, S1>& a, const ap_int_base<W2, S2>& b) {
  typedef typename snac_ap::Raw<snac_ap::larger(W1, W2)>::type Bits;
  return static_cast<Bits>(static_cast<Bits>(a.raw()) ^ static_cast<Bits>(b.raw()));
}
template <int W1, bool S1, int W2, bool S2>
SNAC_AP_INLINE bool operator==(const ap_int_base<W1, S1>& a, const ap_int_base<W2, S2>& b) {
  return a.raw() == b.raw();
}
template <int W1, bool S1, int W2, bool S2>
SNAC_AP_INLINE bool operator!=(const ap_int_base<W1, S1>& a, const ap_int_base<W2, S2>& b) {
  return !(a == b);
}
template <int W1, bool S1, int W2, bool S2>
SNAC_AP_INLINE bool operator<(const ap_int_base<W1, S1>& a, const ap_int_base<W2, S2>& b) {
  return a.raw() < b.raw();
}

#endif
