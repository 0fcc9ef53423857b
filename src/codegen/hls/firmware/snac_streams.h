// Vectors through hls::stream, one per word.
#ifndef SNAC_STREAMS_H
#define SNAC_STREAMS_H

#include "hls_stream.h"

namespace snac {

template <class T, int N>
struct vector {
  typedef T value_type;
  static const int size = N;
  T data[N];
};

template <int n, class T>
void read_vector(hls::stream<vector<T, n> >& in, T x[n]) {
#pragma HLS INLINE
  const vector<T, n> word = in.read();
  for (int i = 0; i < n; i++) {
#pragma HLS UNROLL
    x[i] = word.data[i];
  }
}

template <int n, class T>
void write_vector(hls::stream<vector<T, n> >& out, const T y[n]) {
#pragma HLS INLINE
  vector<T, n> word;
  for (int i = 0; i < n; i++) {
#pragma HLS UNROLL
    word.data[i] = y[i];
  }
  out.write(word);
}

/// Each reader of a value has its own stream.
template <class V>
void duplicate_stream(hls::stream<V>& in, hls::stream<V>& a, hls::stream<V>& b) {
#pragma HLS PIPELINE II=1
  const V word = in.read();
  a.write(word);
  b.write(word);
}

}  // namespace snac

#endif
