// Fixed-point numbers of 1 to 127 bits with the semantics of AMD UG1399, "Arbitrary precision fixed-point types".
// Written for SNAC-Pack: the subset that its HLS projects use, so that C simulation runs on a machine without vendor tools.
// The vendor's ap_fixed.h, ap_int.h and hls_stream.h take this one's place when their folder comes first on the include path.
#ifndef SNAC_AP_BASE_H
#define SNAC_AP_BASE_H

#include <cmath>
#include <cstdint>
#include <type_traits>

#define SNAC_AP_INLINE inline __attribute__((always_inline))

/// What happens to bits below the grid.
enum ap_q_mode { AP_RND, AP_RND_ZERO, AP_RND_MIN_INF, AP_RND_INF, AP_RND_CONV, AP_TRN, AP_TRN_ZERO };
/// What happens to values outside the range.
enum ap_o_mode { AP_SAT, AP_SAT_ZERO, AP_SAT_SYM, AP_WRAP };

namespace snac_ap {

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

template <int W>
struct Raw {
  static_assert(W >= 1 && W <= 127, "these headers hold 1 to 127 bits; use the vendor's for more");
  typedef typename std::conditional<W <= 63, std::int64_t, int128>::type type;  ///< holds signed and unsigned values of W bits
};

constexpr int larger(int a, int b) { return a > b ? a : b; }

/// The integer of `value` * 2^-drop rounded, then brought into W bits. |value| < 2^(bits of Work - 1).
template <class Work, int W, bool S, ap_q_mode Q, ap_o_mode O>
struct Cast {
  typedef typename std::conditional<sizeof(Work) == 8, std::uint64_t, uint128>::type Unsigned;
  static constexpr int kBits = static_cast<int>(sizeof(Work)) * 8;

  static SNAC_AP_INLINE Work highest() { return static_cast<Work>((Unsigned(1) << (S ? W - 1 : W)) - 1); }
  static SNAC_AP_INLINE Work lowest() { return S ? -highest() - (O == AP_SAT_SYM && W > 1 ? 0 : 1) : Work(0); }

  static SNAC_AP_INLINE Work wrap(Work value) {
    const Unsigned bits = static_cast<Unsigned>(value) << (kBits - W);
    return S ? static_cast<Work>(bits) >> (kBits - W) : static_cast<Work>(bits >> (kBits - W));
  }

  static SNAC_AP_INLINE Work overflow(Work value) {
    if (O == AP_WRAP) return wrap(value);
    if (value >= lowest() && value <= highest()) return value;
    return O == AP_SAT_ZERO ? Work(0) : value < 0 ? lowest() : highest();
  }

  static SNAC_AP_INLINE Work round(Work value, int drop) {
    Work floor;
    bool above, tie, inexact;
    if (drop >= kBits) {  // a fraction below one half
      floor = value < 0 ? -1 : 0;
      above = value < 0;
      tie = false;
      inexact = value != 0;
    } else {
      floor = value >> drop;
      const Unsigned rest = static_cast<Unsigned>(value) - (static_cast<Unsigned>(floor) << drop);
      const Unsigned half = Unsigned(1) << (drop - 1);
      above = rest > half;
      tie = rest == half;
      inexact = rest != 0;
    }
    bool up = false;
    switch (Q) {
      case AP_TRN:
        break;
      case AP_TRN_ZERO:
        up = value < 0 && inexact;
        break;
      case AP_RND:
        up = above || tie;
        break;
      case AP_RND_ZERO:
        up = above || (tie && value < 0);
        break;
      case AP_RND_INF:
        up = above || (tie && value > 0);
        break;
      case AP_RND_MIN_INF:
        up = above;
        break;
      case AP_RND_CONV:
        up = above || (tie && (floor & 1) != 0);
        break;
    }
    return floor + (up ? 1 : 0);
  }

  static SNAC_AP_INLINE Work shift_up(Work value, int shift) {
    if (shift >= kBits) {  // leaves any range, with zeros in the low bits
      if (value == 0 || O == AP_WRAP || O == AP_SAT_ZERO) return 0;
      return value < 0 ? lowest() : highest();
    }
    const Work shifted = static_cast<Work>(static_cast<Unsigned>(value) << shift);
    if (O == AP_WRAP) return wrap(shifted);
    if (value > (highest() >> shift)) return O == AP_SAT_ZERO ? Work(0) : highest();
    if (value < -((-lowest()) >> shift)) return O == AP_SAT_ZERO ? Work(0) : lowest();
    return shifted;
  }

  static SNAC_AP_INLINE Work apply(Work value, int drop) {
    return drop > 0 ? overflow(round(value, drop)) : drop < 0 ? shift_up(value, -drop) : overflow(value);
  }
};

/// From Wf bits with Ff fraction bits into a type with F fraction bits; 64-bit arithmetic where it is wide enough.
template <int Wf, int Ff, int W, int F, bool S, ap_q_mode Q, ap_o_mode O>
SNAC_AP_INLINE typename Raw<W>::type cast(typename Raw<Wf>::type value) {
  typedef typename std::conditional<(Wf <= 62 && W <= 62), std::int64_t, int128>::type Work;
  return static_cast<typename Raw<W>::type>(Cast<Work, W, S, Q, O>::apply(static_cast<Work>(value), Ff - F));
}

/// A finite double is an integer of 53 bits times a power of two.
template <int W, int F, bool S, ap_q_mode Q, ap_o_mode O>
inline typename Raw<W>::type cast_double(double value) {
  if (!(value == value)) return 0;
  int exponent = 0;
  const double mantissa = std::frexp(value, &exponent);
  const int128 integer = static_cast<std::int64_t>(std::ldexp(mantissa, 53));
  return static_cast<typename Raw<W>::type>(Cast<int128, W, S, Q, O>::apply(integer, 53 - exponent - F));
}

}  // namespace snac_ap

#endif
